"""Measure, print, and write what was measured: the command line of `scripts/bench`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks.client_process import WARM_UP_BYTES
from benchmarks.clients.registry import BARE, CLIENTS, OURS
from benchmarks.goals import verdicts
from benchmarks.machine import machine, machine_words
from benchmarks.measuring import Measured, Plan, measure
from benchmarks.report import goals_table, rows_table, to_json
from benchmarks.servers.nginx_program import NginxMissing
from benchmarks.servers.place import NoRoom, made_place
from benchmarks.servers.sink import CompilerMissing
from benchmarks.summary import summarized
from benchmarks.workloads import QUICK, WORKLOADS, quick

_LOOPS = ("asyncio", "uvloop")
_RESULTS = Path(__file__).parent / "results"
_ROUNDS = 5
_INTERRUPTED = 130  # as shells say it


def arguments(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__.splitlines()[0],
        epilog="A run of everything writes benchmarks/results/latest.json and .svg by itself."
        " scripts/bench growth measures cost against size and count; see its --help.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="little data, one round, one loop: does it work?"
    )
    parser.add_argument("--workload", action="append", choices=WORKLOADS, help="may be repeated")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="may be repeated")
    parser.add_argument("--loop", action="append", choices=_LOOPS, help="may be repeated")
    parser.add_argument("--rounds", type=_positive, help=f"default {_ROUNDS}, with --quick 1")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them there: .svg or .png")
    options = parser.parse_args(words)
    if not (options.quick or options.workload or options.client or options.loop):
        options.json = options.json or _RESULTS / "latest.json"
        options.plot = options.plot or _RESULTS / "latest.svg"
    return options


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def plan_of(options: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    names = options.workload or (QUICK if options.quick else tuple(WORKLOADS))
    workloads = [WORKLOADS[name] for name in names]
    return Plan(
        [quick(workload) for workload in workloads] if options.quick else workloads,
        options.client or tuple(CLIENTS),
        options.loop or (_LOOPS[:1] if options.quick else _LOOPS),
        options.rounds or (1 if options.quick else _ROUNDS),
        verify_apart=not options.quick,
    )


def write(results: list[Measured], options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """The files that were asked for."""
    figures = {"quick": options.quick, **to_json(results, facts)}
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    if options.plot:
        from benchmarks.plot import draw  # noqa: PLC0415 - matplotlib, only where it is wanted

        draw(figures, options.plot)


def main(words: list[str]) -> int:
    """Run.

    Returns:
        The exit status: 1 when this library or the bare sockets failed, 2 when something is
        missing, 130 when it was interrupted; what was measured until then is reported.
    """
    options = arguments(words)
    if sys.platform != "linux":
        print("The benchmarks need Linux: they keep processes on cores.", file=sys.stderr)
        return 2
    plan, facts = plan_of(options), machine()
    # Servers are ended, and what was measured is reported, also when the run is ended from outside.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = [Measured(workload) for workload in plan.workloads]
    interrupted = False
    sizes = [WARM_UP_BYTES, *(workload.size_bytes for workload in plan.workloads)]
    try:
        with made_place(sizes) as place:
            measure(place, plan, results)
    except KeyboardInterrupt:
        interrupted = True
    except (NginxMissing, CompilerMissing, NoRoom) as missing:
        print(missing, file=sys.stderr)
        return 2
    report(results, options, facts)
    failed = {client for result in results for client, _ in result.failures}
    return _INTERRUPTED if interrupted else int(bool(failed & {OURS, BARE}))


def report(results: list[Measured], options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """Print tables, and write what was asked for."""
    summaries = [summarized(result) for result in results if result.samples]
    print(machine_words(facts))
    for summary in summaries:
        print(f"\n{rows_table(summary)}")
    if options.quick:
        print("\nSmall sizes: these figures show that it works, and nothing else.")
    else:
        print(f"\n{goals_table([v for summary in summaries for v in verdicts(summary)])}")
    write(results, options, facts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
