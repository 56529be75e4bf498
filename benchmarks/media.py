"""Pictures in a bucket: what thumbnails, crops and conversions cost, beside the local file.

    python -m benchmarks.media [--quick] [--only NAME ...] [--folder DIR] [--json FILE]

Each piece of work runs in a process of its own against an emulator in another one; memory is that
process's highest, with everything it imported. Samples of 201 megapixels are made once and kept in
the folder; `--quick` takes 12 megapixels.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import machine, machine_words
from benchmarks.media_parts.registry import WORKS
from benchmarks.media_parts.samples import make_samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Figures", "table"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What one piece of work took.

    Attributes:
        name: Which.
        goal: What it should reach, in words.
        reached: Whether it did.
        size: Bytes of the object.
        seconds: From the first request to the result.
        cpu_seconds: Of the process, in all its threads.
        peak_rss: Bytes of memory at most, the libraries' included.
        requests: Requests for parts of the object.
        downloaded: Bytes of it that came.
        lag_p99: Seconds that the event loop was late, in 99 of 100 cases at most.
        lag_max: Seconds that it was late at most.
        more: What else was measured.
    """

    name: str
    goal: str
    reached: bool
    size: int
    seconds: float
    cpu_seconds: float
    peak_rss: int
    requests: int | None
    downloaded: int | None
    lag_p99: float
    lag_max: float
    more: dict[str, Any]


def table(figures: Sequence[Figures]) -> str:
    """The figures, for people and for Markdown."""
    columns = ("work", "object", "requests", "downloaded", "time", "CPU", "peak RSS")
    head = f"| {' | '.join(columns)} | loop late p99 / max | goal | reached |"
    return "\n".join(
        [head, "|---|---:|---:|---:|---:|---:|---:|---:|---|---|", *map(_row, figures)]
    )


def _row(each: Figures) -> str:
    share = "" if each.downloaded is None else f"{each.downloaded / each.size:.2%}"
    cells = (
        each.name,
        f"{each.size / _MIB:.1f} MiB",
        "" if each.requests is None else str(each.requests),
        share,
        f"{each.seconds:.2f} s",
        f"{each.cpu_seconds:.2f} s",
        f"{each.peak_rss / _MIB:.0f} MiB",
        f"{each.lag_p99 * 1000:.0f} / {each.lag_max * 1000:.0f} ms",
        each.goal,
        "yes" if each.reached else "**no**",
    )
    return f"| {' | '.join(cells)} |"


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """An emulator in a process of its own; gives its address."""
    command = ["-m", "storage_stream.cli", "emulator", "--port", "0", "--json"]
    with subprocess.Popen(
        [sys.executable, *command, "--data", folder, "--create-buckets"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield str(json.loads(process.stdout.readline())["url"])  # type: ignore[union-attr] # it is piped
        finally:
            process.terminate()


def run(name: str, url: str, folder: Path) -> Figures:
    """One piece of work, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.media_parts.process", name, url, folder],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return Figures(**json.loads(done.stdout))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    options = _options(arguments)
    facts = machine()
    folder = options.folder / ("small" if options.quick else "large")
    works = [name for name in WORKS if not options.only or name in options.only]
    needed = {sample for name in works for sample in WORKS[name].samples}
    make_samples(folder, needed, small=options.quick)
    figures = []
    for name in works:
        with tempfile.TemporaryDirectory(dir=options.folder) as data, emulator(Path(data)) as url:
            print(name, file=sys.stderr)
            figures.append(run(name, url, folder))
    print(machine_words(facts), table(figures), sep="\n\n")
    if options.json is not None:
        kept = {"machine": facts, "figures": [asdict(each) for each in figures]}
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0 if all(each.reached for each in figures) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small samples: does it work?")
    parser.add_argument("--only", action="append", choices=list(WORKS), help="this work alone")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    kept = Path(tempfile.gettempdir()) / "storage-stream-pictures"
    parser.add_argument("--folder", type=Path, default=kept, help="where the samples are kept")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    return options


if __name__ == "__main__":
    sys.exit(main())
