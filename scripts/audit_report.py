"""What a report of pip-audit says, in lines for people and an exit code that does not flatter.

    python scripts/audit_report.py REPORT ASKED

0: all versions that were asked about were audited, and nothing is known of them. 1: something is.
2: some, or all, could not be audited, so nothing is known of them. It uses nothing but Python.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]

_WELL, _KNOWN, _UNKNOWN = 0, 1, 2
_NO_SUCCESS = "Nothing is known about the dependencies; this is no success."
_SHOWN = 5  # of those that were left out


def main(report: str, asked: int) -> int:
    """Print what it says; gives the exit code."""
    try:
        found: list[dict[str, Any]] = json.loads(Path(report).read_bytes())["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        print("Not audited: the advisory service could not be asked.", _NO_SUCCESS, sep="\n")
        return _UNKNOWN
    known = [each for each in found if each.get("vulns")]
    for each in known:
        for one in each["vulns"]:
            mended = ", ".join(one.get("fix_versions") or ()) or "no version yet"
            print(f"{each['name']} {each['version']}: {one['id']}, mended in {mended}")
    skipped = [each for each in found if "skip_reason" in each]
    for each in skipped[:_SHOWN]:
        print(f"{each['name']}: not audited: {each['skip_reason']}")
    audited = len(found) - len(skipped)
    if audited < asked:
        print(f"{audited} of {asked} versions were audited; of the others nothing is known.")
        if not audited:
            print("The advisory service does not answer for them.", _NO_SUCCESS, sep="\n")
        return _KNOWN if known else _UNKNOWN
    print(f"{audited} versions audited, {len(known)} with known weaknesses.")
    return _KNOWN if known else _WELL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
