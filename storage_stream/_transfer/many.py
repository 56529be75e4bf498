"""Many items, a bounded number at a time: results as they come, errors beside them, nothing lost.

Items come from wherever they are listed, one by one, so that memory does not grow with their
number. How many are under way is found out as it goes; whoever leaves early, or is cancelled,
leaves no task, no connection and no half file behind.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from storage_stream._shielding import ended, to_its_end
from storage_stream._transfer.limits import READS_PER_SECOND, WRITES_PER_SECOND, RampUp
from storage_stream.errors import ClientClosed, InvalidArgument, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
    from types import TracebackType

    from storage_stream._protocol.meter import Meter
    from storage_stream._transfer.journal import Journal
    from storage_stream._transfer.limits import AdaptiveLimit
    from storage_stream._transfer.many_items import Item, TransferResult
    from storage_stream._transfer.many_work import Done
    from storage_stream._transfer.progress import Progress
    from storage_stream._transport.clock import Clock

    _Around = Callable[[AsyncGenerator[TransferResult, None]], AsyncGenerator[TransferResult, None]]

__all__ = ["ManyTransfer", "Run", "RunMeter"]

_MOST_FAILURES = 1000  # that are kept; all are counted
_READY_RESULTS = 256  # that wait for whoever reads them, before no more is done
_WRITE_DOWN_SECONDS = 0.02  # what is done meanwhile costs one transaction and one hop to a thread
_TOO_MUCH = frozenset({429, 503})


class ManyTransfer:
    """A run of many transfers.

        async with storage.download_many("bucket", "photos/", folder) as run:
            async for result in run: ...
        summary = await storage.download_many("bucket", "photos/", folder)

    Nothing is sent before it is iterated or awaited; it runs once. An error of one object is a
    result like any other and ends nothing; what is raised ends the run: the list of objects
    failed, the client was closed. Only an `OSError` whose `filename` is the journal's, which could
    not be written any more, comes when all is done.

    Attributes:
        done: Objects that were transferred, or deleted.
        skipped: Objects that need not be.
        failed: Objects that could not be.
        bytes: That were transferred.
        failures: Results of failed ones, the first 1,000; collected by `await` only.
        unsettled: When it was left early: `gs://` names and paths of the targets that were under
            way. A file among them is as it was, or whole; an object may or may not be new.
    """

    def __init__(
        self, start: Callable[[ManyTransfer], AsyncGenerator[TransferResult, None]]
    ) -> None:
        self.done = 0
        self.skipped = 0
        self.failed = 0
        self.bytes = 0
        self.failures: list[TransferResult] = []
        self.unsettled: list[str] = []
        self._results = start(self)
        self._begun = False

    def __aiter__(self) -> AsyncIterator[TransferResult]:
        """The results as they come, in no order; leave early within `async with`."""
        self._begin()
        return self._results

    def __await__(self) -> Generator[Any, None, ManyTransfer]:
        self._begin()
        return self._summary().__await__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""
        await self._results.aclose()

    def watched(self, around: _Around) -> Self:
        """Let something stand between the results and whoever reads them; before it begins."""
        self._results = around(self._results)
        return self

    def raise_errors(self) -> None:
        """Raise the errors of `failures` together, if there are any.

        Raises:
            ExceptionGroup: With them.
        """
        errors = [result.error for result in self.failures if result.error is not None]
        if errors:
            total = self.done + self.skipped + self.failed
            raise ExceptionGroup(f"{self.failed} of {total} objects failed", errors)

    def count(self, result: TransferResult) -> str:
        """Add what is settled, whether or not anybody will read it.

        Returns:
            `done`, `failed` or `skipped`.
        """
        if result.error is not None:
            self.failed += 1
            return "failed"
        if result.skipped is not None:
            self.skipped += 1
            return "skipped"
        self.done += 1
        self.bytes += result.bytes
        return "done"

    def _begin(self) -> None:
        if self._begun:
            raise InvalidArgument("this run was begun already; make another one")
        self._begun = True

    async def _summary(self) -> ManyTransfer:
        async with aclosing(self._results) as results:
            async for result in results:
                if result.error is not None and len(self.failures) < _MOST_FAILURES:
                    self.failures.append(result)
        return self

    def __repr__(self) -> str:
        return f"<ManyTransfer {self.done} done, {self.skipped} skipped, {self.failed} failed>"


class RunMeter:
    """What the transfers of a run tell: to its progress, and to its limit where it is too much."""

    def __init__(
        self, progress: Progress, overloaded: Callable[[], None], own: Progress | None = None
    ) -> None:
        self._told = (progress,) if own is None else (progress, own)
        self._overloaded = overloaded

    def attempt(self) -> None:
        """See `Meter.attempt`."""
        for progress in self._told:
            progress.attempt()

    def answered(self, status: int) -> None:
        """See `Meter.answered`."""
        if status in _TOO_MUCH:
            self._overloaded()

    def expect(self, total_bytes: int | None) -> None:
        """See `Meter.expect`; the run knows better."""

    def moved(self, count: int) -> None:
        """See `Meter.moved`."""
        for progress in self._told:
            progress.moved(count)

    def gained(self, count: int) -> None:
        """See `Meter.gained`."""
        for progress in self._told:
            progress.gained(count)

    def resumed(self) -> None:
        """See `Meter.resumed`."""
        for progress in self._told:
            progress.resumed()


class Run:
    """One run.

    Args:
        handle: Where it is counted.
        items: What to do; closed at the end.
        do: Does one.
        limit: How many at once.
        clock: Tells the time.
        progress: Is told.
        journal: Remembers, or None.
        ramp_up: Whether to keep to the service's guideline for rates.
        close: Called at the end, whatever happened.
    """

    def __init__(
        self,
        handle: ManyTransfer,
        items: AsyncGenerator[Item, None],
        do: Callable[[Item, Meter], Awaitable[Done]],
        *,
        limit: AdaptiveLimit,
        clock: Clock,
        progress: Progress,
        journal: Journal | None = None,
        ramp_up: bool = True,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._handle = handle
        self._items = items
        self._do = do
        self._limit = limit
        self._clock = clock
        self._progress = progress
        self._journal = journal
        self._ramps = _ramps(clock.now()) if ramp_up else None
        self._close = close
        self._meter = RunMeter(progress, limit.overloaded)
        self._active: dict[asyncio.Task[None], Item] = {}
        self._room = asyncio.Event()
        self._ready: asyncio.Queue[TransferResult | None] = asyncio.Queue(_READY_RESULTS)
        self._unrecorded: list[tuple[Item, Done]] = []
        self._to_record = asyncio.Event()
        self._failure: BaseException | None = None
        self._unwritten: OSError | None = None  # why the journal is written no more
        self._unsettled = 0  # items that were begun and are not told yet

    async def results(self) -> AsyncGenerator[TransferResult, None]:
        """What became of each; what ends the run is raised when all before it is settled."""
        self._progress.run_begins()
        tasks: list[asyncio.Task[None]] = []
        try:
            if self._journal is not None:
                await self._journal.open()
                tasks.append(asyncio.create_task(self._record()))
            tasks.append(asyncio.create_task(self._feed()))
            while (result := await self._ready.get()) is not None:
                yield result
        finally:
            await to_its_end(self._leave(tasks))
        if (failure := self._failure or self._unwritten) is not None:
            raise failure

    async def _feed(self) -> None:
        try:
            async with aclosing(self._items):
                async for item in self._items:
                    await self._begin(item)
                    if self._failure is not None:
                        break
            self._progress.all_found()
        except Exception as error:  # noqa: BLE001 - the caller's source may raise anything
            self._failure = self._failure or error
        while self._unsettled:
            self._room.clear()
            await self._room.wait()
        await self._ready.put(None)

    async def _begin(self, item: Item) -> None:
        settled = None
        if item.error is not None or item.skipped is not None:
            settled = item.result(error=item.error, skipped=item.skipped)
        elif self._journal is not None and await self._journal.holds(item):
            settled = item.result(skipped="it was done before")
        if settled is not None:
            self._progress.found(1, 0)
            await self._settle(settled)
            return
        self._progress.found(1, item.size)
        self._unsettled += 1
        # The second: what waits for the journal, or to be read, is not under way any more.
        most = self._limit.most + _READY_RESULTS
        while len(self._active) >= self._limit.size or self._unsettled > most:
            self._room.clear()
            await self._room.wait()
        if self._ramps is not None:
            delay = self._ramps[item.writes].delay(self._clock.now())
            if delay > 0:
                await self._clock.sleep(delay)
        task = asyncio.create_task(self._one(item))
        self._active[task] = item
        task.add_done_callback(self._over)

    async def _one(self, item: Item) -> None:
        own = self._progress.transfer_begins(item.source_name, item.target_name, item.size)
        meter = self._meter
        if own is not None:
            own.expect(item.size)
            meter = RunMeter(self._progress, self._limit.overloaded, own)
        try:
            done = await self._do(item, meter)
        except ClientClosed:
            raise  # every other item would meet the same
        except (StorageError, OSError, ValueError) as error:
            await self._settle_begun(item.result(error=error))
            return
        finally:
            if own is not None:
                own.close()
        self._limit.settled(done.result.bytes, under_way=len(self._active), now=self._clock.now())
        is_recorded = self._journal is not None and self._unwritten is None
        if not is_recorded or done.result.skipped is not None:
            await self._settle_begun(done.result)
        else:
            self._unrecorded.append((item, done))
            self._to_record.set()

    async def _settle_begun(self, result: TransferResult) -> None:
        await self._settle(result)
        self._unsettled -= 1
        self._room.set()

    async def _settle(self, result: TransferResult) -> None:
        self._progress.object_settled(self._handle.count(result))
        await self._ready.put(result)

    def _over(self, task: asyncio.Task[None]) -> None:
        item = self._active.pop(task)
        self._room.set()
        if task.cancelled():
            self._handle.unsettled.append(item.target_name)
        elif (error := task.exception()) is not None:
            self._failure = self._failure or error
            self._unsettled -= 1

    async def _record(self) -> None:
        """Write down what is done, all that has come meanwhile at once; only then is it told."""
        assert self._journal is not None  # noqa: S101 - else there is no such task
        while True:
            await self._to_record.wait()
            if len(self._unrecorded) < _READY_RESULTS:
                await self._clock.sleep(_WRITE_DOWN_SECONDS)
            self._to_record.clear()
            try:
                batch = await self._write_down()
            except OSError as error:  # it spares the next run something, and this one needs it not
                self._unwritten = error
                batch, self._unrecorded = self._unrecorded, []
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else hears of it
                self._failure = self._failure or error
                batch, self._unrecorded = self._unrecorded, []
            for _, done in batch:
                await self._settle_begun(done.result)

    async def _write_down(self) -> list[tuple[Item, Done]]:
        batch, self._unrecorded = self._unrecorded, []
        try:
            if self._journal is not None and batch:
                await self._journal.record(batch)
        except BaseException:
            self._unrecorded = batch + self._unrecorded
            raise
        return batch

    async def _leave(self, tasks: list[asyncio.Task[None]]) -> None:
        """Break off what is under way, and keep what is known."""
        running = [*tasks, *self._active]
        for task in running:
            task.cancel()
        if running:
            await ended(asyncio.gather(*running, return_exceptions=True))
        try:
            if self._journal is not None:
                for _, done in await self._write_down():
                    self._handle.count(done.result)
                await self._journal.close()
        finally:
            if self._close is not None:
                await self._close()
            self._progress.run_ends()


def _ramps(now: float) -> tuple[RampUp, RampUp]:
    return RampUp(READS_PER_SECOND, now), RampUp(WRITES_PER_SECOND, now)
