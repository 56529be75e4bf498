"""The audit says what it knows, and never that all is well where it does not know."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
LEFT_OUT = {"name": "away", "skip_reason": "not found"}


def judged(tmp_path: Path, report: str, asked: int) -> tuple[int, str]:
    (tmp_path / "report").write_text(report)
    command: list[str | Path] = [
        sys.executable,
        SCRIPTS / "audit_report.py",
        tmp_path / "report",
        str(asked),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("found", "asked", "code", "said"),
    [
        ([GOOD], 1, 0, "1 versions audited, 0 with known weaknesses"),
        ([GOOD, BAD], 2, 1, "bad 1: PYSEC-1, mended in 2"),
        ([GOOD], 2, 2, "1 of 2 versions were audited"),
        ([GOOD, LEFT_OUT], 2, 2, "away: not audited: not found"),
        ([BAD, LEFT_OUT], 2, 1, "PYSEC-1"),
        ([LEFT_OUT], 1, 2, "this is no success"),
        ([], 1, 2, "this is no success"),
    ],
    ids=["well", "known", "missing", "left out", "both", "none audited", "nothing"],
)
def test_what_a_report_says(
    tmp_path: Path, found: list[dict[str, Any]], asked: int, code: int, said: str
) -> None:
    outcome, text = judged(tmp_path, json.dumps({"dependencies": found}), asked)
    assert outcome == code
    assert said in text


@pytest.mark.parametrize("report", ["", "[]", "{}", "no"])
def test_no_report_is_no_success(tmp_path: Path, report: str) -> None:
    assert judged(tmp_path, report, 5)[0] == 2


def test_the_script_can_be_run() -> None:
    assert os.access(SCRIPTS / "audit", os.X_OK)
    subprocess.run(["bash", "-n", SCRIPTS / "audit"], check=True)  # noqa: S603, S607 - ours
