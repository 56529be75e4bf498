"""What all operations of one client share, and what is wrong when one of them finds it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.soak.content import Content
from benchmarks.soak.place import PLAIN, VERSIONED

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from benchmarks.soak.ledger import Ledger, Name
    from benchmarks.soak.pool import Pool
    from storage_stream import Storage
    from storage_stream.sync import Storage as SyncStorage

__all__ = ["Client", "Lost", "WrongBytes"]

_SIZES = ((0, 100), (100, 20_000), (20_000, 300_000), (300_000, 3_000_000))
_SIZE_WEIGHTS = (25, 45, 22, 8)
_AWKWARD = ("ä b", "a+b%2F", "q?x#y", "e\u0301", "plain", "deep/er/", "*[!a]")


class WrongBytes(Exception):  # noqa: N818 - it is what happened
    """The client gave other bytes than are stored, and did not say so."""


class Lost(Exception):  # noqa: N818 - the same
    """What was acknowledged is not there."""


@dataclass(slots=True)
class Client:
    """One client of a run.

    Attributes:
        storage: The asynchronous client.
        ledger: What it means to do, and was told.
        pool: What is there for certain.
        folder: Its own, for files.
        prefix: What its objects' names begin with.
        chance: All that is random.
        counts: How often each operation ended how.
        wrong: What must not be: descriptions.
        moved: Bytes that were read and compared, or acknowledged.
        synchronous: The synchronous client.
        port: Where its objects are served as web answers.
        unfinished: Files beside which a failed download may have left something.
    """

    storage: Storage
    ledger: Ledger
    pool: Pool
    folder: Path
    prefix: str
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    moved: int = 0
    synchronous: SyncStorage = field(init=False)
    port: int = 0
    unfinished: set[Path] = field(default_factory=set["Path"])

    def a_target(self) -> Path:
        """A file to download into: one that a failure left something for, or one that is old."""
        if self.unfinished and self.chance.random() < 0.5:  # noqa: PLR2004 - half of the time
            return self.unfinished.pop()
        path = self.folder / "targets" / f"{self.ledger.new_number()}"
        if self.chance.random() < 0.5:  # noqa: PLR2004 - the same
            path.write_bytes(b"what was there before")
        return path

    def new_name(self, bucket: str | None = None) -> Name:
        """A name that nobody has had."""
        place = bucket or self.chance.choice((PLAIN, VERSIONED))
        word = self.chance.choice(_AWKWARD)
        return place, f"{self.prefix}{self.ledger.new_number():08}-{word}"

    def new_content(self, least: int = 0, most: int = 3_000_000) -> Content:
        """Bytes that nothing else holds."""
        low, high = self.chance.choices(_SIZES, _SIZE_WEIGHTS)[0]
        size = min(most, max(least, self.chance.randint(low, high)))
        return Content.of(self.ledger.new_number(), size)

    def begin(self, name: Name, content: Content, *, may_repeat: bool = False) -> int:
        """An object is about to be made; see `Ledger.put`."""
        return self.ledger.put(name, content, may_repeat=may_repeat)

    def made(self, number: int, name: Name, content: Content) -> None:
        """It was acknowledged."""
        self.ledger.done(number)
        self.pool.add(name, content)
        self.moved += content.size

    def compare(self, name: Name, expected: bytes, data: bytes | bytearray | memoryview) -> None:
        """Hold what was read against what is there.

        Raises:
            WrongBytes: They differ.
        """
        if data != expected:
            raise WrongBytes(f"{name}: {len(data)} bytes read, {len(expected)} expected")
        self.moved += len(data)

    # -- what another process may have to go on with -----------------------------------------

    def remember(self, number: int, document: dict[str, Any]) -> None:
        """Keep on disk what is needed to go on after a kill."""
        path = self.pending / f"{number}.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps(document), encoding="utf-8")
        new.replace(path)

    def forget(self, number: int) -> None:
        """Nothing is left to go on with."""
        (self.pending / f"{number}.json").unlink(missing_ok=True)

    @property
    def pending(self) -> Path:
        """Where that is kept."""
        return self.folder / "pending"
