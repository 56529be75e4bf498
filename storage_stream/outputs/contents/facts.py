"""What is known about one generation of an object, whichever answer of the service told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from storage_stream.outputs.planning.representation import Representation, parse_date

if TYPE_CHECKING:
    from datetime import datetime

    from storage_stream import ObjectHead, ObjectStat

__all__ = ["DEFAULT_MEDIA_TYPE", "ObjectFacts"]

DEFAULT_MEDIA_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """One generation of an object.

    Attributes:
        generation: Which; None where the server has no generations.
        size: Bytes that are stored.
        media_type: The MIME type that the bucket knows.
        content_encoding: In which encoding it is stored, or None.
        checksum: Its crc32c, base64; an entity tag has it besides the generation, so that two
            buckets cannot be taken for each other.
        last_modified: When it was changed, its metadata too.
    """

    generation: int | None
    size: int
    media_type: str
    content_encoding: str | None
    checksum: str | None
    last_modified: datetime | None

    @classmethod
    def of_stat(cls, stat: ObjectStat) -> ObjectFacts:
        """As its resource tells."""
        return cls(
            stat.generation,
            stat.size,
            stat.content_type or DEFAULT_MEDIA_TYPE,
            _encoding(stat.content_encoding),
            stat.crc32c,
            stat.updated,
        )

    @classmethod
    def of_head(cls, head: ObjectHead) -> ObjectFacts | None:
        """As the headers of its media tell; None where they do not tell its size."""
        if head.size is None:
            return None
        return cls(
            head.generation,
            head.size,
            head.content_type or DEFAULT_MEDIA_TYPE,
            _encoding(head.content_encoding),
            head.crc32c,
            parse_date(head.last_modified),
        )

    def is_gunzipped(self, *, accepts_gzip: bool) -> bool:
        """Whether somebody gets it decompressed."""
        return self.content_encoding == "gzip" and not accepts_gzip

    def representation(
        self, media_type: str | None, filename: str | None, *, accepts_gzip: bool
    ) -> Representation:
        """What somebody is sent who accepts gzip, or does not."""
        decoded = self.is_gunzipped(accepts_gzip=accepts_gzip)
        return Representation(
            size=None if decoded else self.size,
            media_type=media_type or self.media_type,
            etag=self._etag("-identity" if decoded else ""),
            last_modified=self.last_modified,
            content_encoding=None if decoded else self.content_encoding,
            varies=self.content_encoding == "gzip",
            filename=filename,
        )

    def _etag(self, variant: str) -> str | None:
        if self.generation is None:
            return None
        return f'"{self.generation}-{self.checksum or "unknown"}{variant}"'


def _encoding(stored: str | None) -> str | None:
    coding = (stored or "").strip().lower()
    if coding in {"", "identity"}:
        return None
    return "gzip" if coding == "x-gzip" else coding
