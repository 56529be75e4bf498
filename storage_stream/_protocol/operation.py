"""A call as a value: what to send, whether it may be repeated, and how to read the answer."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import urlencode

from storage_stream._protocol.http import Content, Headers, Reply, ReplyHead, Request
from storage_stream._protocol.options import RequestOptions, merge_query
from storage_stream.errors import Gone, NotFound, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Idempotence", "Operation"]

T = TypeVar("T")


class Idempotence(enum.Enum):
    """Whether an operation may be sent again when its fate is unknown.

    https://cloud.google.com/storage/docs/retry-strategy#idempotency
    """

    ALWAYS = "always"
    IF_GENERATION = "when a generation is named"
    IF_GENERATION_MATCH = "when the generation of what it replaces is named"
    IF_SOURCE_OR_GENERATION_MATCH = "when the generation of what it moves or replaces is named"
    IF_METAGENERATION = "when a metageneration or an etag is named"
    IF_ETAG = "when an etag is named"
    NEVER = "never"


_MAKES_IDEMPOTENT: dict[Idempotence, frozenset[str]] = {
    Idempotence.IF_GENERATION: frozenset({"ifGenerationMatch", "generation"}),
    # Of these, `generation` says which source, and a repeat would make another object from it.
    Idempotence.IF_GENERATION_MATCH: frozenset({"ifGenerationMatch"}),
    Idempotence.IF_SOURCE_OR_GENERATION_MATCH: frozenset(
        {"ifGenerationMatch", "ifSourceGenerationMatch"}
    ),
    Idempotence.IF_METAGENERATION: frozenset({"ifMetagenerationMatch"}),
}
_ETAG_COUNTS = frozenset({Idempotence.IF_METAGENERATION, Idempotence.IF_ETAG})


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One call of the service.

    Attributes:
        name: The service's name for it, `storage.objects.get`.
        method: The HTTP method.
        path: Percent-encoded path below the API root.
        parse: Makes the result of a 2xx answer.
        subject: The `gs://` name for messages.
        query: Query parameters of the operation itself.
        headers: Header lines of the operation itself.
        body: The request's body.
        idempotence: Whether it may be repeated.
    """

    name: str
    method: str
    path: str
    parse: Callable[[Reply], T]
    subject: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = field(default_factory=Headers)
    body: bytes | Content = field(default=b"", repr=False)
    idempotence: Idempotence = Idempotence.ALWAYS

    def with_options(self, options: RequestOptions) -> Operation[T]:
        """The same with the caller's parameters and headers in place of its own."""
        return replace(
            self,
            query=merge_query(self.query, options.params),
            headers=self.headers.replaced(options.headers),
        )

    def with_query(self, query: tuple[tuple[str, str], ...]) -> Operation[T]:
        """The same with these query parameters in place of its own of the same names."""
        return replace(self, query=merge_query(self.query, query))

    @property
    def request(self) -> Request:
        """What goes on the wire."""
        target = f"{self.path}?{urlencode(self.query)}" if self.query else self.path
        return Request(self.method, target, self.headers, self.body)

    def was_done(self, refusal: StorageError) -> bool:
        """Whether the refusal of a repeat says that an attempt before it did the work.

        What is removed by a name that means one thing only is not there the second time. The
        answer of the first was lost; that somebody else was as quick comes to the same.
        """
        is_gone = isinstance(refusal, NotFound | Gone)
        return is_gone and self.method == "DELETE" and self.is_idempotent

    def parse_done(self) -> T:
        """The result where nobody tells it: what is removed has none."""
        return self.parse(Reply(ReplyHead(204)))

    @property
    def is_idempotent(self) -> bool:
        """Whether it may be sent again without knowing if it was carried out."""
        if self.idempotence is Idempotence.ALWAYS:
            return True
        if self.idempotence in _ETAG_COUNTS and "if-match" in self.headers:
            return True
        needed = _MAKES_IDEMPOTENT.get(self.idempotence, frozenset())
        return any(name in needed for name, _ in self.query)
