"""What a sliced download has brought, in a file that outlives the process.

It stands beside the part file and is rewritten as slices arrive. Nothing in it is believed
without a look: the bytes it names are compared with their checksums before they are kept, and
the object with the service's. It holds names, no key and no token.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from storage_stream._protocol.slice_plan import Filled
from storage_stream.errors import InvalidArgument

__all__ = ["DownloadIdentity", "DownloadJournal"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class DownloadIdentity:
    """What must be the same for one process to go on with another's download.

    Attributes:
        subject: The object's `gs://` name.
        first: The first byte that was asked for; negative counts from the end.
        last: One behind the last byte that was asked for, or None.
        raw: Whether stored gzip is wanted as it is.
    """

    subject: str
    first: int
    last: int | None
    raw: bool


@dataclass(frozen=True, slots=True)
class DownloadJournal:
    """What is in the part file.

    Attributes:
        identity: What was asked for.
        generation: Of the object.
        start: The offset in the object of the file's first byte.
        stop: The offset behind its last one.
        filled: Which bytes are there.
    """

    identity: DownloadIdentity
    generation: int
    start: int
    stop: int
    filled: tuple[Filled, ...]

    def write(self) -> bytes:
        """As it stands in the file."""
        filled = [[part.start, part.stop, part.crc] for part in self.filled]
        own = {"generation": self.generation, "start": self.start, "stop": self.stop}
        content = {"version": _VERSION, **asdict(self.identity), **own, "filled": filled}
        return json.dumps(content).encode()

    @classmethod
    def read(cls, text: bytes) -> DownloadJournal:
        """Read it back.

        Raises:
            InvalidArgument: It is none that this version wrote.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            if content["version"] != _VERSION:
                raise InvalidArgument("a journal of another version")
            identity = DownloadIdentity(
                *(content[name] for name in ("subject", "first", "last", "raw"))
            )
            filled = tuple(Filled(*map(_number, part)) for part in content["filled"])
            generation, start, stop = (
                _number(content[name]) for name in ("generation", "start", "stop")
            )
            entry = cls(identity, generation, start, stop, filled)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise InvalidArgument(f"this is no journal of a download: {error}") from error
        ends = [entry.start, *(end for part in filled for end in (part.start, part.stop))]
        if [*ends, entry.stop] != sorted([*ends, entry.stop]):
            raise InvalidArgument("the journal of the download is damaged")
        return entry


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is no number of bytes")
    return value
