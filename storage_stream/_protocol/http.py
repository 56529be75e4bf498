"""What is asked and what is answered, as values.

A transport turns a `Request` into bytes on a connection and what comes back into a `ReplyHead`
(the body follows separately) or a whole `Reply`. Nothing here knows how.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

__all__ = [
    "Content",
    "Framing",
    "Headers",
    "Reply",
    "ReplyHead",
    "Request",
    "check_header_text",
    "parse_number",
]

_MOST_DIGITS = 19  # as many as 64 bits have; Python refuses to read thousands of them


def parse_number(text: str | None) -> int | None:
    """The plain number that a header says, or None when it says none (RFC 9110 §8.6)."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    return int(text)


def check_header_text(text: str) -> str:
    """A header's name or value that a caller gave, if it stays in its line.

    Raises:
        InvalidArgument: It holds a line break, and would become another header; or a NUL, at which
            some would cut it.
    """
    if "\r" in text or "\n" in text or "\0" in text:
        raise InvalidArgument("a header cannot hold a line break or a NUL")
    return text


class Headers:
    """Header lines in order; names are compared without regard to case.

    A name may stand in several lines (`x-goog-hash` does): `get` gives the first, `get_all` all.
    """

    __slots__ = ("_first", "_made_lines")

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._made_lines = tuple((name.lower(), value) for name, value in lines)
        self._first: dict[str, str] | None = None  # made when it is first asked

    @classmethod
    def of(cls, mapping: Mapping[str, str]) -> Headers:
        """The headers of a plain mapping."""
        return cls(mapping.items())

    @classmethod
    def lowered(cls, lines: Iterable[tuple[str, str]]) -> Headers:
        """The headers of lines whose names are in lower case already."""
        self = cls.__new__(cls)
        self._made_lines = tuple(lines)
        self._first = None
        return self

    @property
    def _lines(self) -> tuple[tuple[str, str], ...]:
        return self._made_lines

    def get(self, name: str) -> str | None:
        """The first value of a header, or None."""
        if self._first is None:
            self._first = dict(reversed(self._lines))
        return self._first.get(name.lower())

    def get_all(self, name: str) -> list[str]:
        """All values of a header in the order of their lines."""
        name = name.lower()
        return [value for key, value in self._lines if key == name]

    def followed_by(self, lines: tuple[tuple[str, str], ...]) -> Headers:
        """These headers, and behind them lines with names in lower case."""
        return Headers.lowered(self._lines + lines)

    def replaced(self, other: Iterable[tuple[str, str]]) -> Headers:
        """These headers with those of `other` in place of the same names."""
        added = Headers(other)
        names = {name for name, _ in added}
        return Headers((*(line for line in self if line[0] not in names), *added))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._lines)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __len__(self) -> int:
        return len(self._lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._lines == other._lines

    def __hash__(self) -> int:
        return hash(self._lines)

    def __repr__(self) -> str:
        # Values may be secrets (authorization, encryption keys); names never are.
        return f"Headers({[name for name, _ in self._lines]})"


class Content(Protocol):
    """A request body that is read while it is sent, and can be read again for a repeat."""

    @property
    def length(self) -> int:
        """Bytes that `chunks` will give in all."""
        ...

    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """The body from its beginning; each call begins anew."""
        ...


_NO_HEADERS: Final = Headers()


# Tuples, and no dataclasses: one of each is made for every small object, and a frozen dataclass
# takes two and a half times as long to make.
class Request(NamedTuple):
    """One HTTP request.

    Attributes:
        method: The HTTP method, in capitals.
        target: Path with its query, already percent-encoded and beginning with `/`, below the
            API root. A resumable session is the one case that is a whole URL.
        headers: Without those that the sender adds (authorization, user agent).
        body: Bytes, or a `Content` that is read while it is sent.
        buffer_bytes: What may be held of the answer's body that nobody has read; None for as much
            as is fast.
    """

    method: str
    target: str
    headers: Headers = _NO_HEADERS
    body: bytes | Content = b""
    buffer_bytes: int | None = None

    def at(self, target: str) -> Request:
        """The same request to another target."""
        return self._replace(target=target)

    def with_headers(self, *lines: tuple[str, str]) -> Request:
        """The same request with these header lines in place of those of the same names."""
        return self._replace(headers=self.headers.replaced(lines))

    def __repr__(self) -> str:
        # Without the body: it is long, and the caller's.
        return f"Request({self.method!r}, {self.target!r}, {self.headers!r})"


class Framing(enum.Enum):
    """How the end of a body is known (RFC 9112 §6.3); it decides whether an end is believed."""

    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"


class ReplyHead(NamedTuple):
    """The status and headers of an answer."""

    status: int
    reason: str = ""
    headers: Headers = _NO_HEADERS

    @property
    def content_length(self) -> int | None:
        """Content-Length, or None when there is none that is a plain number."""
        return parse_number(self.headers.get("content-length"))


class Reply(NamedTuple):
    """A whole answer."""

    head: ReplyHead
    body: bytes = b""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.head.status

    @property
    def headers(self) -> Headers:
        """The answer's headers."""
        return self.head.headers
