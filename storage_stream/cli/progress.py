"""Progress as people see it: bars on a terminal, a line now and then elsewhere, events in JSON.

It draws what `storage_stream.Progress` counts, in the loop's own thread, and counts nothing itself.
"""

import asyncio
import contextlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

import storage_stream
from storage_stream.cli.output import Output, shown_name
from storage_stream.cli.sizes import human_rate, human_size

__all__ = ["Display", "amount", "time_left"]

_BARS_SECONDS = 0.2
_EVENTS_SECONDS = 1.0
_LINES_SECONDS = 5.0
_LEAST_BYTES = 256 * 1024  # of one of many that gets a bar
_ROWS_BESIDES_BARS = 3  # the total, and what the shell shows


class Display:
    """Shows transfers while its block is entered.

        async with Display(run.output, "Downloading") as display:
            with display.transfer("gs://bucket/name") as progress:
                await run.storage.download_to_filename(..., progress=progress)
            await run.storage.download_many(..., progress=display.total)

    Args:
        output: Says who looks: nobody, a person, a program.
        what: What is going on, in front of the total.
        console: A terminal of one's own, for tests.
    """

    def __init__(self, output: Output, what: str, *, console: Console | None = None) -> None:
        self._output = output
        self._what = what
        self._console = console or Console(
            file=output.stderr, no_color=not output.color, highlight=False
        )
        is_watched = output.shows_progress and not (output.quiet or output.as_json)
        self._is_live = self._console.is_terminal and is_watched
        self.total: storage_stream.Progress = _Total(self._begin_part)
        self._parts: dict[storage_stream.Progress, TaskID] = {}
        self._under_way: dict[storage_stream.Progress, TaskID | None] = {}
        self._labels: dict[storage_stream.Progress, str] = {}
        self._ended = storage_stream.ProgressSnapshot(bytes_total=0)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[amount]}", justify="right", markup=False),
            TextColumn("{task.fields[rate]}", justify="right", markup=False),
            TextColumn("{task.fields[left]}", justify="right", markup=False),
            console=self._console,
            auto_refresh=False,
            expand=True,
        )
        self._expected: tuple[int, int] | None = None
        self._total_row: TaskID | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._owner: asyncio.Task[object] | None = None
        self._broken: BrokenPipeError | None = None

    async def __aenter__(self) -> Self:
        if self._is_live:
            self._bars.start()
            self._total_row = self._row(self._what)
            self._output.above = self._print_above
        if self._output.shows_progress and (not self._output.quiet or self._output.as_json):
            self._owner = asyncio.current_task()
            self._ticker = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._stop_ticking()
        finally:
            if self._is_live:
                self._show(is_last=True)
                self._bars.stop()
                self._output.above = None
        if self._broken is not None:
            raise self._broken
        if self._output.as_json and self._output.shows_progress:
            self._show()

    @contextlib.contextmanager
    def transfer(self, label: str) -> Generator[storage_stream.Progress, None, None]:
        """A transfer with a bar of its own, while there is room on the screen."""
        progress = storage_stream.Progress()
        self._labels[progress] = label
        self._under_way[progress] = None
        self._give_rows()
        try:
            yield progress
        finally:
            row = self._under_way.pop(progress)
            del self._labels[progress]
            if row is not None:
                self._bars.remove_task(row)
            self._ended = _sum([self._ended, progress.snapshot()])
            self._give_rows()

    def snapshot(self) -> storage_stream.ProgressSnapshot:
        """All transfers together, those that ended too."""
        parts = [self._ended, *(progress.snapshot() for progress in self._under_way)]
        total = self.total.snapshot()
        if total.attempts or total.elapsed or total.objects_total is not None:
            parts.append(total)
        now = _sum(parts)
        if self._expected is None or (now.bytes_total is not None and total.objects_total):
            return now
        objects, size = self._expected
        return replace(now, objects_total=objects, bytes_total=max(size, now.bytes_confirmed))

    @property
    def is_live(self) -> bool:
        """Whether somebody watches."""
        return self._is_live

    def expect(self, objects: int, size: int) -> None:
        """What all runs together will have to do, as far as anybody knows: until they do."""
        self._expected = (objects, size)

    # -- inside ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        pause = _BARS_SECONDS if self._is_live else _LINES_SECONDS
        pause = _EVENTS_SECONDS if self._output.as_json else pause
        try:
            while True:
                await asyncio.sleep(pause)
                self._show()
        except BrokenPipeError as error:  # nobody reads: what is under way is of no use
            self._broken = error
            if self._owner is not None:
                self._owner.cancel()

    async def _stop_ticking(self) -> None:
        if self._ticker is None:
            return
        self._ticker.cancel()
        await asyncio.wait({self._ticker})  # a cancel meanwhile is ours, and goes on
        if not self._ticker.cancelled():
            self._ticker.result()
        if self._broken is not None and self._owner is not None:
            self._owner.uncancel()

    def _show(self, *, is_last: bool = False) -> None:
        now = self.snapshot()
        if is_last and now.elapsed:  # what stays on the screen tells how fast it was in all
            now = replace(now, bytes_per_second=now.bytes_moved / now.elapsed)
        if self._output.as_json:
            self._output.event("progress", **_fields(now))
        elif self._is_live:
            for progress, row in self._under_way.items():
                if row is not None:
                    self._draw(row, self._labels[progress], _as_sent(progress.snapshot()))
            for part, row in self._parts.items():
                self._draw(row, self._labels[part], _as_sent(part.snapshot()))
            if self._total_row is not None:
                self._draw(self._total_row, self._what, now)
            self._bars.refresh()
        else:
            self._output.say(_line(self._what, now))

    def _row(self, label: str) -> TaskID:
        return self._bars.add_task(shown_name(label), total=None, amount="", rate="", left="")

    def _give_rows(self) -> None:
        """Give bars to those that have none, as far as there is room below the total."""
        if not self._is_live or self._total_row is None:
            return
        room = self._room()
        for progress in [each for each, row in self._under_way.items() if row is None][:room]:
            self._under_way[progress] = self._row(_shortened(self._labels[progress]))

    def _room(self) -> int:
        used = sum(row is not None for row in self._under_way.values()) + len(self._parts)
        return self._console.size.height - _ROWS_BESIDES_BARS - used

    def _begin_part(self, label: str, size: int | None) -> storage_stream.Progress | None:
        """A bar for one of a run of many; small ones would only flicker."""
        if not self._is_live or (size or 0) < _LEAST_BYTES or self._room() < 1:
            return None
        part = _Part(self._end_part)
        name = label.rpartition("/")[2]  # they have much in common, and bars need room
        self._labels[part] = name
        self._parts[part] = self._row(_shortened(name))
        return part

    def _end_part(self, part: storage_stream.Progress) -> None:
        self._bars.remove_task(self._parts.pop(part))
        del self._labels[part]

    def _print_above(self, text: str, color: str | None) -> None:
        self._console.print(Text(text, color or ""), soft_wrap=True)

    def _draw(self, row: TaskID, label: str, now: storage_stream.ProgressSnapshot) -> None:
        # Where nobody knows how many bytes there are, how many objects there are may be known.
        by_objects = now.bytes_total is None and now.objects_total is not None
        settled = now.objects_done + now.objects_failed + now.objects_skipped
        self._bars.update(
            row,
            description=shown_name(_shortened(label)),
            total=now.objects_total if by_objects else now.bytes_total,
            completed=settled if by_objects else now.bytes_confirmed,
            amount=amount(now),
            rate=human_rate(now.bytes_per_second),
            left=time_left(now),
        )


def _as_sent(now: storage_stream.ProgressSnapshot) -> storage_stream.ProgressSnapshot:
    """What is on its way counts: what goes out in one request is confirmed only at its end."""
    most = now.bytes_moved if now.bytes_total is None else min(now.bytes_moved, now.bytes_total)
    return replace(now, bytes_confirmed=max(now.bytes_confirmed, most))


class _Total(storage_stream.Progress):
    """Of runs of many, whose transfers get bars of their own."""

    def __init__(self, begin: Callable[[str, int | None], storage_stream.Progress | None]) -> None:
        super().__init__()
        self._begin_part = begin

    def transfer_begins(
        self, source: str, target: str, size: int | None
    ) -> storage_stream.Progress | None:
        del target
        return self._begin_part(source, size)


class _Part(storage_stream.Progress):
    """Of one of them."""

    def __init__(self, end: Callable[[storage_stream.Progress], None]) -> None:
        super().__init__()
        self._end = end

    def close(self) -> None:
        super().close()
        self._end(self)


def amount(now: storage_stream.ProgressSnapshot) -> str:
    """What is confirmed, of what: `3.0 MiB of 10.0 MiB, 4 of 10 objects`."""
    text = human_size(now.bytes_confirmed)
    if now.bytes_total is not None:
        text += f" of {human_size(now.bytes_total)}"
    settled = now.objects_done + now.objects_failed + now.objects_skipped
    if now.objects_total is not None:
        text += f", {settled} of {now.objects_total} objects"
    elif settled:
        text += f", {settled} objects"
    return text


def time_left(now: storage_stream.ProgressSnapshot) -> str:
    """How long it will take at this rate, `0:01:30`, or `""` when nobody can know."""
    if now.bytes_total is None or now.bytes_per_second <= 0:
        return ""
    seconds = max(0, now.bytes_total - now.bytes_confirmed) / now.bytes_per_second
    return str(timedelta(seconds=round(seconds)))


def _line(what: str, now: storage_stream.ProgressSnapshot) -> str:
    left = time_left(now)
    rate = human_rate(now.bytes_per_second)
    return f"{what}: {amount(now)}, {rate}" + (f", {left} left" if left else "")


def _fields(now: storage_stream.ProgressSnapshot) -> dict[str, object]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name in storage_stream.ProgressSnapshot.__slots__
        for value in [getattr(now, name)]
    }


def _shortened(label: str, most: int = 40) -> str:
    """The end of a name tells more than its beginning."""
    return label if len(label) <= most else "…" + label[1 - most :]


def _sum(parts: Iterable[storage_stream.ProgressSnapshot]) -> storage_stream.ProgressSnapshot:
    every = list(parts)
    totals = [part.bytes_total for part in every]
    counts = [part.objects_total for part in every if part.objects_total is not None]
    return storage_stream.ProgressSnapshot(
        bytes_moved=sum(part.bytes_moved for part in every),
        bytes_confirmed=sum(part.bytes_confirmed for part in every),
        bytes_total=None if None in totals else sum(total or 0 for total in totals),
        attempts=sum(part.attempts for part in every),
        resumes=sum(part.resumes for part in every),
        bytes_per_second=sum(part.bytes_per_second for part in every),
        elapsed=max(part.elapsed for part in every),
        objects_done=sum(part.objects_done for part in every),
        objects_failed=sum(part.objects_failed for part in every),
        objects_skipped=sum(part.objects_skipped for part in every),
        objects_total=sum(counts) if counts else None,
    )
