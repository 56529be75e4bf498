"""What works by the client ends before its connections do."""

import pytest

from storage_stream import Storage
from storage_stream.errors import ClientClosed
from storage_stream.testing.emulator_handle import EmulatorHandle


async def test_what_was_given_last_is_awaited_first_and_all_of_it(gcs: EmulatorHandle) -> None:
    ended: list[str] = []
    storage = Storage(api_root=gcs.url)

    async def first() -> None:
        ended.append("first")

    async def second() -> None:
        ended.append("second")
        raise RuntimeError("in vain")

    storage.on_close(first)
    storage.on_close(second)
    with pytest.raises(RuntimeError, match="in vain"):
        await storage.close()
    await storage.close()
    assert ended == ["second", "first"]


async def test_a_closed_client_takes_none(gcs: EmulatorHandle) -> None:
    storage = Storage(api_root=gcs.url)
    await storage.close()

    async def never() -> None:
        raise AssertionError

    with pytest.raises(ClientClosed):
        storage.on_close(never)
