"""The command; see `scripts/soak`."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.running import soak


def main() -> int:
    """Run it, print the figures, write the report. 0 when all is accounted for."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; default 10")
    parser.add_argument("--hours", type=float, help="in place of --minutes")
    parser.add_argument("--seed", type=int, default=1, help="for all choices; default 1")
    parser.add_argument("--clients", type=int, default=2, help="processes; default 2")
    parser.add_argument("--report", type=Path, help="write a report as JSON")
    parser.add_argument("--folder", type=Path, help="keep everything here; default: nowhere")
    said = parser.parse_args()
    folder = said.folder or Path(tempfile.mkdtemp(prefix="storage-stream-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    seconds = 60 * (said.minutes if said.hours is None else 60 * said.hours)
    outcome = soak(
        folder,
        seconds,
        seed=said.seed,
        clients=said.clients,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    if said.report is not None:
        said.report.write_text(json.dumps(outcome.document(), indent=1), encoding="utf-8")
    for problem in (*outcome.verdict.lost, *outcome.verdict.doubled, *outcome.verdict.wrong,
                    *outcome.leaked, *outcome.broken):  # fmt: skip
        print(problem)
    print(", ".join(f"{count} {what}" for what, count in outcome.figures.items()))
    if outcome.is_good and said.folder is None:
        shutil.rmtree(folder)
    elif not outcome.is_good:
        print(f"everything is in {folder}")
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
