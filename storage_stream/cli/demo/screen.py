"""What a person sees: a bar for each step, then the table. Plain lines where there is no terminal.

It knows how to show what it is given, and nothing of how it came about.
"""

import threading
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from storage_stream.cli.demo.byte_size import megabytes
from storage_stream.cli.demo.journeys import Outcome
from storage_stream.cli.output import Output


class Screen:
    """A console with a live display, while its block is entered.

    Args:
        output: Says who looks: a person, or a program, which gets steps as events, and the table.
        console: A terminal of one's own, for tests.
    """

    def __init__(self, output: Output, console: Console | None = None) -> None:
        self._output = output
        self._console = console or Console(highlight=False, no_color=not output.color or None)
        self._is_silent = output.quiet or output.as_json
        self._progress = Progress(
            TextColumn("{task.description:<32}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TransferSpeedColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            disable=self._is_silent or not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line, which may hold rich's markup; programs and the quiet do without."""
        if not self._is_silent:
            self._console.print(text, soft_wrap=True)

    def step(self, what: str, size: int) -> "Bar":
        """A step of about `size` bytes, with a bar to be told of them."""
        self._output.event("step", what=what, bytes=size)
        if not self._console.is_terminal:
            self.say(f"{what} ({megabytes(size)} MB)")
        return Bar(self._progress, what, size)

    def table(self, outcomes: Sequence[Outcome]) -> None:
        """The outcomes, one a row, below the bars, which have come to their end."""
        self._progress.stop()
        for outcome in outcomes:
            self._output.result(asdict(outcome))
        if self._output.as_json:
            return
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("what")
        for title in ("objects", "MB", "seconds", "MB/s", "resumes", "verified"):
            table.add_column(title, justify="right", no_wrap=True)
        for outcome in outcomes:
            table.add_row(
                outcome.what,
                f"{outcome.objects}",
                megabytes(outcome.size),
                f"{outcome.seconds:.2f}",
                f"{outcome.size / 1e6 / outcome.seconds:,.0f}",
                f"[bold yellow]{outcome.resumes}[/]" if outcome.resumes else "0",
                f"[green]{outcome.verified} of {outcome.objects}[/]",
            )
        self._console.print(table)


class Bar:
    """The bar of one step; a sink of `tee`."""

    def __init__(self, progress: Progress, what: str, size: int) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=size)
        self._left = size
        self._lock = threading.Lock()  # files are read in worker threads

    def advance(self, count: int) -> None:
        """So many bytes passed; more than expected only fill the bar."""
        with self._lock:
            shown = min(count, self._left)
            self._left -= shown
        self._progress.advance(self._task, shown)

    def write(self, data: bytes) -> int:
        """These bytes passed."""
        self.advance(len(data))
        return len(data)
