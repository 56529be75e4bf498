"""What a server without a network answers: head, pieces, and the place where it breaks or stalls.

It refuses to know who reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from storage_stream._protocol.http import Framing, Headers, ReplyHead
from storage_stream.errors import ConnectionLost, StorageError

__all__ = ["Answer", "Stall", "Step", "steps_of"]

_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered.

    Attributes:
        status: The HTTP status.
        headers: A mapping, or a tuple of pairs, where a name may stand in several lines.
            `content-length` and `transfer-encoding` are added as the framing asks, unless they
            are given. A greater `content-length` than the body has makes an answer that breaks
            off at its end.
        body: Bytes, or pieces: each of them comes out of one read.
        framing: How the end of the body is known.
        reason: The HTTP reason.
        break_after: Bytes of the body after which the connection breaks, or None.
        stall_after: Bytes of the body after which no more come until
            `MemoryTransport.release` is called, or None.

    Raises:
        ValueError: It breaks or stalls outside of its body, or has a smaller `content-length`.
    """

    status: int = 200
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = ()
    body: bytes | Iterable[bytes] = b""
    framing: Framing = Framing.LENGTH
    reason: str = ""
    break_after: int | None = None
    stall_after: int | None = None

    def __post_init__(self) -> None:
        """Take copies, so that one answer can be given many times."""
        pieces = (self.body,) if isinstance(self.body, bytes) else tuple(self.body)
        object.__setattr__(self, "headers", self._lines)
        object.__setattr__(self, "body", tuple(bytes(piece) for piece in pieces if piece))
        for name in ("break_after", "stall_after"):
            position = getattr(self, name)
            if position is not None and not 0 <= position <= self.length:
                raise ValueError(f"{name}={position}: the body has {self.length} bytes")
        told = self.head.content_length
        if self.framing is Framing.LENGTH and told is not None and 0 < told < self.length:
            raise ValueError(f"content-length {told}: the body has {self.length} bytes")

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The body, as it comes out of the reads."""
        return (self.body,) if isinstance(self.body, bytes) else tuple(self.body)

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.pieces))

    @property
    def may_have_body(self) -> bool:
        """False for statuses whose answers end with their head (RFC 9110 §6.4.1)."""
        return self.status not in _WITHOUT_BODY

    @property
    def head(self) -> ReplyHead:
        """Status and headers as they go out."""
        headers = Headers(self._lines)
        added: tuple[tuple[str, str], ...] = ()
        if self.framing is Framing.CHUNKED:
            added = (("transfer-encoding", "chunked"),)
        elif self.framing is Framing.LENGTH and self.may_have_body:
            added = (("content-length", str(self.length)),)
        lines = (line for line in added if line[0] not in headers)
        return ReplyHead(self.status, self.reason, Headers((*headers, *lines)))

    @property
    def _lines(self) -> tuple[tuple[str, str], ...]:
        given = self.headers
        return given if isinstance(given, tuple) else tuple(given.items())


class Stall:
    """No more bytes come until this is taken away."""


Step = bytes | Stall | StorageError


def steps_of(answer: Answer) -> Iterator[Step]:
    """What the reads of a body meet: its pieces, cut where something happens."""
    done = 0
    for position, event in sorted(_events(answer), key=lambda pair: pair[0]):
        yield from _between(answer.pieces, done, position)
        yield event
        if not isinstance(event, Stall):
            return
        done = position
    yield from _between(answer.pieces, done, answer.length)


def _events(answer: Answer) -> Iterator[tuple[int, Step]]:
    if answer.stall_after is not None:
        yield answer.stall_after, Stall()
    if answer.break_after is not None:
        yield answer.break_after, ConnectionLost("the connection broke, as the test asked")
    elif answer.framing is Framing.LENGTH and (answer.head.content_length or 0) > answer.length:
        yield answer.length, ConnectionLost("the connection closed before the body's end")


def _between(pieces: tuple[bytes, ...], start: int, stop: int) -> Iterator[bytes]:
    position = 0
    for piece in pieces:
        part = piece[max(0, start - position) : max(0, stop - position)]
        if part:
            yield part
        position += len(piece)
