"""Exact reads out of borrowed pieces: the same bytes whatever their sizes, and none kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transfer.exact_reads import ExactReads
from storage_stream.errors import ConnectionLost, StreamClosed, UsageError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

DATA = bytes(range(256)) * 4


class Pieces:
    """Lends its one memory, and writes over it when the next piece is asked for.

    Where it is `direct` it writes into its reader's, as long as it is asked for it.
    """

    subject = "gs://bucket/name"

    def __init__(
        self, sizes: Iterable[int] = (), *, failures: int = 0, direct: bool = False
    ) -> None:
        self._direct = direct
        self._sizes = iter(sizes)
        self._memory = bytearray(len(DATA))
        self._position = 0
        self.failures = failures
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def left(self) -> int:
        return len(DATA) - self._position

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        return self._write_to(target) if self._direct else None

    async def _write_to(self, target: memoryview) -> int:
        piece = await self._piece(len(target))
        target[: len(piece)] = piece
        return len(piece)

    async def _piece(self, most: int) -> bytes:
        self.asked.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionLost("broken")
        size = min(next(self._sizes, len(DATA)), most)
        piece = DATA[self._position : self._position + size]
        self._position += len(piece)
        return piece

    async def next_piece(self, at_least: int) -> bytes | memoryview:
        assert at_least > 0
        self._memory[:] = b"?" * len(DATA)
        piece = await self._piece(len(DATA))
        self._memory[: len(piece)] = piece
        return memoryview(self._memory)[: len(piece)] if piece else b""


def reads_of(pieces: Pieces) -> ExactReads:
    return ExactReads(pieces, direct_bytes=100)


def started(reads: ExactReads, way: str, target: memoryview) -> Coroutine[Any, Any, object]:
    if way == "readinto":
        return reads.readinto(target)
    return reads.read(len(target) if way == "read" else None)


SIZES = st.lists(st.integers(1, 300), max_size=30)
CALLS = st.lists(
    st.tuples(st.sampled_from(["read", "read1", "readinto"]), st.integers(0, 400)), max_size=30
)


@given(SIZES, CALLS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_every_way_of_reading_gives_the_same_bytes(
    sizes: list[int],
    calls: list[tuple[str, int]],
    direct: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    async def play() -> None:
        reads, got = reads_of(Pieces(sizes, direct=direct)), b""
        for way, size in calls:
            if way == "readinto":
                target = bytearray(size)
                data = bytes(target[: await reads.readinto(memoryview(target))])
            else:
                data = await (reads.read(size) if way == "read" else reads.read1(size))
            assert type(data) is bytes
            assert len(data) <= size
            if way != "read1":
                assert len(data) == min(size, len(DATA) - len(got))
            elif size:
                assert bool(data) == (len(got) < len(DATA))
            got += data
        assert got + await reads.read(None) == DATA
        assert await reads.read(None) == await reads.read(1) == await reads.read1(1) == b""

    asyncio.run(play())


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("way", ["read", "all", "readinto"])
async def test_a_read_that_fails_in_its_middle_takes_nothing(way: str, *, direct: bool) -> None:
    pieces = Pieces([100] * 20, direct=direct)
    reads = reads_of(pieces)
    assert await reads.read(30) == DATA[:30]
    pieces.failures = 2
    target = memoryview(bytearray(500))
    for _ in range(2):
        with pytest.raises(ConnectionLost):
            await started(reads, way, target)
    target[:] = bytes(500)
    assert await reads.read1(None) == DATA[30:100]
    assert await reads.read(None) == DATA[100:]


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("way", ["read", "all", "readinto"])
async def test_so_does_a_cancelled_one(way: str, *, direct: bool) -> None:
    pieces = Pieces([100] * 20, direct=direct)
    reads = reads_of(pieces)
    assert await reads.read(30) == DATA[:30]
    pieces.gate.clear()
    target = memoryview(bytearray(500))
    for _ in range(3):
        pieces.asked.clear()
        reading = asyncio.create_task(started(reads, way, target))
        await pieces.asked.wait()
        with pytest.raises(UsageError, match="another task"):
            await reads.read(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    pieces.gate.set()
    assert await reads.read(None) == DATA[30:]


async def test_closing_ends_the_read_that_waits() -> None:
    pieces = Pieces([100] * 20)
    pieces.gate.clear()
    reads = reads_of(pieces)
    reading = asyncio.create_task(reads.read(500))
    await pieces.asked.wait()
    reads.close()
    pieces.gate.set()
    with pytest.raises(StreamClosed, match="closed"):
        await reading
    with pytest.raises(StreamClosed) as caught:
        await reads.read1(1)
    assert caught.value.subject == "gs://bucket/name"


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("way", ["read", "all", "readinto"])
async def test_what_a_read_had_when_it_was_closed_is_dropped(way: str, *, direct: bool) -> None:
    pieces = Pieces([200] * 20, direct=direct)
    reads = reads_of(pieces)
    assert await reads.read(30) == DATA[:30]
    pieces.asked.clear()
    pieces.gate.clear()
    reading = asyncio.create_task(started(reads, way, memoryview(bytearray(500))))
    await pieces.asked.wait()
    reads.close()
    pieces.gate.set()
    with pytest.raises(StreamClosed):
        await reading
    assert not reads._put_back


async def test_what_is_here_is_taken_without_waiting() -> None:
    reads = reads_of(Pieces([10, 4]))
    assert reads.take(1) is None
    assert await reads.read(3) == DATA[:3]
    assert reads.take(8) is None
    assert reads.take(7) == DATA[3:10]
    assert reads.take(1) is None
    assert await reads.read(3) == DATA[10:13]
    reads.close()
    assert reads.take(1) is None


async def test_what_a_failed_read_gave_back_is_not_overtaken() -> None:
    pieces = Pieces([10])
    reads = reads_of(pieces)
    assert await reads.read(4) == DATA[:4]
    pieces.failures = 1
    with pytest.raises(ConnectionLost):
        await reads.read(12)
    assert reads.take(2) is None
    assert await reads.read(2) == DATA[4:6]
    assert await reads.read(4) == DATA[6:10]
    assert reads.take(1) is None


@pytest.mark.parametrize("way", ["take", "read", "read1"])
async def test_a_size_that_is_none_takes_nothing(way: str) -> None:
    reads = reads_of(Pieces([10, 10]))
    assert await reads.read(1) == DATA[:1]
    size: Any = 2.5
    with pytest.raises(TypeError):
        await getattr(reads, way)(size)
    assert await reads.read(12) == DATA[1:13]
