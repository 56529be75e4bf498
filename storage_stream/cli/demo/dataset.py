"""The data set of the demonstration: a table, a log in JSON lines, and pictures, as local files.

The digests are taken while the files are written, by code that has nothing to do with the client:
what comes back later is compared with them. The module knows nothing of storage services.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storage_stream.cli.demo.picture import png

TABLE = "tables/measurements.csv"
LOG = "logs/events.jsonl"
PICTURES = "pictures/"
WANTED_LEVEL = "error"

_TABLE_SHARE, _LOG_SHARE = 0.5, 0.25  # of the bytes; the rest are pictures
_ROWS_PER_BLOCK = 20_000  # about 1 MB: often enough for a progress bar, seldom enough for speed
_VARIETY = 997  # a prime, so that the repeating parts do not fall into step


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of the data set.

    Attributes:
        name: Of the object it becomes.
        path: Where it is.
        size: In bytes.
        sha256: Its digest, in hexadecimal.
    """

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(slots=True)
class DataSet:
    """What was made.

    Attributes:
        files: All files; the table first, then the log, then the pictures.
        log_lines: Lines of the log.
        wanted_lines: Those of `WANTED_LEVEL`.
        wanted_sha256: The digest of the wanted lines alone.
    """

    files: list[MadeFile] = field(default_factory=list[MadeFile])
    log_lines: int = 0
    wanted_lines: int = 0
    wanted_sha256: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class DataSetMaker:
    """Writes the data set, a block at a time.

    Args:
        folder: Where the files go.
        size: About how many bytes they are to have together.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size
        self.made = DataSet()

    def steps(self) -> Iterator[int]:
        """Write; yields the bytes of each block that was written. `made` is whole at the end."""
        yield from self._write(TABLE, _table(int(self._size * _TABLE_SHARE)))
        yield from self._write(LOG, self._log(int(self._size * _LOG_SHARE)))
        number = 0
        while number == 0 or self.made.size < self._size:
            number += 1
            yield from self._write(f"{PICTURES}{number:04}.png", iter([png(number)]))

    def _write(self, name: str, blocks: Iterator[bytes]) -> Iterator[int]:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            for block in blocks:
                file.write(block)
                digest.update(block)
                size += len(block)
                yield len(block)
        self.made.files.append(MadeFile(name, path, size, digest.hexdigest()))

    def _log(self, size: int) -> Iterator[bytes]:
        wanted = hashlib.sha256()
        mark = b'"level": "' + WANTED_LEVEL.encode()
        for block in _blocks(size, _log_line()):
            lines = block.splitlines(keepends=True)
            chosen = [line for line in lines if mark in line]
            wanted.update(b"".join(chosen))
            self.made.log_lines += len(lines)
            self.made.wanted_lines += len(chosen)
            yield block
        self.made.wanted_sha256 = wanted.hexdigest()


def _table(size: int) -> Iterator[bytes]:
    yield b"second,station,temperature_c,humidity_percent,wind_m_s\n"
    chance = random.Random(1)  # noqa: S311 - reproducible data, no secrets
    tails = [
        f"S{chance.randrange(500):03},{chance.gauss(12, 8):.2f},{chance.uniform(20, 99):.1f},"
        f"{chance.expovariate(0.2):.1f}\n"
        for _ in range(_VARIETY)
    ]
    yield from _blocks(size, lambda number: f"{number},{tails[number % _VARIETY]}")


def _log_line() -> Callable[[int], str]:
    chance = random.Random(2)  # noqa: S311 - reproducible data, no secrets
    levels = ["debug", "info", "info", "info", "warning", WANTED_LEVEL]
    verbs = ["opened", "closed", "moved", "shared", "lost", "found"]
    tails = [
        json.dumps(
            {
                "level": chance.choice(levels),
                "user": f"user-{chance.randrange(10_000):04}",
                "message": f"{chance.choice(verbs)} {chance.randrange(100_000)} items — très bien",
            }
        ).removeprefix("{")
        for _ in range(_VARIETY)
    ]
    return lambda number: f'{{"id": {number}, {tails[number % _VARIETY]}\n'


def _blocks(size: int, line: Callable[[int], str]) -> Iterator[bytes]:
    """Blocks of whole lines, at least one, until `size` bytes are reached."""
    number, written = 0, 0
    while written < max(size, 1):
        block = "".join(map(line, range(number, number + _ROWS_PER_BLOCK))).encode()
        number += _ROWS_PER_BLOCK
        written += len(block)
        yield block
