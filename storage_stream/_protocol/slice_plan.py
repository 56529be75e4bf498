"""How the bytes of one object are shared out among several connections.

One connection begins alone, with a long run. Once that is not enough, what is left is spread over
all of them: each is given a run of bytes, asks for it and says how far it has come. When nothing
is left to give, an idle one takes over half of what the slowest still has to bring. The plan
knows which bytes are there and their checksums; it refuses to know where they are put, and who
brings them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream._protocol.checksums import Crc32c, combine
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DEFAULT_SLICE_BYTES",
    "DEFAULT_WORKERS",
    "MIN_SLICE_BYTES",
    "PATIENCE_SECONDS",
    "Filled",
    "Slice",
    "SlicePlan",
    "check_slicing",
    "is_worth_slicing",
]

_KIB = 1024
_MIB = 1024 * _KIB

# Measured with 50 ms for each request and 50 MiB/s for each connection: 8 x 32 MiB bring seven
# times the rate of a single stream. A request's own time is then less than a tenth of its slice's.
DEFAULT_SLICE_BYTES = 32 * _MIB
DEFAULT_WORKERS = 8

# Also what starts and ends of slices are multiples of: of a page of memory and of a file's block.
MIN_SLICE_BYTES = 256 * _KIB

# A request may bring several slices' worth in a row: fewer requests, and all connections end
# together. Not the whole of a huge object: what is recorded of it is recorded by run.
_LONGEST_RUN = 8
_MOST_RUNS = 1024

# So long a connection is idle before it takes over little things, too. Longer than a request
# takes; short beside the 30 s after which a connection counts as stalled.
PATIENCE_SECONDS = 0.5

_LOOKS_LEFT = 4  # what would take four looks more at the rate since the last one comes too slowly


@dataclass(frozen=True, slots=True)
class Filled:
    """Bytes that are there.

    Attributes:
        start: Offset of the first.
        stop: Offset behind the last.
        crc: Their crc32c.
    """

    start: int
    stop: int
    crc: int


@dataclass(slots=True, eq=False)
class Slice:
    """Bytes that one connection brings.

    Attributes:
        start: Offset of the first.
        stop: Offset behind the last; it becomes less when another connection takes over the end.
        taken: Offset behind what was received.
        offset: Offset behind what is in its place, and may be told to others.
        crc: The crc32c from `start` to `offset`.
        is_second: Whether it was taken from a connection that was too slow; then it stays.
    """

    start: int
    stop: int
    taken: int = -1
    offset: int = -1
    crc: int = 0
    is_second: bool = False
    _looked_at: float = 0.0
    _taken_then: int = -1

    def __post_init__(self) -> None:
        """Nothing is there yet."""
        self.taken = self.offset = self.start

    @property
    def rest(self) -> int:
        """Bytes that are still to be received."""
        return self.stop - self.taken

    def take(self, size: int) -> int:
        """Bytes are here and on the way to their place.

        Args:
            size: How many came.

        Returns:
            How many of them are this slice's.
        """
        size = min(size, self.rest)
        self.taken += size
        return size

    def is_slow(self, now: float) -> bool:
        """Whether hardly anything came since it was last asked so, half a second ago or more."""
        before, since = self._taken_then, now - self._looked_at
        if before >= 0 and since < PATIENCE_SECONDS / 2:
            return False
        self._looked_at, self._taken_then = now, self.taken
        return before >= 0 and (self.taken - before) * _LOOKS_LEFT < self.rest

    def put(self, crc: int) -> None:
        """What was taken is in its place.

        Args:
            crc: The crc32c of everything from `start`.
        """
        self.offset, self.crc = self.taken, crc


class SlicePlan:
    """The bytes from `start` to `stop` of an object.

    Args:
        start: Offset of the first.
        stop: Offset behind the last.
        slice_bytes: What a request brings at least, where there is so much in a row.
        workers: Connections that share the work.
        filled: Bytes that are there already.
        in_order: Give single slices, first to last, and never change them.
        begins_alone: Give runs for one connection, until `spread`.

    Attributes:
        is_alone: Whether runs are still given for one connection, see `spread`.
    """

    def __init__(
        self,
        start: int,
        stop: int,
        *,
        slice_bytes: int = DEFAULT_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        filled: Iterable[Filled] = (),
        in_order: bool = False,
        begins_alone: bool = False,
    ) -> None:
        self.start = start
        self.stop = stop
        self.is_alone = begins_alone and not in_order
        self._slice_bytes = slice_bytes
        self._workers = workers
        self._filled = sorted(filled, key=lambda part: part.start)
        self._gaps = deque(_gaps(start, stop, self._filled))
        self._running: list[Slice] = []
        self._run_bytes = slice_bytes
        if not in_order:
            sharing = 1 if self.is_alone else workers
            self._run_bytes = _run_bytes(self._missing, slice_bytes, sharing)

    @property
    def is_complete(self) -> bool:
        """Whether every byte is in its place."""
        return not self._gaps and not self._running

    @property
    def next_start(self) -> int | None:
        """Where the next slice begins that nobody has; None when all are given."""
        return self._gaps[0][0] if self._gaps else None

    @property
    def _missing(self) -> int:
        """Bytes that nobody has received yet."""
        given = sum(one.rest for one in self._running)
        return given + sum(gap_stop - gap_start for gap_start, gap_stop in self._gaps)

    def spread(self) -> None:
        """Share what is left among all connections: one alone is not enough. Idempotent."""
        if not self.is_alone:
            return
        self.is_alone = False
        self._run_bytes = _run_bytes(self._missing, self._slice_bytes, self._workers)
        for one in self._running:  # one at most
            stop = one.taken + self._run_bytes
            stop -= (stop - self.start) % MIN_SLICE_BYTES
            if one.stop - stop >= self._slice_bytes // 2:
                self._give_back(stop, one.stop)
                one.stop = stop

    def _give_back(self, start: int, stop: int) -> None:
        if self._gaps and self._gaps[0][0] == stop:
            stop = self._gaps.popleft()[1]
        self._gaps.appendleft((start, stop))

    def claim(self) -> Slice | None:
        """The next slice for a connection; None when all are given."""
        if not self._gaps:
            return None
        start, gap_stop = self._gaps.popleft()
        stop = start + self._run_bytes
        if gap_stop - stop < self._slice_bytes // 2:
            stop = gap_stop  # a small rest is not worth a request of its own
        else:
            self._gaps.appendleft((stop, gap_stop))
        return self._run(start, stop)

    def take_over(self, idle_at: float | None = None) -> Slice | None:
        """A part of what is left of the slice that has the most left, for an idle connection.

        Half of it; all of it once it is little and hardly anything comes any more. The connection
        that had it then has nothing to do: its slice is at its end.

        Args:
            idle_at: The time, in seconds, where the connection has been idle for a while: then
                what is left comes slowly, and little is worth another request, too.

        Returns:
            The slice; None when nothing is worth it.
        """
        slowest = max(self._running, key=lambda one: one.rest, default=None)
        least = MIN_SLICE_BYTES if idle_at is not None else self._slice_bytes // 4
        if slowest is None or not slowest.rest:
            return None
        if slowest.rest >= 2 * max(MIN_SLICE_BYTES, least):
            middle = slowest.stop - slowest.rest // 2
            middle -= (middle - self.start) % MIN_SLICE_BYTES
            return self._split(slowest, middle)
        gives_all = slowest.taken > slowest.start and not slowest.is_second
        if idle_at is None or not gives_all or not slowest.is_slow(idle_at):
            return None
        second = self._split(slowest, slowest.taken)
        second.is_second = True
        return second

    def _split(self, one: Slice, middle: int) -> Slice:
        stop, one.stop = one.stop, middle
        return self._run(middle, stop)

    def finish(self, done: Slice) -> None:
        """A slice is in its place to its end."""
        self._running.remove(done)
        self._filled.append(Filled(done.start, done.stop, done.crc))

    def filled(self) -> list[Filled]:
        """What is there, in order; what came of slices that are under way, too."""
        begun = (one for one in self._running if one.offset > one.start)
        parts = [*self._filled, *(Filled(one.start, one.offset, one.crc) for one in begun)]
        return sorted(parts, key=lambda part: part.start)

    def checksum(self) -> Crc32c:
        """The crc32c of all bytes from the first to the first that is missing."""
        total = Crc32c()
        for part in self.filled():
            if part.start != self.start + total.length:
                break
            size = part.stop - part.start
            total = Crc32c(combine(total.value, part.crc, size), total.length + size)
        return total

    def _run(self, start: int, stop: int) -> Slice:
        one = Slice(start, stop)
        self._running.append(one)
        return one


def is_worth_slicing(size: int, slice_bytes: int, workers: int) -> bool:
    """Whether there is work for more than one connection: two slices at least."""
    return workers > 1 and size >= 2 * slice_bytes


def check_slicing(slice_bytes: int, workers: int) -> None:
    """Check what a caller asks for.

    Raises:
        InvalidArgument: Slices that are smaller than 256 KiB, or no worker.
    """
    if slice_bytes < MIN_SLICE_BYTES:
        raise InvalidArgument(f"slice_bytes={slice_bytes}: at least {MIN_SLICE_BYTES}")
    if workers < 1:
        raise InvalidArgument(f"workers={workers}: at least 1")


def _gaps(start: int, stop: int, filled: Iterable[Filled]) -> Iterable[tuple[int, int]]:
    for part in filled:
        if part.start > start:
            yield start, part.start
        start = part.stop
    if start < stop:
        yield start, stop


def _run_bytes(missing: int, slice_bytes: int, workers: int) -> int:
    """So much for each request that all connections make as many requests, and few."""
    longest = max(_LONGEST_RUN * slice_bytes, -(-missing // _MOST_RUNS))
    rounds = max(1, -(-missing // (workers * longest)))
    run = -(-missing // (workers * rounds))
    return max(slice_bytes, -(-run // MIN_SLICE_BYTES) * MIN_SLICE_BYTES)
