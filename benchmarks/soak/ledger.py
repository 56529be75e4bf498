"""What a client meant to do, and what it was told: written before and after, read by the judge.

A line is handed to the kernel in one write, so that it survives the process; a machine that loses
its power is not in question. What was begun and never told as done may be there or not.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.soak.content import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["Ledger", "Model", "Name", "ObjectModel", "read_lines"]

Name = tuple[str, str]
"""A bucket and an object."""


class Ledger:
    """The lines of one client; it goes on with those of the client that was killed before."""

    def __init__(self, path: Path) -> None:
        lines = list(read_lines(path))
        self._numbers = itertools.count(max((line["n"] for line in lines), default=0) + 1)
        # A line that a kill has cut would spoil the next one.
        start = b"\n" if path.exists() and path.stat().st_size else b""
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._descriptor, start)

    def new_number(self) -> int:
        """A number that nothing else has, for a name or a seed."""
        return next(self._numbers)

    def put(self, name: Name, content: Content, *, may_repeat: bool = False) -> int:
        """An object is about to be made.

        Args:
            name: Of the object.
            content: Of the object.
            may_repeat: Whether the call may make it several times, with the same bytes.
        """
        said = {"put": list(name), "content": content.document(), "repeat": may_repeat}
        return self._begin(said)

    def delete(self, name: Name) -> int:
        """An object is about to be deleted."""
        return self._begin({"delete": list(name)})

    def done(self, number: int) -> None:
        """It was acknowledged."""
        self._write({"n": number, "done": True})

    def kept(self, number: int) -> None:
        """It failed, and what was there before was not taken away: it is there, or the new is.

        A client that is told wrong checksums removes what it made; then what that replaced is
        gone. Only one that did not come to that can say this.
        """
        self._write({"n": number, "kept": True})

    def close(self) -> None:
        """Nothing more will be written."""
        os.close(self._descriptor)

    def _begin(self, said: dict[str, Any]) -> int:
        number = self.new_number()
        self._write({"n": number, **said})
        return number

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a ledger; none where there is no file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            with suppress(ValueError):  # cut by a kill: as if it was not written
                if line.endswith(b"\n"):
                    yield json.loads(line)


@dataclass(slots=True)
class ObjectModel:
    """What may be under one name.

    Attributes:
        live: What may be live now; None stands for nothing.
        must: What was made for certain, by how often.
        may: What may have been made besides, by how often.
        repeats: What may have been made any number of times.
    """

    live: set[Content | None] = field(default_factory=lambda: {None})
    must: Counter[Content] = field(default_factory=Counter[Content])
    may: Counter[Content] = field(default_factory=Counter[Content])
    repeats: set[Content] = field(default_factory=set[Content])

    @property
    def certain(self) -> Content | None:
        """What is live for certain; None where it is not there, or nobody knows."""
        return next(iter(self.live)) if len(self.live) == 1 else None


class Model:
    """What the ledgers of all clients allow to be there."""

    def __init__(self) -> None:
        self.objects: dict[Name, ObjectModel] = {}

    def read(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take in a ledger, in its order."""
        kept = list(lines)
        done = {line["n"] for line in kept if line.get("done")}
        whole = {line["n"] for line in kept if line.get("kept")}
        for line in kept:
            if "put" in line:
                content = Content.read(line["content"])
                self._put(line, content, is_done=line["n"] in done, is_kept=line["n"] in whole)
            elif "delete" in line:
                found = self._object(line["delete"])
                found.live = {None} if line["n"] in done else found.live | {None}

    def _put(self, line: dict[str, Any], content: Content, *, is_done: bool, is_kept: bool) -> None:
        found = self._object(line["put"])
        found.live = {content} if is_done else found.live | {content}
        if not is_done and not is_kept:
            found.live |= {None}
        (found.must if is_done else found.may)[content] += 1
        if line["repeat"]:
            found.repeats.add(content)

    def _object(self, name: list[str]) -> ObjectModel:
        return self.objects.setdefault((name[0], name[1]), ObjectModel())
