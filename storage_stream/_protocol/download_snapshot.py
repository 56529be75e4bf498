"""Where a download stands, as a value that goes to JSON and back.

It is read back from a file that may be damaged or of another program, so reading is checking:
what is not certainly a snapshot is refused, before a byte is fetched for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.media_head import Coding, ObjectHead
from storage_stream._protocol.ranges import ByteRange
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DownloadSnapshot"]

_CRC_VALUES = 1 << 32


@dataclass(frozen=True, slots=True)
class DownloadSnapshot:
    """Where a download stands; the fields are those of `ResumableDownload`.

    Attributes:
        wanted: Which bytes.
        raw: Whether stored gzip is delivered as it is.
        generation: The generation that is being read, if it is known or was asked for.
        offset: The next byte.
        total: The size of the object, if it is known.
        coding: How the body comes, or None before the first one.
        crc32c: The checksum of the bytes from the first wanted one up to `offset`.
        accept_gzip: Whether compressed bodies may come.
        from_zero: Whether the object is asked for without a range.
        object: What identifies the object, or None before the first answer.
    """

    wanted: ByteRange
    raw: bool
    generation: int | None
    offset: int
    total: int | None
    coding: Coding | None
    crc32c: int
    accept_gzip: bool
    from_zero: bool
    object: ObjectHead | None

    def to_json(self) -> dict[str, Any]:
        """The snapshot as JSON can hold it."""
        known = self.object
        return {
            "start": self.wanted.start,
            "stop": self.wanted.stop,
            "raw": self.raw,
            "generation": self.generation,
            "offset": self.offset,
            "total": self.total,
            "coding": self.coding.name if self.coding else None,
            "crc32c": self.crc32c,
            "accept_gzip": self.accept_gzip,
            "from_zero": self.from_zero,
            "object": known and {name: getattr(known, name) for name in _FACTS},
        }

    @classmethod
    def from_json(cls, snapshot: Mapping[str, Any]) -> DownloadSnapshot:
        """Read what `to_json` wrote.

        Raises:
            InvalidArgument: It is no snapshot of a download.
        """
        try:
            self = cls._read(snapshot)
        except (KeyError, TypeError) as error:
            raise InvalidArgument(f"this is no snapshot of a download: {error!r}") from error
        ends = [end for end in (self.wanted.stop, self.total) if end is not None]
        if not (self.wanted.start <= self.offset <= min(ends, default=self.offset)):
            raise InvalidArgument(f"the snapshot stands at {self.offset}, outside of what it reads")
        if not 0 <= self.crc32c < _CRC_VALUES:
            raise InvalidArgument(f"the snapshot's crc32c is {self.crc32c}")
        return self

    @classmethod
    def _read(cls, snapshot: Mapping[str, Any]) -> DownloadSnapshot:
        coding, known = snapshot["coding"], snapshot["object"]
        return cls(
            wanted=ByteRange(_integer(snapshot["start"]), _maybe(snapshot["stop"])),
            raw=bool(snapshot["raw"]),
            generation=_maybe(snapshot["generation"]),
            offset=_integer(snapshot["offset"]),
            total=_maybe(snapshot["total"]),
            coding=None if coding is None else Coding[coding],
            crc32c=_integer(snapshot["crc32c"]),
            accept_gzip=bool(snapshot["accept_gzip"]),
            from_zero=bool(snapshot["from_zero"]),
            object=None if known is None else ObjectHead(**{name: known[name] for name in _FACTS}),
        )


# What tells an object from another, and what says how its bytes are read. The rest of what is
# known about it comes again with the next answer.
_FACTS = ("generation", "crc32c", "etag", "content_encoding")


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _maybe(value: object) -> int | None:
    return None if value is None else _integer(value)
