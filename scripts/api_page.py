"""The page docs/api.md, made of the docstrings: every public method, by class and subject.

`scripts/docs --write` writes it; a test compares, so that the page cannot fall behind the code.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import storage_stream

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

_CLASSES = (
    "Storage",
    "Bucket",
    "Blob",
    "StreamResponse",
    "StreamWriter",
    "ObjectReader",
    "ObjectWriter",
    "TextReader",
    "TextWriter",
    "Batch",
    "Deletion",
)
_HEAD = """\
# All methods

Made of the docstrings by `scripts/docs --write`. `help(Storage.upload)` tells all of one: its
arguments with their units and defaults, its errors, and what cancelling does.
[docs/requests.md](requests.md) says how many requests each makes. Every method that makes a
request also takes {keywords}.
"""


def page() -> str:
    """The whole page."""
    keywords = ", ".join(f"`{name}`" for name in storage_stream.RequestKeywords.__annotations__)
    head = _HEAD.format(keywords=keywords)
    return "\n".join([head, *(_section(name) for name in _CLASSES)])


def _section(name: str) -> str:
    cls = getattr(storage_stream, name)
    tables: dict[str, list[str]] = {}
    for member in sorted(dir(cls)):
        if member.startswith("_"):
            continue
        owner = next(base for base in cls.__mro__ if member in vars(base))
        if owner.__module__.startswith("storage_stream"):
            tables.setdefault(_subject(owner, cls), []).append(_row(member, vars(owner)[member]))
    parts = [f"## {name}\n\n{_sentence(cls)}\n"]
    for subject, rows in sorted(tables.items()):
        title = f"**{subject}**\n\n" if subject else ""
        parts.append(f"{title}| name | what |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _subject(owner: type[Any], cls: type[Any]) -> str:
    """The module of the client's methods says what they are about."""
    if owner is cls or not owner.__module__.startswith("storage_stream._api"):
        return ""
    return _sentence(inspect.getmodule(owner)).rstrip(".")


def _row(name: str, member: Any) -> str:
    function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
    is_call = inspect.isfunction(function)
    return f"| `{name}{'()' if is_call else ''}` | {_sentence(function)} |"


def _sentence(thing: Any) -> str:
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {len(page().splitlines())} lines\n")
