"""Turns: one after another with one key, and no lock is left behind."""

import asyncio

from storage_stream.emulator.store.turns import Turns


async def test_one_after_another_with_the_same_key() -> None:
    turns, seen = Turns(), list[str]()

    async def take(key: str, name: str) -> None:
        async with turns.of(key):
            seen.append(f"{name} begins")
            await asyncio.sleep(0)
            seen.append(f"{name} ends")

    await asyncio.gather(take("a", "first"), take("a", "second"), take("b", "other"))
    assert seen.index("first ends") < seen.index("second begins")
    assert seen.index("other begins") < seen.index("first ends")
    assert len(turns) == 0


async def test_a_turn_that_was_not_waited_for() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.of("a"):
            pass

    async with turns.of("a"):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert len(turns) == 1
    assert len(turns) == 0
