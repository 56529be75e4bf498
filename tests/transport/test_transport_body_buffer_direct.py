"""A body that is received into the reader's own memory: the same bytes, and no use of it after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transport.body_buffer import BodyBuffer
from storage_stream.errors import ClientClosed, ConnectionLost, TransferStalled

if TYPE_CHECKING:
    from collections.abc import Iterator

ANYTHING = bytes(range(256)) * 40


class Wire:
    """Brings bytes into a buffer, as an event loop does, unless it is to be silent."""

    def __init__(self, data: bytes, size: int = 16, limit: int | None = None) -> None:
        self._data = data
        self.is_paused = False
        self.buffer = BodyBuffer(
            self._pause,
            self._resume,
            limit=limit,
            catches_excess=limit is not None,
            storage=bytearray(size + 1),
        )

    def _pause(self) -> None:
        self.is_paused = True

    def _resume(self) -> None:
        self.is_paused = False

    def bring(self, count: int) -> int:
        if self.is_paused or self.buffer.is_over:
            return 0
        space = self.buffer.space()
        count = min(count, len(space), len(self._data))
        space[:count] = self._data[:count]
        self._data = self._data[count:]
        self.buffer.received(count)
        return count


async def begun(wire: Wire, target: bytearray) -> asyncio.Task[int]:
    receiving = asyncio.create_task(wire.buffer.receive_into(memoryview(target)))
    await asyncio.sleep(0)
    return receiving


async def test_bytes_go_where_they_belong_and_the_reader_sleeps_until_all_are_there() -> None:
    wire, target = Wire(ANYTHING), bytearray(100)
    receiving = await begun(wire, target)
    for count in (1, 60):
        wire.bring(count)
        await asyncio.sleep(0)
        assert not receiving.done()
    assert target[:61] == ANYTHING[:61]
    assert wire.buffer.buffered == 61
    assert wire.bring(1000) == 39
    assert wire.bring(5) == 5  # into the ring: the reader was not there yet
    assert await receiving == 100
    assert target == ANYTHING[:100]
    assert wire.buffer.buffered == 5
    assert await wire.buffer.read() == ANYTHING[100:105]


async def test_what_is_here_is_given_without_waiting() -> None:
    wire, target = Wire(ANYTHING, size=32), bytearray(4)
    wire.buffer.feed(b"abcdef")
    assert [await wire.buffer.receive_into(memoryview(target)) for _ in range(2)] == [4, 2]
    assert target == b"efcd"
    wire.bring(6)
    assert [await wire.buffer.receive_into(memoryview(target)) for _ in range(2)] == [4, 2]
    assert target == ANYTHING[4:6] + ANYTHING[2:4]


@pytest.mark.parametrize("room", range(1, 14))
@pytest.mark.parametrize("has_excess", [False, True])
async def test_excess_behind_the_last_byte_is_caught(room: int, *, has_excess: bool) -> None:
    wire, got = Wire(ANYTHING[: 12 + has_excess], limit=12), b""
    while len(got) < 12:
        target = bytearray(room)
        receiving = await begun(wire, target)
        while not receiving.done():
            wire.bring(100)
            await asyncio.sleep(0)
        got += target[: await receiving]
    assert got == ANYTHING[:12]
    assert wire.buffer.has_excess is has_excess
    assert await wire.buffer.receive_into(memoryview(bytearray(room))) == 0


async def test_the_end_wakes_the_reader() -> None:
    wire, target = Wire(ANYTHING), bytearray(10)
    receiving = await begun(wire, target)
    wire.bring(3)
    wire.buffer.end(None)
    assert await receiving == 3
    assert target == ANYTHING[:3] + bytes(7)
    assert await wire.buffer.receive_into(memoryview(target)) == 0


async def test_what_came_before_a_failure_is_given_first() -> None:
    wire, target = Wire(ANYTHING, limit=100), bytearray(10)
    receiving = await begun(wire, target)
    wire.bring(3)
    wire.buffer.end(ConnectionLost("gone"))
    assert await receiving == 3
    with pytest.raises(ConnectionLost):
        await wire.buffer.receive_into(memoryview(target))


@pytest.mark.parametrize("arrived", [0, 3])
async def test_an_abort_comes_first(arrived: int) -> None:
    wire, target = Wire(ANYTHING), bytearray(10)
    receiving = await begun(wire, target)
    wire.bring(arrived)
    wire.buffer.abort(TransferStalled("too slow"))
    for waiting in (receiving, wire.buffer.receive_into(memoryview(target))):
        with pytest.raises(TransferStalled):
            await waiting


async def test_nobody_writes_to_it_after_closing() -> None:
    wire, target = Wire(ANYTHING), bytearray(10)
    receiving = await begun(wire, target)
    wire.bring(3)
    wire.buffer.close(ClientClosed("closed"))
    assert len(wire.buffer.space()) == 0
    with pytest.raises(ClientClosed):
        await receiving


async def test_a_cancelled_reader_loses_no_byte_and_has_its_memory_back() -> None:
    wire, target = Wire(ANYTHING, limit=1_000), bytearray(10)
    receiving = await begun(wire, target)
    wire.bring(7)
    receiving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await receiving
    target[:] = bytes(10)
    wire.bring(2)
    assert target == bytes(10)
    assert await wire.buffer.read() == ANYTHING[:7]
    assert await wire.buffer.read() == ANYTHING[7:9]


async def test_one_reader_at_a_time() -> None:
    wire, target = Wire(ANYTHING), bytearray(4)
    receiving = await begun(wire, target)
    with pytest.raises(RuntimeError, match="another task"):
        await wire.buffer.read()
    with pytest.raises(RuntimeError, match="another task"):
        await wire.buffer.receive_into(memoryview(bytearray(1)))
    wire.bring(4)
    assert await receiving == 4


@given(
    size=st.integers(2, 40),
    limit=st.integers(1, 300),
    is_told=st.booleans(),
    wishes=st.lists(st.integers(-20, 50).filter(bool), min_size=1, max_size=20),
    counts=st.lists(st.integers(1, 50), min_size=1, max_size=20),
)
@settings(max_examples=100, deadline=None)
def test_both_ways_of_reading_take_turns(
    size: int,
    limit: int,
    is_told: bool,  # noqa: FBT001 - hypothesis gives it
    wishes: list[int],
    counts: list[int],
) -> None:
    """Wishes under 0 are for pieces, the others for a memory of that size."""

    async def read_with(wish: int, wire: Wire) -> bytes:
        if wish < 0:
            return bytes(await wire.buffer.read(-wish))
        target = bytearray(wish)
        return bytes(target[: await wire.buffer.receive_into(memoryview(target))])

    async def play() -> None:
        wire, got = Wire(ANYTHING[:limit], size, limit if is_told else None), b""
        turns, brought = endless(counts), 0
        for wish in endless(wishes):
            reading = asyncio.create_task(read_with(wish, wire))
            await asyncio.sleep(0)
            while not reading.done():
                brought += wire.bring(next(turns))
                if brought == limit:
                    wire.buffer.end(None)
                await asyncio.sleep(0)
            piece = await reading
            got += piece
            if not piece:
                break
        assert got == ANYTHING[:limit]
        assert wire.buffer.is_complete

    asyncio.run(play())


def endless(numbers: list[int]) -> Iterator[int]:
    while True:
        yield from numbers
