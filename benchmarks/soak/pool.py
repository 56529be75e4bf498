"""The objects that a client may work on: each is in one operation's hands at a time."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from benchmarks.soak.content import Content
    from benchmarks.soak.ledger import Name

__all__ = ["Held", "Pool"]


class Held:
    """Some objects in one operation's hands; those that it does not let go of come back."""

    def __init__(self, objects: dict[Name, Content]) -> None:
        self.objects = objects

    def retire(self, name: Name) -> None:
        """Nobody knows any more what is there: nobody touches it again."""
        del self.objects[name]


class Pool:
    """What is live for certain.

    Args:
        seed: For the choice.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._objects: dict[Name, Content] = {}
        self._names: list[Name] = []

    def __len__(self) -> int:
        return len(self._objects)

    def add(self, name: Name, content: Content) -> None:
        """It is there for certain."""
        if name not in self._objects:
            self._names.append(name)
        self._objects[name] = content

    @contextmanager
    def taken(self, count: int, bucket: str | None = None) -> Generator[Held]:
        """Take up to so many out of it for a while, of a bucket or of any."""
        held = Held(dict(self._take(count, bucket)))
        try:
            yield held
        finally:
            for name, content in held.objects.items():
                self.add(name, content)

    def _take(self, count: int, bucket: str | None) -> Generator[tuple[Name, Content]]:
        for _ in range(4 * count):
            if not count or not self._names:
                return
            place = self._random.randrange(len(self._names))
            name = self._names[place]
            if bucket in {None, name[0]}:
                self._names[place] = self._names[-1]
                self._names.pop()
                count -= 1
                yield name, self._objects.pop(name)
