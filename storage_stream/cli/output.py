"""What a command prints: data on stdout, talk on stderr; text for people, or JSON lines.

It knows how things are shown, and nothing of what they are.
"""

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, TextIO

import click

from storage_stream.cli.standard_output import StandardOutput, writing_named

__all__ = ["Output", "iso_time", "shown_name"]


def shown_name(name: str) -> str:
    """A name as people see it: what is not printable, a newline say, is escaped.

    A backslash is doubled where something is escaped, so that no two names look alike.
    """
    if name.isprintable():
        return name
    return "".join(
        character if character.isprintable() and character != "\\" else _escaped(character)
        for character in name
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def iso_time(moment: datetime | str | None) -> str:
    """A time in ISO 8601, in UTC, to the second: `2026-11-21T12:15:24Z`; `""` for None."""
    if moment is None:
        return ""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Output:
    """Where a command prints.

    Args:
        as_json: Results and events are JSON objects, one a line, and no text goes to stdout.
        quiet: No talk but errors and questions.
        verbose: More talk.
        color: Whether talk may be coloured; where it goes to no terminal, it is not.
        null: Names end with a NUL, and are exact.
        stdout: For data.
        stderr: For talk.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        color: bool = True,
        null: bool = False,
        stdout: BinaryIO | io.RawIOBase | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose
        self.null = null
        self.stdout: BinaryIO | io.RawIOBase = stdout or sys.stdout.buffer
        self.stderr: TextIO = stderr or sys.stderr
        self.color = color and self.stderr.isatty()
        self.subject: dict[str, Any] = {}
        """Fields of every JSON object, which errors name, too: of which command they are."""
        self.shows_progress = True
        self.above: Callable[[str, str | None], None] | None = None
        """Prints talk while bars stand at the bottom of the screen."""

    # -- data ------------------------------------------------------------------------------

    def result(self, document: Mapping[str, Any], text: str | None = None) -> None:
        """A result: the document as JSON, or the text for people (None prints them nothing)."""
        if self.as_json:
            self._write(_json({**document, **self.subject}) + "\n")
        elif text is not None:
            self._write(text + ("\0" if self.null else "\n"))

    def event(self, event: str, **fields: Any) -> None:
        """Something that happened, told to programs at once; people see it otherwise."""
        if self.as_json:
            self._write(_json({"event": event, **fields, **self.subject}) + "\n")
            self.flush()

    def name(self, name: str) -> str:
        """A name as `result` is to print it: escaped for people, exact with `--null`."""
        return name if self.null else shown_name(name)

    def table(self, rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> None:
        """Rows in columns, those numbered in `right` to the right; not with JSON."""
        lines = [list(row) for row in rows]
        if self.as_json or not lines:
            return
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for row in lines:
            cells = [
                cell.rjust(width) if number in right else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.result({}, "  ".join(cells).rstrip())

    def leave_stdout_to_data(self) -> StandardOutput:
        """The command prints bytes to what this gives: results and events go to stderr."""
        data = StandardOutput(self.stdout)
        self.stdout = _BinaryTalk(self.stderr)
        return data

    def flush(self) -> None:
        """Let go of what is buffered."""
        with writing_named():
            self.stdout.flush()

    # -- talk ------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A sentence for people; not with `--quiet`, and not with `--json`: there is the result."""
        if not self.quiet and not self.as_json:
            self._talk(text)

    def detail(self, text: str) -> None:
        """A sentence for who asked for more."""
        if self.verbose:
            self._talk(text, "bright_black")

    def warn(self, text: str) -> None:
        """A sentence about what may not be as meant."""
        if not self.quiet:
            self._talk(f"Warning: {text}", "yellow")

    def error(self, text: str, **fields: Any) -> None:
        """Why something failed, on stderr in any case, and as an event."""
        self.event("error", message=text, **fields)
        where = "".join(f"{name} {value}: " for name, value in self.subject.items())
        self._talk(shown_name(f"Error: {where}{text}"), "red")  # a name may have a newline

    def _talk(self, text: str, color: str | None = None) -> None:
        # A message may quote a name or an answer: no escape code of theirs reaches the terminal.
        safe = "\n".join(shown_name(line) for line in text.split("\n"))
        self.flush()
        if self.above is not None:
            self.above(safe, color if self.color else None)
            return
        styled = click.style(safe, fg=color) if self.color else safe
        click.echo(styled, self.stderr, color=self.color)

    def _write(self, text: str) -> None:
        with writing_named():
            self.stdout.write(text.encode("utf-8", "surrogateescape"))


class _BinaryTalk(io.RawIOBase):
    """The stream of talk as one of bytes, for results that may not go to stdout."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def write(self, data: Any, /) -> int:
        """Write text that came as bytes."""
        self._stream.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def flush(self) -> None:
        """Let go of what is buffered; who closed the stream has done so."""
        if not self._stream.closed:  # Python 3.13 tells what goes wrong when this is collected
            self._stream.flush()


def _json(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, default=_plain)
    # A path that is not UTF-8 can stand in JSON only as an escape.
    return text if text.isprintable() else json.dumps(document, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
