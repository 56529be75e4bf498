"""One object over several connections: the workers, and what a finished one is held to.

The plan says who brings what, each slice is an ordinary download that resumes by itself and is
pinned to the generation of the first answer; here they are run side by side. It refuses to know
where the bytes go: a sink takes them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from storage_stream._protocol.checksums import crc32c
from storage_stream._protocol.media_head import Coding
from storage_stream._protocol.slice_plan import PATIENCE_SECONDS, is_worth_slicing
from storage_stream._transfer.output_file import PIECE_BYTES
from storage_stream._transfer.reinforcement import Reinforcement
from storage_stream._transfer.workers import run_workers
from storage_stream.errors import StreamClosed, TruncatedStream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from storage_stream._protocol.slice_plan import Slice, SlicePlan
    from storage_stream._transfer.download import Download
    from storage_stream._transport.clock import Clock

__all__ = [
    "BufferSink",
    "Sink",
    "can_be_sliced",
    "check_whole",
    "fetch_slices",
    "is_stored",
]


class Sink(Protocol):
    """Where bytes go."""

    async def write(self, data: bytes | memoryview, offset: int) -> None:
        """Put them at this offset of the object; they are valid until this returns.

        Whoever is cancelled: when it has returned or raised, nobody uses `data` any more.
        """
        ...


class BufferSink:
    """A writable buffer.

    Args:
        view: Of bytes.
        start: The offset in the object of its first byte.
    """

    def __init__(self, view: memoryview, start: int) -> None:
        self._view = view
        self._start = start

    async def write(self, data: bytes | memoryview, offset: int) -> None:
        """See `Sink.write`."""
        position = offset - self._start
        self._view[position : position + len(data)] = data


def can_be_sliced(first: Download, slice_bytes: int, workers: int) -> bool:
    """Whether an open download is better carried on by several connections.

    Not without a known length, not where bytes are decompressed on the way, and not where the
    server tells no generation that the others could ask for.
    """
    size = first.content_length
    known = is_stored(first) and first.machine.generation is not None
    return known and size is not None and is_worth_slicing(size, slice_bytes, workers)


def is_stored(download: Download) -> bool:
    """Whether it delivers bytes as they are stored: others can be asked for by their offsets."""
    return download.machine.coding is Coding.STORED and not download.machine.decodes


def check_whole(first: Download, plan: SlicePlan) -> None:
    """Compare the slices' checksum with the service's, where they are all of the object.

    Raises:
        IntegrityError: It is wrong.
        ProtocolError: The service's cannot be read.
    """
    if plan.start == 0 and plan.stop == first.machine.total:
        first.check(plan.checksum())


async def fetch_slices(
    first: Download,
    plan: SlicePlan,
    sink: Sink,
    clock: Clock,
    workers: int,
    ready: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Bring all that is missing into the sink.

    One connection begins; the others come when it is clear that it waits for bytes, and that this
    processor could do with more, see `Reinforcement`.

    When a slice fails for good, or this is cancelled, the others are called off, and have ended
    when it raises.

    Args:
        first: An open download that brings the plan's first slice; closed in the end.
        plan: What is missing.
        sink: Where it goes.
        clock: Measures how long a worker is idle.
        workers: How many connections.
        ready: Waits until another slice may be begun. With it slices come in order, over all
            connections at once, and none is taken over by another connection.

    Raises:
        StorageError: A slice cannot be had.
        Exception: What the sink raises.
    """
    answered_after = clock.now() - first.begun
    with Reinforcement(clock, plan.spread, answered_after=answered_after) as others:
        if not plan.is_alone:
            others.call()
        engine = _Engine(first, plan, sink, clock, others, ready)
        try:
            await run_workers(range(workers), engine.work, workers)
        finally:
            first.close()


class _Engine:
    """What the workers share."""

    def __init__(
        self,
        first: Download,
        plan: SlicePlan,
        sink: Sink,
        clock: Clock,
        others: Reinforcement,
        ready: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._first = first
        self._first_is_free = True
        self._plan = plan
        self._sink = sink
        self._clock = clock
        self._others = others
        self._ready = ready
        self._idle: set[asyncio.Future[bool]] = set()
        self._running: dict[Slice, Download] = {}

    async def work(self, number: int) -> None:
        """Bring slices until all are there."""
        if number:
            await self._others.called.wait()
        next_slice = self._next_slice if self._ready is None else self._next_in_order
        while (one := await next_slice()) is not None:
            await self._fetch(one)
            self._plan.finish(one)
            for idle in self._idle:
                _wake(idle, patient=False)
        self._others.call()  # in case the first did all: that they see it

    async def _next_in_order(self) -> Slice | None:
        assert self._ready is not None  # noqa: S101 - `work` asked
        if self._first_is_free or self._plan.next_start is None:
            return self._plan.claim()
        await self._ready()
        return self._plan.claim()

    async def _next_slice(self) -> Slice | None:
        idle_at: float | None = None
        while not self._plan.is_complete:
            one = self._plan.claim() or self._plan.take_over(idle_at)
            if one is not None:
                self._release_the_slow()
                return one
            idle_at = self._clock.now() if await self._wait_idly() else None
        return None

    def _release_the_slow(self) -> None:
        """End the wait for bytes that another connection brings now.

        What is being put into its place is left alone: it lies in memory of the connection's.
        """
        for one, download in self._running.items():
            if not one.rest and one.taken == one.offset:
                download.abandon(StreamClosed("its slice was taken over"))

    async def _wait_idly(self) -> bool:
        """Wait until another slice is finished, or for a while: then True."""
        woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        timer = self._clock.call_later(PATIENCE_SECONDS, lambda: _wake(woken, patient=True))
        self._idle.add(woken)
        try:
            return await woken
        finally:
            timer.cancel()
            self._idle.discard(woken)

    async def _fetch(self, one: Slice) -> None:
        download = self._running[one] = self._download_of(one)
        try:
            await self._receive(download, one)
        except StreamClosed:
            if one.rest:
                raise
        finally:
            del self._running[one]
            download.close()

    def _download_of(self, one: Slice) -> Download:
        if self._first_is_free:
            self._first_is_free = False
            return self._first
        return self._first.part(one.start, one.stop)

    async def _receive(self, download: Download, one: Slice) -> None:
        """Pass on the bytes of a slice, whose end may come nearer meanwhile."""
        download.tells_gains = False  # another connection brings what lies behind the new end
        if download is not self._first:
            await download.open()
        while one.rest:
            piece = await download.next_piece(PIECE_BYTES)
            if not piece:
                raise TruncatedStream(f"the slice ended at byte {one.taken} of {one.stop}")
            crc = download.machine.crc.value
            mine = one.take(len(piece))
            if mine and download.meter is not None:
                download.meter.gained(mine)
            if mine < len(piece):
                piece = memoryview(piece)[:mine]
                crc = crc32c(piece, one.crc)
            await self._sink.write(piece, one.offset)
            one.put(crc)


def _wake(idle: asyncio.Future[bool], *, patient: bool) -> None:
    if not idle.done():
        idle.set_result(patient)
