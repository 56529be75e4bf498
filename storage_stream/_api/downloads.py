"""Downloads: streams, bytes, files."""

from __future__ import annotations

import weakref
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack, cast

from storage_stream._api.base import ApiBase
from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.names import gs_name
from storage_stream._protocol.slice_plan import DEFAULT_SLICE_BYTES, DEFAULT_WORKERS
from storage_stream._transfer.at_once import download_at_once
from storage_stream._transfer.download import Download
from storage_stream._transfer.sliced import can_be_sliced
from storage_stream._transfer.sliced_file import SliceHow, download_to_file
from storage_stream._transfer.sliced_memory import fill, iterate, read_slices
from storage_stream.streams import DownloadRequest, StreamResponse

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator

    from storage_stream._api.client_parts import ClientParts
    from storage_stream._protocol.options import (
        DownloadKeywords,
        RequestKeywords,
        RequestOptions,
    )
    from storage_stream._transfer.asked import Asked
    from storage_stream.errors import ClientClosed

__all__ = ["Downloads"]

_USUAL = SliceHow()
_OF_GZIP = ("raw", "max_decoded_bytes")
_OF_A_PART = frozenset({"start", "end"})
_WINDOW_SLICE_BYTES = 8 * 1024 * 1024  # of which as many are held as there are workers


class Downloads(ApiBase):
    """An object's bytes, to wherever they are wanted."""

    def __init__(self, parts: ClientParts) -> None:
        super().__init__(parts)
        self._stream_sender = parts.stream_sender
        self._streams: weakref.WeakSet[StreamResponse] = weakref.WeakSet()

    def download_stream(
        self,
        bucket: str,
        object_name: str,
        *,
        buffer_bytes: int | None = None,
        **options: Unpack[DownloadKeywords],
    ) -> DownloadRequest:
        """The bytes of an object, as a stream.

        One request, and one more for each time it breaks. `timeout` bounds the wait for the first
        byte of each, `stall_timeout` the waits after it. A `Range` header means `start` and
        `end`; an `Accept-Encoding: gzip` header means `raw`.

        Args:
            bucket: The bucket.
            object_name: The object.
            buffer_bytes: What is held at most of bytes that arrived and were not read, 4 KiB or
                more; None for 1 MiB, which is fast. Less where many are read slowly at once.
            **options: See `DownloadKeywords`.

        Returns:
            What `async with` or `await` turns into a `StreamResponse`; nothing is sent before.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A range that cannot be, or no buffer.
            NotFound: On entering: there is no such bucket, object or generation.
        """
        download = Download.of(
            self._stream_sender, bucket, object_name, options, self._defaults, buffer_bytes
        )

        async def begin() -> StreamResponse:
            return self._stream_of(await self._opened(download))

        return DownloadRequest(begin, gs_name(bucket, object_name))

    async def download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = DEFAULT_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        **options: Unpack[DownloadKeywords],
    ) -> bytes:
        """An object whole in memory, or a range of it; resumed and verified as a stream is.

        One request. What has at least two slices comes over several connections at once, as with
        `download_to_filename`: one request for each. Cancelling closes all of them.

        Args:
            bucket: The bucket.
            object_name: The object.
            slice_bytes: What a connection brings at least; 256 KiB or more.
            workers: Connections for one object; 1 for a single request whatever its size.
            **options: See `DownloadKeywords`.

        Raises:
            NotFound: There is no such bucket, object or generation.
            IntegrityError: The checksum is wrong.
            ObjectChanged: It was overwritten or deleted meanwhile.
        """
        is_usual = slice_bytes is DEFAULT_SLICE_BYTES and workers is DEFAULT_WORKERS
        how = _USUAL if is_usual else SliceHow(slice_bytes, workers)
        asked: Asked | None = None
        at_once = self._at_once(options) if options else (self._options({}), None)
        if at_once is not None:
            found = await download_at_once(self._sender, bucket, object_name, *at_once)
            if isinstance(found, bytes):
                return found
            asked = found
            options["progress"] = at_once[0].meter  # the one that was told of the first request
        first = await self._opened(
            Download.of(self._sender, bucket, object_name, options, self._defaults), asked
        )
        if can_be_sliced(first, slice_bytes, workers):
            return await read_slices(first, how, self._sender.clock)
        async with self._stream_of(first) as stream:
            return await stream.read()

    def _at_once(self, keywords: DownloadKeywords) -> tuple[RequestOptions, int | None] | None:
        """What holds for a request for all of an object, and its generation.

        None where it is no usual one: of a part, or with headers of the caller's.

        Raises:
            InvalidArgument: Options that cannot be.
        """
        if not _OF_A_PART.isdisjoint(keywords):
            return None
        rest: dict[str, Any] = dict(keywords)
        if (most := keywords.get("max_decoded_bytes")) is not None:
            check_whole("max_decoded_bytes", most, 0)  # before anything is asked
        for name in _OF_GZIP:  # what is not stored as gzip comes in one way only
            rest.pop(name, None)
        generation = generation_number(rest.pop("generation", None))
        settled = self._options(cast("RequestKeywords", rest))
        return None if settled.headers else (settled, generation)

    async def download_into(
        self,
        bucket: str,
        object_name: str,
        buffer: bytearray | memoryview,
        *,
        slice_bytes: int = DEFAULT_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        **options: Unpack[DownloadKeywords],
    ) -> int:
        """An object, or a range of it, into memory of the caller's; else as `download`.

        After an error or a cancel the buffer holds some of the bytes.

        Args:
            bucket: The bucket.
            object_name: The object.
            buffer: Writable, contiguous, and large enough.
            slice_bytes: What a connection brings at least; 256 KiB or more.
            workers: Connections for one object; 1 for a single request whatever its size.
            **options: See `DownloadKeywords`.

        Returns:
            How many bytes there are.

        Raises:
            InvalidArgument: The buffer is too small.
            TypeError: It cannot be written.
            NotFound: There is no such bucket, object or generation.
            IntegrityError: The checksum is wrong.
            ObjectChanged: It was overwritten or deleted meanwhile.
        """
        how = SliceHow(slice_bytes, workers)
        with memoryview(buffer) as given, given.cast("B") as view:
            if view.readonly:
                raise TypeError("download_into takes a writable buffer")
            first = await self._opened(
                Download.of(self._sender, bucket, object_name, options, self._defaults)
            )
            return await fill(first, view, how, self._sender.clock)

    async def iter_download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = _WINDOW_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        **options: Unpack[DownloadKeywords],
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a large object in order, fetched ahead over several connections at once.

            async with aclosing(storage.iter_download("bucket", "name")) as pieces:
                async for piece in pieces: ...

        One request for each slice of what has at least two of them, else one. At most
        `workers * slice_bytes` bytes are held. Ending the iteration early, or cancelling it, ends
        the connections: by `aclose()`, which `contextlib.aclosing` calls.

        Args:
            bucket: The bucket.
            object_name: The object.
            slice_bytes: Bytes of a slice; 256 KiB or more.
            workers: Connections for one object; 1 for a single request whatever its size.
            **options: See `DownloadKeywords`.

        Yields:
            Pieces as they came, of any size.

        Raises:
            NotFound: There is no such bucket, object or generation.
            IntegrityError: In place of the end: the checksum is wrong.
            ObjectChanged: It was overwritten or deleted meanwhile.
        """
        how = SliceHow(slice_bytes, workers)
        first = await self._opened(
            Download.of(self._sender, bucket, object_name, options, self._defaults)
        )
        async with aclosing(iterate(first, how, self._sender.clock)) as pieces:
            async for piece in pieces:
                yield piece

    async def download_to_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        *,
        slice_bytes: int = DEFAULT_SLICE_BYTES,
        workers: int = DEFAULT_WORKERS,
        resume: bool = True,
        **options: Unpack[DownloadKeywords],
    ) -> None:
        """An object into a file, in bounded memory; the file is replaced when all is there.

        One request for an object of less than two slices (64 MiB), for one that is decompressed
        on the way, and for a server that tells no length or generation. Of any other one
        connection begins; where it is waited for, up to `workers` of them share what is left, with
        one request for each, of one and the same generation; for more than
        `8 * workers * slice_bytes` with several for each. A connection that has nothing left to
        do takes over half of what the slowest still has to bring.

        Failing or cancelling leaves an old file as it was. What several connections had brought
        stays beside it under a hidden name (`.NAME.….sliced.part` and `.json`) when the same call
        may succeed later: it was cancelled or killed, or the network or the service failed. That
        call then fetches only what is missing, if the object is still the same one. Of everything
        else no part is left.

        Args:
            bucket: The bucket.
            object_name: The object.
            filename: The file; what is no ordinary file (a pipe, a device) is written into.
            slice_bytes: What a connection brings at least; 256 KiB or more.
            workers: Connections for one object; 1 for a single request whatever its size.
            resume: Go on with what such a call left, and leave such for a later one. Of two
                calls for one file at the same time only one can; on Windows none.
            **options: See `DownloadKeywords`.

        Raises:
            InvalidArgument: No file can be called `filename`.
            NotFound: There is no such bucket, object or generation.
            IntegrityError: The checksum is wrong.
            ObjectChanged: It was overwritten or deleted meanwhile.
            OSError: The file cannot be written.
        """
        how = SliceHow(slice_bytes, workers, resume)
        download = Download.of(self._sender, bucket, object_name, options, self._defaults)
        self._check_open()
        await download_to_file(download, filename, how, self._sender.clock)

    async def _opened(self, download: Download, asked: Asked | None = None) -> Download:
        if asked is None:
            self._check_open()
        try:
            await download.open(asked)
            self._check_open()  # it may have been closed meanwhile, and would not know of this
        except BaseException as error:
            download.close()
            download.tell_over(error)
            raise
        return download

    def _stream_of(self, download: Download) -> StreamResponse:
        let_go = partial(self._let_go, download) if self._is_observed else self._streams.discard
        stream = StreamResponse(download, let_go)
        self._streams.add(stream)
        return stream

    def _let_go(self, download: Download, stream: StreamResponse) -> None:
        self._streams.discard(stream)
        download.tell_over()

    def _abandon_streams(self, error: ClientClosed) -> None:
        """Let go of the connections of all streams that are open."""
        for stream in list(self._streams):
            stream.abandon(error)
