"""A program: uses each optional part with the libraries of some distributions only.

    python alone.py PARTS DISTRIBUTION…

PARTS is JSON, a statement for each part; on standard input is JSON, the distributions that each
top-level module is of, which takes a while to find out. Of the other distributions that are
installed here nothing can be imported, as if they were not. Prints JSON: for each part None, or
what was said.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_OURS = "storage-stream"


class Without:
    """A finder of modules that finds only what is of some distributions."""

    def __init__(self, finder: Any, chosen: set[str], hidden: set[str]) -> None:
        self._finder, self._chosen, self._hidden = finder, chosen, hidden

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._hidden:
            return None
        spec: ModuleSpec | None = self._finder.find_spec(fullname, path, target)
        return spec

    def find_distributions(self, context: Any = None) -> Iterator[metadata.Distribution]:
        for found in getattr(self._finder, "find_distributions", lambda _: ())(context):
            if normalized(found.name) in self._chosen:
                yield found


def hide_all_but(chosen: set[str], owners: Mapping[str, list[str]]) -> None:
    """Of what is installed, let nothing be found that is not of these distributions."""
    hidden = {top for top in owners if chosen.isdisjoint(map(normalized, owners[top]))}
    sys.meta_path[:] = [Without(finder, chosen, hidden) for finder in sys.meta_path]


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def told_by(statement: str) -> str | None:
    """What using a part says; None where it works."""
    try:
        exec(statement, {})  # noqa: S102 - the test's own statements
    except SystemExit as end:
        return str(end) if end.code else None
    except Exception as error:  # noqa: BLE001 - whatever it is, the test compares it
        return f"{type(error).__name__}: {error}"
    return None


def main(parts: str, *distributions: str) -> None:
    hide_all_but({*distributions, _OURS}, json.load(sys.stdin))
    told = {name: told_by(statement) for name, statement in json.loads(parts).items()}
    sys.stdout.write("\n" + json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
