"""What is known about the bytes that are served, and about the request for them.

Two values, made at the border: everything behind them is independent of the web framework. They
refuse to know where the bytes are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Representation", "RequestHead", "accepts_gzip", "http_date", "parse_date"]

_UNSAFE_MEDIA_TYPE = "application/octet-stream"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 §5.6.2
_MEDIA_TYPE = re.compile(
    rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"[ !#-\[\]-~]*\"))*", re.ASCII
)
_RUN_BY_BROWSERS = re.compile(  # any XML may hold XHTML or SVG (RFC 7303 §4.2)
    r"text/html|(?:text|application)/xml|text/xsl|[^/]*/[^/]*\+xml|multipart/x-mixed-replace",
    re.IGNORECASE,
)
_NO_QUALITY = re.compile(r"q\s*=\s*0(?:\.0*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Representation:
    """What would be sent to somebody who asks for all of it (RFC 9110 §3.2).

    Attributes:
        size: Bytes, or None where that is not known before (they are decompressed on the way).
        media_type: Its MIME type; one that no header can carry is sent as
            `application/octet-stream`.
        etag: A strong entity tag with its quotes, or None.
        last_modified: When it was last changed, or None.
        content_encoding: In which encoding the bytes are (`gzip`), or None.
        varies: Whether another `Accept-Encoding` would be given other bytes.
        filename: What a browser shall call it when it is saved, or None.
    """

    size: int | None
    media_type: str = _UNSAFE_MEDIA_TYPE
    etag: str | None = None
    last_modified: datetime | None = None
    content_encoding: str | None = None
    varies: bool = False
    filename: str | None = None

    @property
    def content_type(self) -> str:
        """The media type as a header line can carry it."""
        is_one = _MEDIA_TYPE.fullmatch(self.media_type)
        return self.media_type if is_one and "*" not in self.media_type else _UNSAFE_MEDIA_TYPE

    @property
    def is_run_by_browsers(self) -> bool:
        """Whether a browser that opens it would run scripts in it, in the name of its server."""
        return _RUN_BY_BROWSERS.fullmatch(self.content_type.partition(";")[0].strip()) is not None


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What of a request has a say in its answer; headers that it does not have are None."""

    method: str
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None
    if_range: str | None = None
    range: str | None = None
    accept_encoding: str | None = None

    @classmethod
    def of(cls, method: str, headers: Mapping[str, str]) -> RequestHead:
        """Read it.

        Args:
            method: GET or HEAD.
            headers: By lower-case name; of several lines of one name, joined by commas.
        """
        return cls(method.upper(), *(headers.get(name) for name in READ_HEADERS))

    @property
    def is_conditional(self) -> bool:
        """Whether the answer depends on validators, `If-Range` too."""
        return any((
            self.if_match is not None,
            self.if_none_match is not None,
            self.if_modified_since is not None,
            self.if_unmodified_since is not None,
            self.if_range is not None and self.range is not None,
        ))  # fmt: skip


READ_HEADERS = (
    *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    *("if-range", "range", "accept-encoding"),
)
"""In the order of `RequestHead`'s fields."""


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip may be sent (RFC 9110 §12.5.3); without the header it is not assumed.

    The RFC lets a server send any coding to who sends no such header, but programs that send none
    decode none.
    """
    allowed: dict[str, bool] = {}
    for part in (accept_encoding or "").split(","):
        coding, *parameters = (word.strip().lower() for word in part.split(";"))
        allowed[coding] = not any(_NO_QUALITY.fullmatch(word) for word in parameters)
    for coding in ("gzip", "x-gzip", "*"):
        if coding in allowed:
            return allowed[coding]
    return False


def http_date(moment: datetime) -> str:
    """A time as header lines carry it, in whole seconds (RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_date(text: str | None) -> datetime | None:
    """A header's time, or None where it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
