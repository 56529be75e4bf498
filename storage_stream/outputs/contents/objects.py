"""An object in a bucket, as the content of an answer, in as few requests as the question allows.

A question without conditions, for all of it or for one range, is one request: the headers of the
bytes tell what the object is. Where its facts are known already (a blob was pinned to a
generation), conditions cost none besides, and every question is one request. Only a conditional
question about an object that nothing is known of is two: what it is, and its bytes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from storage_stream.errors import (
    Gone,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    RangeNotSatisfiable,
    TruncatedStream,
)
from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.contents.facts import ObjectFacts
from storage_stream.outputs.planning.byte_ranges import parse_ranges
from storage_stream.outputs.planning.representation import accepts_gzip

if TYPE_CHECKING:
    from storage_stream import DownloadKeywords, Storage, StreamResponse
    from storage_stream.outputs.planning.byte_ranges import Span
    from storage_stream.outputs.planning.representation import Representation, RequestHead

__all__ = ["ObjectContent", "ObjectPieces", "ServedObject"]

BUFFER_BYTES = 192 * 1024
"""Of each answer, besides a piece on its way: what a slow client costs, times their number."""

_LARGEST = 1 << 62  # bytes; a service that counts in 64 bits need not understand more


class ServedObject:
    """An object, or one generation of it, that any number of answers serve.

    Args:
        storage: The client; it stays the caller's.
        bucket: Its bucket.
        name: Its name.
        generation: Which version; None: whichever is live when an answer begins.
        media_type: What it is served as; None: as the bucket knows it.
        filename: What a browser shall call it.
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        name: str,
        *,
        generation: int | None = None,
        media_type: str | None = None,
        filename: str | None = None,
    ) -> None:
        self.storage = storage
        self.bucket = bucket
        self.name = name
        self.generation = generation
        self.media_type = media_type
        self.filename = filename
        self.facts: ObjectFacts | None = None  # kept only where the generation is pinned

    @property
    def subject(self) -> str:
        """Its `gs://` name."""
        return f"gs://{self.bucket}/{self.name}"

    async def look(self) -> ObjectFacts:
        """Ask what it is. One request.

        Raises:
            NotFound: It is not there (any more).
        """
        stat = await self.storage.stat(self.bucket, self.name, generation=self.generation)
        return self.learn(ObjectFacts.of_stat(stat))

    async def stream(
        self, start: int, stop: int | None, *, raw: bool = True, generation: int | None = None
    ) -> StreamResponse:
        """Its bytes. One request, and one more for each time it breaks."""
        wanted: DownloadKeywords = {"start": start, "end": stop, "raw": raw}
        chosen = self.generation if generation is None else generation
        if chosen is not None:
            wanted["generation"] = chosen
        return await self.storage.download_stream(
            self.bucket, self.name, buffer_bytes=BUFFER_BYTES, **wanted
        )

    def learn(self, facts: ObjectFacts) -> ObjectFacts:
        """Keep what was told, where it holds for every later answer."""
        if self.generation is not None:
            self.facts = facts
        return facts


class ObjectPieces:
    """A stream of an object's bytes, of which so many are to come."""

    def __init__(self, stream: StreamResponse, length: int | None) -> None:
        self._stream = stream
        self._left = length

    async def next(self) -> bytes:
        """The next piece.

        Raises:
            TruncatedStream: It ended early.
            StorageError: It cannot be continued.
        """
        piece = await self._stream.read1(PIECE_BYTES)
        if self._left is None:
            return piece
        self._left -= len(piece)
        if self._left < 0 or (self._left and not piece):
            raise TruncatedStream("the object is not as long as its length was told")
        return piece

    def close(self) -> None:
        """End the request."""
        self._stream.close()


class ObjectContent:
    """An object for one answer.

    Args:
        served: The object.
    """

    def __init__(self, served: ServedObject) -> None:
        self._served = served
        self._facts: ObjectFacts | None = None
        self._is_fresh = False  # told by a request of this very answer
        self._accepts_gzip = False
        self._early: StreamResponse | None = None
        self._early_start = 0
        self._open: list[ObjectPieces] = []

    async def representation(self, request: RequestHead) -> Representation:
        """What there is; with it, where the question is plain, the stream of what was asked for.

        Raises:
            NotFound: It is not there.
        """
        self._accepts_gzip = accepts_gzip(request.accept_encoding)
        facts = self._served.facts
        if facts is None:
            facts = await self._begin(request) or await self._served.look()
            self._is_fresh = True
        self._facts = facts
        served = self._served
        return facts.representation(
            served.media_type, served.filename, accepts_gzip=self._accepts_gzip
        )

    async def confirm(self) -> None:
        """Ask whether the generation is there still, unless this answer has just been told.

        Raises:
            NotFound: It is not.
        """
        if not self._is_fresh:
            await self._served.look()

    async def open(self, span: Span) -> ObjectPieces:
        """Begin to read: with the stream that is open already, or by a request.

        Raises:
            NotFound: It is not there any more.
            ObjectChanged: It was overwritten while this was decided.
        """
        stream = self._taken(span)
        if stream is None:
            stream = await self._requested(span)
        pieces = ObjectPieces(stream, span.length)
        self._open.append(pieces)
        return pieces

    def close(self) -> None:
        """End all requests."""
        self._drop_early()
        while self._open:
            self._open.pop().close()

    async def _begin(self, request: RequestHead) -> ObjectFacts | None:
        """Ask for the bytes at once; None where that would not do."""
        asked = _plain_range(request)
        if asked is None:
            return None
        with contextlib.suppress(RangeNotSatisfiable):  # then its size is needed, for the 416
            self._early = await self._served.stream(*asked)
            facts = ObjectFacts.of_head(self._early.metadata)
            if facts is None:
                self._drop_early()
                return None
            self._early_start = asked[0] if asked[0] >= 0 else max(0, facts.size + asked[0])
            return self._served.learn(facts)
        return None

    def _taken(self, span: Span) -> StreamResponse | None:
        """The stream that is open already, where it is of exactly these bytes."""
        early, facts = self._early, self._facts
        if early is None or facts is None:
            return None
        decoded = facts.is_gunzipped(accepts_gzip=self._accepts_gzip)
        fits = early.content_length == span.length and self._early_start == span.start
        if decoded or not fits:
            self._drop_early()
            return None
        self._early = None
        return early

    async def _requested(self, span: Span) -> StreamResponse:
        facts = self._facts
        raw = facts is None or not facts.is_gunzipped(accepts_gzip=self._accepts_gzip)
        stop = span.stop if facts is None or span.stop != facts.size or span.start else None
        try:
            return await self._served.stream(
                span.start, stop, raw=raw, generation=facts.generation if facts else None
            )
        except (NotFound, Gone, PreconditionFailed) as error:
            if self._served.generation is not None:
                raise
            raise ObjectChanged(
                "it was overwritten while it was answered", subject=self._served.subject
            ) from error

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early.close()
            self._early = None


def _plain_range(request: RequestHead) -> tuple[int, int | None] | None:
    """What to ask the service for without knowing anything; None where something must be known."""
    if request.method != "GET" or request.is_conditional:
        return None
    specs = parse_ranges(request.range) if request.range is not None else ()
    if not specs:
        return 0, None
    spec, *others = specs
    if others:
        return None
    first, last = spec.first, spec.last
    if first is None:
        return (-min(last, _LARGEST), None) if last else None
    if first >= _LARGEST:
        return None
    return first, None if last is None or last >= _LARGEST else last + 1
