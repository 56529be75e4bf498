"""How this library's cost grows: with the size of an object, and with the number of objects.

    python -m benchmarks.growth [--quick] [--json FILE] [--plot FILE]

Memory should stay flat, time should be a straight line. Sizes go from 1 MiB to 8 GiB, downloaded
as a stream and uploaded from a file; counts from 100 to 100,000 objects of 16 KiB.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.client_process import WARM_UP_BYTES
from benchmarks.clients.registry import OURS
from benchmarks.machine import machine, machine_words
from benchmarks.running import ClientFailed, run_client
from benchmarks.servers.nginx_program import NginxMissing
from benchmarks.servers.place import NoRoom, made_place
from benchmarks.servers.sink import CompilerMissing
from benchmarks.summary import row_of
from benchmarks.workloads import GIB, KIB, MIB, Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.running import Sample
    from benchmarks.summary import Row

__all__ = ["Line", "Point", "lines", "slope", "table"]

_SIZES = (MIB, 8 * MIB, 64 * MIB, 512 * MIB, 4 * GIB, 8 * GIB)
_COUNTS = (100, 1000, 10_000, 100_000)
_QUICK_SIZES, _QUICK_COUNTS = (MIB, 8 * MIB), (10, 100)
_SMALL_BYTES = 16 * KIB
_CONCURRENCY = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of work in several amounts."""

    name: str
    workloads: tuple[Workload, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """What one amount took; the amount is GiB, or objects."""

    line: str
    amount: float
    seconds: float
    cpu_seconds: float
    peak_rss_mib: float
    rss_growth_mib: float


def lines(sizes: Sequence[int], counts: Sequence[int]) -> list[Line]:
    """All that is measured."""

    def by_size(kind: str) -> tuple[Workload, ...]:
        return tuple(Workload(f"{kind}-{size}", kind, "plain", size) for size in sizes)

    def by_count(kind: str) -> tuple[Workload, ...]:
        return tuple(
            Workload(f"{kind}-{count}", kind, "plain", _SMALL_BYTES, count, _CONCURRENCY)
            for count in counts
        )

    return [
        Line("one object downloaded, GiB", by_size("stream")),
        Line("one object uploaded, GiB", by_size("upload_files")),
        Line("small objects downloaded", by_count("small_downloads")),
        Line("small objects uploaded", by_count("small_uploads")),
    ]


def slope(points: Sequence[Point], figure: str) -> float:
    """A figure for each unit at the largest amount, in that of the amount before it: 1 is linear.

    Small amounts are left out, since what every transfer costs once outweighs them.

    Args:
        points: Two or more.
        figure: `seconds` or `cpu_seconds`.
    """
    before, last = sorted(points, key=lambda point: point.amount)[-2:]
    return float(getattr(last, figure) / last.amount / (getattr(before, figure) / before.amount))


def table(points: Sequence[Point]) -> str:
    """What was measured, and what it says."""
    text = []
    for name in dict.fromkeys(point.line for point in points):
        own = [point for point in points if point.line == name]
        text.append(f"{name:>30} {'seconds':>9} {'CPU s':>9} {'peak MiB':>9} {'growth MiB':>10}")
        text += [
            f"{_amount(point.amount):>30} {point.seconds:>9.3f} {point.cpu_seconds:>9.3f}"
            f" {point.peak_rss_mib:>9.1f} {point.rss_growth_mib:>10.1f}"
            for point in own
        ]
        most = max(point.rss_growth_mib for point in own)
        text.append(
            f"  memory grew by at most {most:.1f} MiB; the last step costs each unit"
            f" {slope(own, 'seconds'):.2f} of the time before it,"
            f" {slope(own, 'cpu_seconds'):.2f} of the CPU\n"
        )
    return "\n".join(text)


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount == int(amount) else f"{amount:.4f}"


def measure(found: Sequence[Line], loop: str, rounds: int) -> list[Point]:
    """Every amount so often; the servers are made anew for each, with no more data than needed."""
    points = []
    for line in found:
        for workload in line.workloads:
            print(f"{line.name}: {workload.title}", file=sys.stderr)
            with made_place([WARM_UP_BYTES, workload.size_bytes]) as place:
                samples = [
                    run_client(place, workload, OURS, loop, checked=False) for _ in range(rounds)
                ]
            row = row_of(workload, OURS, loop, samples)
            points.append(_point(line.name, workload, row, samples))
    return points


def _point(line: str, workload: Workload, row: Row, samples: Sequence[Sample]) -> Point:
    amount = workload.count if workload.counts_requests else workload.size_bytes / GIB
    middle = sorted(samples, key=lambda sample: sample.seconds)[len(samples) // 2]
    return Point(
        line, amount, middle.seconds, middle.cpu_seconds, row.peak_rss_mib, row.rss_growth_mib
    )


def write(points: Sequence[Point], options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """The files that were asked for."""
    if options.json:
        figures = {"machine": facts, "points": [asdict(point) for point in points]}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.plot:
        from benchmarks.growth_plot import draw  # noqa: PLC0415 - matplotlib, where it is wanted

        draw(points, options.plot)


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="little data: does it work?")
    parser.add_argument("--max-mib", type=int, default=8192, help="the largest object")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them there: .svg or .png")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Run; 1 when a transfer failed, 2 when something is missing."""
    options, facts = arguments(words), machine()
    sizes = [size for size in _SIZES if size <= options.max_mib * MIB]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are ended then, too
    wanted = (_QUICK_SIZES, _QUICK_COUNTS) if options.quick else (sizes, _COUNTS)
    try:
        points = measure(lines(*wanted), options.loop, max(1, options.rounds))
    except (NginxMissing, CompilerMissing, NoRoom) as missing:
        print(missing, file=sys.stderr)
        return 2
    except ClientFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"{machine_words(facts)}\n\n{table(points)}")
    write(points, options, facts)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
