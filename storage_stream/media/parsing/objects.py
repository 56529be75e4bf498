"""`parse_object`: a picture of a bucket, decoded in a worker thread while it is downloaded.

The loop downloads, a thread decodes, and between them are at most a megabyte: when the decoder is
slower, the download waits. No thread waits for the network, so a few serve many objects.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Unpack, cast

from storage_stream import RequestKeywords
from storage_stream.errors import InvalidArgument
from storage_stream.media.bridge.pool import pool_of
from storage_stream.media.bridge.run import Run, check_wanted
from storage_stream.media.errors import MediaError
from storage_stream.media.parsing.stream_parser import ParserKeywords, StreamParser

if TYPE_CHECKING:
    from storage_stream import Storage, StreamResponse
    from storage_stream.media.parsing.pillow_bridge import Image

__all__ = ["ParseObjectKeywords", "parse_object"]

_MOST_QUEUED_BYTES = 1 << 20


class ParseObjectKeywords(ParserKeywords, RequestKeywords, total=False):
    """What the parser can be told, and the request: `ParserKeywords` and `RequestKeywords`."""


async def parse_object(
    storage: Storage,
    bucket: str,
    object_name: str,
    *,
    chunk_size: int = 64 * 1024,
    generation: int | None = None,
    parser: StreamParser | None = None,
    **options: Unpack[ParseObjectKeywords],
) -> Image.Image:
    """A picture in a bucket, decoded while it is downloaded; the event loop is not held up.

    One request, and one more for each time the download breaks: it goes on where it was, of the
    same generation, and its checksum is verified. `on_header` and `on_rows` are called in the
    worker thread; what they raise stops the download and is raised here.

    Cancelling stops the download and waits for the thread: until the piece it works on is
    decoded, or the whole picture if it is one that Pillow decodes in one step at its end.

    Args:
        storage: The client.
        bucket: The bucket.
        object_name: The object.
        chunk_size: Bytes that are handed to the decoder at once; 1 MiB at most.
        generation: Which generation; None for the one that is live.
        parser: A parser of yours, such as a `StreamingProcessor`, that nothing was fed to; else
            one is made.
        **options: See `ParserKeywords`, which are not for a `parser` that is given, and
            `RequestKeywords`.

    Raises:
        NotFound: There is no such object.
        UnidentifiedImage: It is no picture of a format that is read.
        ImageTooLarge: It has too many pixels; the download stopped there.
        TruncatedImage: It was stored without its end.
        DamagedImage: It cannot be decoded.
        InvalidArgument: `chunk_size` is less than 1 or more than 1 MiB, or both a parser and its
            options were given.
    """
    if not 0 < chunk_size <= _MOST_QUEUED_BYTES:
        raise InvalidArgument(f"a chunk has 1 to {_MOST_QUEUED_BYTES} bytes, not {chunk_size}")
    told, asked = _parted(options)
    if parser is not None and told:
        raise InvalidArgument(f"{min(told)} is for a new parser, and one was given")
    used = StreamParser(**told) if parser is None else parser
    subject = f"gs://{bucket}/{object_name}"
    try:
        with used:
            stream = storage.download_stream(bucket, object_name, generation=generation, **asked)
            async with stream as opened:
                return await _parsed(storage, opened, used, chunk_size, subject)
    except MediaError as error:
        error.subject = error.subject or subject
        raise


def _parted(options: ParseObjectKeywords) -> tuple[ParserKeywords, RequestKeywords]:
    """What is the parser's; all else is the request's, which knows its names."""
    names = ParserKeywords.__annotations__.keys()
    told = {name: value for name, value in options.items() if name in names}
    asked = {name: value for name, value in options.items() if name not in names}
    return cast("ParserKeywords", told), cast("RequestKeywords", asked)


async def _parsed(
    storage: Storage, stream: StreamResponse, parser: StreamParser, chunk_size: int, subject: str
) -> Image.Image:
    pool = pool_of(storage)

    queue = _Queue()
    download = asyncio.create_task(_download(stream, queue, chunk_size))
    try:
        while pieces := await queue.take():
            await pool.run(Run(subject), partial(_feed, parser, pieces))
        await download  # raises what broke it
        return await pool.run(Run(subject), parser.close)
    finally:
        download.cancel()
        await asyncio.wait([download])
        if not download.cancelled():
            download.exception()  # either raised above, or what was raised counts more


def _feed(parser: StreamParser, pieces: list[bytes]) -> None:
    for piece in pieces:
        check_wanted()
        parser.feed(piece)


async def _download(stream: StreamResponse, queue: _Queue, chunk_size: int) -> None:
    try:
        async for chunk in stream.iter_chunks(chunk_size):
            await queue.put(chunk)
    finally:
        queue.end()


class _Queue:
    """Pieces on their way to the decoder, a megabyte of them at most."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._is_ended = False
        self._changed = asyncio.Event()  # there are pieces, or the end
        self._room = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        while self._pieces and self._size + len(piece) > _MOST_QUEUED_BYTES:
            self._room.clear()
            await self._room.wait()
        self._pieces.append(piece)
        self._size += len(piece)
        self._changed.set()

    def end(self) -> None:
        self._is_ended = True
        self._changed.set()

    async def take(self) -> list[bytes]:
        """All that is there; nothing when it has ended."""
        while not self._pieces and not self._is_ended:
            self._changed.clear()
            await self._changed.wait()
        taken = list(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._room.set()
        return taken
