"""A run: ranges are cut, units are given out and come back, and it is written down what was done.

It lives in the thread that called, and holds no more than the ranges that are open and the units
that are under way, a bounded number for each thread of the cluster. What it waits for comes through
one queue: units that ended, ranges that were cut. Each range has one unit at a time: the first
objects of it; what is left of the range comes back, and is given out again, or cut when there are
fewer ranges than the cluster has room for. That is also what evens out names that are spread
unevenly: where the work is, ranges come back and are cut.

Whatever ends a run, an interrupt between two lines too, each range that is not done is still held
somewhere: it is put into its new place before it is taken out of the old one. One that is held
twice is done twice, which does no harm; one that is held nowhere would be lost to who goes on.
"""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from storage_stream import Progress
from storage_stream.errors import (
    ConnectionLost,
    ServerError,
    StorageError,
    TooManyRequests,
    TransferError,
    TransportError,
    UsageError,
)
from storage_stream.integrations.dask.engine import Engine, LostWorkersError
from storage_stream.integrations.dask.errors import ClusterLost
from storage_stream.integrations.dask.names import NameRange
from storage_stream.integrations.dask.order import Unit
from storage_stream.integrations.dask.splitting import Piece, Splitter
from storage_stream.integrations.dask.summary import MOST_FAILURES, ClusterSummary
from storage_stream.integrations.dask.waiting import WorkerWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.integrations.dask.manifest import Manifest
    from storage_stream.integrations.dask.order import Order, Report
    from storage_stream.sync.client import Storage as SyncStorage

__all__ = ["ClusterRun", "Pacing"]

_TICK_SECONDS = 0.25  # how often it is looked whether somebody cancelled, and the clock
_LOOK_SECONDS = 1.0  # how often the cluster is asked for its size
_FLUSH_SECONDS = 2.0  # how much work is looked at again at most, when this process is killed
_MOST_OPEN = 32  # segments before the head is written
_MOST_CUTTING = 16  # ranges that are cut at once
_MOST_REPEATS = 3  # of a unit, besides the scheduler's own


@dataclass(frozen=True, slots=True)
class Pacing:
    """How much at once, and how fast.

    Attributes:
        unit_objects: The most of a unit.
        futures_per_thread: Units that are alive for each thread of the cluster.
        per_second: Objects that may begin in a second at first; None: any number.
        doubling_seconds: After which it may be twice as many.
        patience_seconds: How long it waits for a first worker, or another one.
    """

    unit_objects: int
    futures_per_thread: int
    per_second: float | None
    doubling_seconds: float
    patience_seconds: float


class ClusterRun:
    """One run.

    Args:
        client: A `distributed.Client`.
        order: What is to be done.
        home: The storage client of this process.
        manifest: Where it is written down, or None.
        pacing: How fast.
        progress: Is called, or None.
        on_result: Takes what a function gave, or None.
        cancel: Ends it when it is set, or None.
        most_results: That are kept where nobody takes them.
    """

    def __init__(
        self,
        client: Any,
        order: Order,
        home: SyncStorage,
        *,
        manifest: Manifest | None,
        pacing: Pacing,
        progress: Callable[..., Any] | None,
        on_result: Callable[[str, Any], Any] | None,
        cancel: threading.Event | None,
        most_results: int,
    ) -> None:
        self._order = order
        self._home = home
        self._loop: asyncio.AbstractEventLoop = home.run(asyncio.get_running_loop)
        self._manifest = manifest
        self._pacing = pacing
        self._progress = Progress(progress)
        self._on_result = on_result
        self._cancel = cancel or threading.Event()
        self._most_results = most_results
        self._events: queue.SimpleQueue[tuple[NameRange | None, Any]] = queue.SimpleQueue()
        self._engine = Engine(client, order, lambda number: self._events.put((None, number)))
        self._splitter = Splitter(home.asynchronous, order, pacing.unit_objects)
        self._ready: deque[Piece] = deque()
        self._cutting: set[NameRange] = set()
        self._units: dict[int, tuple[Unit, Piece]] = {}
        self._repeats: dict[NameRange, int] = {}
        self._numbers = 0
        self._begun = self._looked = self._flushed = time.monotonic()
        self._watch = WorkerWatch(self._engine.address, pacing.patience_seconds, self._begun)
        self._threads = 0
        self.summary = ClusterSummary()

    def carry_out(self, *, resume: bool) -> ClusterSummary:
        """Do it all. Blocks; what raises here leaves the manifest as far as the run came.

        Raises:
            ClusterLost: The scheduler is gone, or there are no workers.
            StorageError: A list failed, or the manifest could not be written.
        """
        self._progress.run_begins()
        try:
            self._engine.open()
            self._open_manifest(resume=resume)
            self._look()
            try:
                self._all()
            except BaseException:
                with suppress(StorageError):  # what ended the run is told, not what came of it
                    self._write_down(self._left())
                raise
            self._write_down(self._left())
            self.summary.is_complete = not self._left()
            if self.summary.is_complete:
                self._progress.all_found()
        finally:
            self._engine.close()
            self._progress.run_ends()
        return self.summary

    def _open_manifest(self, *, resume: bool) -> None:
        ranges = [NameRange(self._order.prefix)]
        if self._manifest is not None:
            self.summary.went_on = self._home.run(partial(self._manifest.open, resume=resume))
            self.summary.manifest = f"gs://{self._manifest.bucket}/{self._manifest.folder}"
            ranges = self._manifest.standing.left
            for name, count in asdict(self._manifest.standing.totals).items():
                setattr(self.summary, name, count)
        self._ready.extend(Piece(one) for one in ranges)

    def _all(self) -> None:
        while self._ready or self._units or self._cutting:
            self._engine.check()
            if self._cancel.is_set():
                return
            self._give_out()
            try:
                cut, what = self._events.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                self._every_now_and_then()
                continue
            if cut is not None:
                self._cut_came(cut, what)
            else:
                self._unit_came(what)
            self._every_now_and_then()

    # -- giving out ------------------------------------------------------------------------

    @property
    def _most(self) -> int:
        """Units that may be alive. One, too, where nobody works: that is what calls for workers."""
        return max(2, self._threads * self._pacing.futures_per_thread)

    def _give_out(self) -> None:
        held: list[Piece] = []
        try:
            while self._ready:
                piece = self._ready[0]
                is_wanted = len(self._ready) + len(held) + len(self._units) + len(self._cutting)
                if is_wanted < self._most and not piece.is_small:
                    if len(self._cutting) < _MOST_CUTTING:
                        self._cut(piece.names)
                    else:
                        held.append(piece)
                elif len(self._units) < self._most:
                    self._submit(piece)
                else:
                    break
                self._ready.popleft()  # somebody else has it now
        finally:
            self._ready.extendleft(reversed(held))

    def _cut(self, names: NameRange) -> None:
        self._cutting.add(names)
        future = asyncio.run_coroutine_threadsafe(self._splitter.split(names), self._loop)
        future.add_done_callback(lambda found: self._events.put((names, found)))

    def _cut_came(self, names: NameRange, found: Any) -> None:
        self._ready.appendleft(Piece(names))  # until it is known how it ended
        self._cutting.discard(names)
        pieces: list[Piece] = found.result()
        if len(pieces) == 1:
            pieces = [Piece(names, is_small=True)]  # give it out as it is
        else:
            self.summary.splits += 1
        self.summary.listed_pages = self._splitter.requests
        self._ready.extend(pieces)
        self._ready.popleft()

    def _submit(self, piece: Piece) -> None:
        self._numbers += 1
        names = piece.names
        unit = Unit(self._numbers, names.start, names.end, self._pacing.unit_objects, self._rate())
        self._engine.submit(unit)
        self._units[unit.number] = unit, piece
        self.summary.most_futures = max(self.summary.most_futures, len(self._engine))

    def _rate(self) -> float | None:
        """What each of the units that run at once may take of all that is allowed."""
        if self._pacing.per_second is None:
            return None
        doublings = (time.monotonic() - self._begun) / self._pacing.doubling_seconds
        return self._pacing.per_second * math.pow(2.0, doublings) / max(1, self._threads)

    # -- coming back -----------------------------------------------------------------------

    def _unit_came(self, number: int) -> None:
        if number not in self._units:
            return
        if not self._threads:  # a first worker came since the last look: there is room for more
            self._look()
        unit, piece = self._units[number]
        try:
            report = self._engine.take(number)
        except ClusterLost:
            raise
        except Exception as error:  # noqa: BLE001 - what a worker raised may be anything
            self._ready.appendleft(piece)
            del self._units[number]
            self._repeat(piece, error)
            return
        self._keep_results(report)
        if self._manifest is not None:
            self._manifest.note(unit, report)
        if report.rest is not None:
            self._ready.append(Piece(NameRange(report.rest, unit.end)))
        del self._units[number]
        self._count(report)

    def _repeat(self, piece: Piece, error: Exception) -> None:
        """Let it be done again, if that may help.

        Raises:
            StorageError: It was done again too often, or that would be of no use.
        """
        passing = (TransportError, ConnectionLost, ServerError, TooManyRequests)
        may_pass = isinstance(error, (*passing, LostWorkersError, TimeoutError))
        times = self._repeats[piece.names] = self._repeats.get(piece.names, 0) + 1
        if may_pass and times <= _MOST_REPEATS:
            self.summary.repeated_units += 1
            return
        if isinstance(error, StorageError):
            raise error
        raise TransferError(
            f"the names from {piece.names.start!r} on could not be done: {error}"
        ) from error

    def _count(self, report: Report) -> None:
        summary = self.summary
        summary.units += 1
        summary.done += report.done
        summary.skipped += report.skipped
        summary.failed += report.failed
        summary.bytes += report.bytes
        summary.failures += report.failures[: MOST_FAILURES - len(summary.failures)]
        self._progress.found(report.done + report.skipped + report.failed, report.bytes)
        for outcome in ("done", "skipped", "failed"):
            for _ in range(getattr(report, outcome)):
                self._progress.object_settled(outcome)
        self._progress.moved(report.bytes)
        self._progress.gained(report.bytes)

    def _keep_results(self, report: Report) -> None:
        if self._on_result is not None:
            for name, value in report.results:
                self._on_result(name, value)
        elif len(self.summary.results) + len(report.results) > self._most_results:
            raise UsageError(
                f"more than {self._most_results} results come back: give a target, or on_result"
            )
        else:
            self.summary.results += report.results

    # -- beside ----------------------------------------------------------------------------

    def _every_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._look()
        if self._manifest is not None and now - self._flushed >= _FLUSH_SECONDS:
            self._flushed = now
            self._home.run(self._manifest.flush)
            if self._manifest.open_segments >= _MOST_OPEN:
                self._home.run(self._manifest.fold, self._left())

    def _look(self) -> None:
        """How large the cluster is now.

        Raises:
            ClusterLost: It has been without a worker for too long.
        """
        self._threads = self._engine.threads()
        self._looked = time.monotonic()
        self._watch.looked(self._threads, self._looked)

    def _left(self) -> list[NameRange]:
        """What is not done, as far as is known here."""
        under_way = [piece.names for _, piece in self._units.values()]
        return [*(piece.names for piece in self._ready), *self._cutting, *under_way]

    def _write_down(self, left: list[NameRange]) -> None:
        self.summary.seconds = time.monotonic() - self._begun
        self.summary.listed_pages = self._splitter.requests
        if self._manifest is None:
            return
        self._home.run(self._manifest.flush)
        self._home.run(partial(self._manifest.fold, left, is_complete=not left))
        self.summary.manifest_bytes = self._manifest.bytes_written
