"""Make docs/terminal.svg: `cp` and `ls` as they look in a terminal, from a real run.

    .venv/bin/python scripts/recording.py

The commands run in a pseudo-terminal against an emulator that is slowed down, so that there is
something to see; what they print is played on a small screen. Of `cp` a picture with the most
bars is kept, and its last line. Rich draws the SVG.
"""

import io
import os
import random
import re
import sys
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

from storage_stream.testing.emulator_handle import EmulatorHandle
from storage_stream.testing.emulator_thread import EmulatorThread

TARGET = Path(__file__).parents[1] / "docs" / "terminal.svg"
COLUMNS, ROWS = 96, 12
_FILES = 24
_SLOW = "trickle-2500000Bps"


class Screen:
    """As much of a terminal as Rich's bars need: lines that are erased and written anew."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = 0
        self.pictures: list[list[str]] = []

    @property
    def shown(self) -> list[str]:
        """The lines that are there."""
        return [line for line in self.lines if line.strip()]

    @property
    def fullest(self) -> list[str]:
        """Of the pictures with the most bars, the one in the middle."""
        most = max(map(_bars, self.pictures))
        full = [picture for picture in self.pictures if _bars(picture) == most]
        return full[len(full) // 2]

    def feed(self, text: str) -> None:
        """Play what a program printed."""
        for token in re.finditer(
            r"\x1b\[(\d*)([AK])|(\x1b\[\?\d+[hl])|(\r)|(\n)|(\x1b\[[\d;]*m|[^\x1b\r\n]+)", text
        ):
            count, code, _, back, down, shown = token.groups()
            if code == "A":
                self.pictures.append(self.shown)
                self.row -= int(count or 1)
            elif code == "K" or back:
                self.lines[self.row] = "" if code == "K" else self.lines[self.row]
            elif down:
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif shown:
                self.lines[self.row] += shown


def _bars(picture: list[str]) -> int:
    return sum("━" in line for line in picture)


def run(folder: Path, environment: dict[str, str], *arguments: str) -> Screen:
    """Run `storage-stream ARGUMENTS` in a terminal."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "storage_stream.cli", *arguments],
        cwd=str(folder),
        env=environment,
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        timeout=120,
    )
    child.expect(pexpect.EOF)
    screen = Screen()
    screen.feed(child.before)
    child.close()
    if child.exitstatus:
        sys.exit(f"{arguments[0]} failed: {child.before}")
    return screen


def record(folder: Path) -> Console:
    """Run both commands, and print what is to be seen."""
    chance = random.Random(7)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    with EmulatorThread() as thread:
        service = EmulatorHandle(thread)
        for number in range(_FILES):
            data = chance.randbytes(chance.randrange(1_200_000, 9_000_000))
            service.put("holiday", f"2026/IMG_{2040 + number}.jpg", data)
        # The first request asks what there is.
        service.arm_next("storage.objects.get", "pass", *[_SLOW] * _FILES)
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "STORAGE_EMULATOR_HOST": thread.emulator.url,
            "XDG_STATE_HOME": str(folder / "state"),
            "TERM": "xterm-256color",
        }
        copy = ["cp", "-r", "--concurrency", "8", "gs://holiday/2026", "photos"]
        _show(console, copy, (screen := run(folder, environment, *copy)).fullest)
        console.print(Text.from_ansi(screen.shown[-1]))
        listing = ["ls", "-l", "gs://holiday/2026/IMG_204*"]
        _show(console, listing, run(folder, environment, *listing).shown)
    return console


def _show(console: Console, arguments: list[str], lines: list[str]) -> None:
    console.print(Text.assemble(("$ ", "bold green"), f"storage-stream {' '.join(arguments)}"))
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)


def _standing_alone(svg: str) -> str:
    """The picture without the fonts that Rich would have every reader fetch from elsewhere.

    And with the blanks at the beginning of lines, which some programs drop unless they are told.
    """
    plain = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return plain.replace("<text ", '<text xml:space="preserve" ')


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        console = record(Path(folder))
    TARGET.write_text(_standing_alone(console.export_svg(title="storage-stream")), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
