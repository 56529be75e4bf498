"""Progress as data: what a transfer tells its meter, as snapshots for whoever shows it.

How it looks (a bar, a line, JSON) is not known here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._log import log
from storage_stream._shielding import end
from storage_stream._transport.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from storage_stream._protocol.meter import Meter
    from storage_stream._transport.clock import Clock

__all__ = ["Progress", "ProgressSnapshot", "meter_of", "progress_of"]


_SAMPLES = 32  # points of the sliding window


@dataclass(frozen=True, slots=True)
class ProgressSnapshot:
    """Where it stands.

    Attributes:
        bytes_moved: Bytes of objects that went over the wire, those that went twice, too.
        bytes_confirmed: Bytes that are there for good: received, or confirmed by the service, or
            copied by it.
        bytes_total: Bytes in all, or None while that is not known.
        attempts: Requests that were made.
        resumes: How often a transfer that broke went on.
        bytes_per_second: Rate of `bytes_moved` over the last seconds.
        elapsed: Seconds since the first request, or the beginning of a run.
        objects_done: Of a run of many: objects that were transferred, or deleted.
        objects_failed: Those that could not be.
        objects_skipped: Those that need not be.
        objects_total: All of them, or None while they are still being listed.
    """

    bytes_moved: int = 0
    bytes_confirmed: int = 0
    bytes_total: int | None = None
    attempts: int = 0
    resumes: int = 0
    bytes_per_second: float = 0.0
    elapsed: float = 0.0
    objects_done: int = 0
    objects_failed: int = 0
    objects_skipped: int = 0
    objects_total: int | None = None


class Progress:
    """Counts what the calls do that it is given to: `progress=` of any of them; they add up.

        progress = Progress()
        work = asyncio.create_task(storage.download_to_filename(..., progress=progress))
        async for snapshot in progress.until(work): ...

    Args:
        callback: Called with a snapshot at most every `interval` seconds, and when all bytes are
            there. One that raises is not called again: its exception goes into the log, and the
            transfer goes on.
        interval: Seconds between two snapshots, to the callback or to one iteration.
        window: Seconds over which the rate is taken.
        clock: Tells the time, for tests.
    """

    def __init__(
        self,
        callback: Callable[[ProgressSnapshot], Any] | None = None,
        *,
        interval: float = 0.2,
        window: float = 5.0,
        clock: Clock | None = None,
    ) -> None:
        self._callback = callback
        self._interval = interval
        self._window = window
        self._clock = clock or SystemClock()
        self._begun: float | None = None
        self._last = float("-inf")  # when the callback was called
        self._moved = self._confirmed = self._attempts = self._resumes = 0
        self._total = 0
        self._is_open_ended = False
        self._told = {"done": 0, "failed": 0, "skipped": 0}
        self._planned: int | None = None
        self._plans = 0  # runs that still list
        self._runs = 0
        self._closed = False
        self._watchers: set[asyncio.Event] = set()
        self._samples: deque[tuple[float, int]] = deque()

    def snapshot(self) -> ProgressSnapshot:
        """Where it stands now."""
        now = self._clock.now()
        known = not self._is_open_ended and not self._plans and self._begun is not None
        return ProgressSnapshot(
            bytes_moved=self._moved,
            bytes_confirmed=self._confirmed,
            bytes_total=self._total if known else None,
            attempts=self._attempts,
            resumes=self._resumes,
            bytes_per_second=self._rate(now),
            elapsed=0.0 if self._begun is None else now - self._begun,
            objects_done=self._told["done"],
            objects_failed=self._told["failed"],
            objects_skipped=self._told["skipped"],
            objects_total=None if self._plans else self._planned,
        )

    # -- for who watches -------------------------------------------------------------------

    async def __aiter__(self) -> AsyncGenerator[ProgressSnapshot, None]:
        """Snapshots while something changes, until `close()` or the end of the run it is given to.

        The last one is the end.
        """
        changed = asyncio.Event()
        changed.set()
        self._watchers.add(changed)
        try:
            while not self._closed:
                await changed.wait()
                changed.clear()
                if not self._closed:
                    yield self.snapshot()
                    await self._pause(changed)
            yield self.snapshot()
        finally:
            self._watchers.discard(changed)

    async def until(self, work: Awaitable[Any]) -> AsyncGenerator[ProgressSnapshot, None]:
        """Snapshots until `work` is done; it is cancelled where the iteration is left early.

        Raises:
            Exception: What `work` raised.
        """
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda _: self.close())
        try:
            async for snapshot in self:
                yield snapshot
            await asyncio.wait([task])  # it tells that it ends a moment before it does
        finally:
            if not task.done():
                await end(task, 0)
        task.result()

    def close(self) -> None:
        """Nothing more will come: iterations end. Idempotent."""
        if not self._closed:
            self._closed = True
            self._tell(always=True)

    async def _pause(self, changed: asyncio.Event) -> None:
        """An interval, or until it is over."""
        last_moment = self._clock.now() + self._interval
        while not self._closed and (left := last_moment - self._clock.now()) > 0:
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                return
            if not self._closed:
                await asyncio.sleep(min(left, self._interval / 4))

    # -- for transfers: a Meter ------------------------------------------------------------

    def attempt(self) -> None:
        """See `Meter.attempt`."""
        self._begin()
        self._attempts += 1

    def answered(self, status: int) -> None:
        """See `Meter.answered`."""

    def expect(self, total_bytes: int | None) -> None:
        """See `Meter.expect`."""
        if total_bytes is None:
            self._is_open_ended = True
        else:
            self._total += total_bytes

    def moved(self, count: int) -> None:
        """See `Meter.moved`."""
        self._moved += count
        self._tell()

    def gained(self, count: int) -> None:
        """See `Meter.gained`."""
        self._confirmed += count
        self._tell(always=not self._runs and self._confirmed >= self._total > 0)

    def resumed(self) -> None:
        """See `Meter.resumed`."""
        self._resumes += 1

    # -- for runs of many ------------------------------------------------------------------

    def run_begins(self) -> None:
        """A run begins to list what it will do."""
        self._begin()
        self._runs += 1
        self._plans += 1
        self._planned = self._planned or 0

    def transfer_begins(self, source: str, target: str, size: int | None) -> Progress | None:  # noqa: ARG002 - for subclasses
        """One of a run's transfers begins. A subclass may give what counts it by itself, too.

        What it gives is closed when that transfer ends; transfers that other processes do are not
        counted by it.

        Args:
            source: As the result will name it.
            target: The same.
            size: Its bytes, where they are known.
        """
        return None

    def found(self, objects: int, size: int | None) -> None:
        """The run will see to so many objects more."""
        self._planned = (self._planned or 0) + objects
        self.expect(size)

    def all_found(self) -> None:
        """The run knows all that it will do."""
        self._plans -= 1
        self._tell()

    def object_settled(self, outcome: str) -> None:
        """An object is `done`, `failed` or `skipped`."""
        self._told[outcome] += 1
        self._tell()

    def run_ends(self) -> None:
        """The run is over; with the last one, so are iterations."""
        self._runs -= 1
        if not self._runs:
            self.close()

    # -- inside ----------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._begun is None:
            self._begun = self._clock.now()
            self._samples.append((self._begun, 0))

    def _tell(self, *, always: bool = False) -> None:
        for watcher in self._watchers:
            watcher.set()
        now = self._clock.now()
        self._sample(now)
        if self._callback is None or (now - self._last < self._interval and not always):
            return
        self._last = now
        try:
            self._callback(self.snapshot())
        except Exception:  # noqa: BLE001 - it is logged
            # Raised here it would look like a broken connection, and cost the transfer.
            self._callback = None
            log.exception("the callback for progress failed; it is not called again")

    def _sample(self, now: float) -> None:
        if not self._samples or now - self._samples[-1][0] >= self._window / _SAMPLES:
            self._samples.append((now, self._moved))
        while len(self._samples) > 1 and self._samples[1][0] <= now - self._window:
            self._samples.popleft()

    def _rate(self, now: float) -> float:
        while len(self._samples) > 1 and self._samples[1][0] <= now - self._window:
            self._samples.popleft()
        if not self._samples:
            return 0.0
        since, moved = self._samples[0]
        return (self._moved - moved) / (now - since) if now > since else 0.0


def meter_of(progress: Any, clock: Clock) -> Meter:
    """What counts for a caller: the meter he gave, or one that calls him.

    Raises:
        TypeError: It is neither a `Progress` nor callable.
    """
    if isinstance(progress, Progress) or hasattr(progress, "gained"):
        meter: Meter = progress
        return meter
    return progress_of(progress, clock)


def progress_of(progress: Any, clock: Clock) -> Progress:
    """The progress that a caller gave for a run, or one that calls him; None counts for nobody.

    Raises:
        TypeError: It is neither a `Progress` nor callable.
    """
    if isinstance(progress, Progress):
        return progress
    if progress is not None and not callable(progress):
        raise TypeError(f"progress takes a Progress or a callable, not {type(progress).__name__}")
    return Progress(progress, clock=clock)
