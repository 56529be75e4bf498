"""Downloads: streams, bytes, files."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol.names import gs_name
from storage_stream._transfer import files
from storage_stream._transfer.download import Download
from storage_stream.streams import DownloadRequest, StreamResponse

if TYPE_CHECKING:
    import os

    from storage_stream._protocol.options import DownloadKeywords, RequestOptions
    from storage_stream._transport.sender import Sender
    from storage_stream.errors import ClientClosed

__all__ = ["Downloads"]


class Downloads(ApiBase):
    """An object's bytes, to wherever they are wanted."""

    def __init__(self, sender: Sender, defaults: RequestOptions) -> None:
        super().__init__(sender, defaults)
        self._streams: weakref.WeakSet[StreamResponse] = weakref.WeakSet()

    def download_stream(
        self, bucket: str, object_name: str, **options: Unpack[DownloadKeywords]
    ) -> DownloadRequest:
        """The bytes of an object, as a stream.

        One request, and one more for each time it breaks. `timeout` bounds the wait for the first
        byte of each, `stall_timeout` the waits after it. A `Range` header means `start` and
        `end`; an `Accept-Encoding: gzip` header means `raw`.

        Args:
            bucket: The bucket.
            object_name: The object.
            **options: See `DownloadKeywords`.

        Returns:
            What `async with` or `await` turns into a `StreamResponse`; nothing is sent before.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A range that cannot be.
            NotFound: On entering: there is no such bucket, object or generation.
        """
        download = Download.of(self._sender, bucket, object_name, options, self._defaults)

        async def begin() -> StreamResponse:
            self._check_open()
            try:
                await download.open()
                self._check_open()  # it may have been closed meanwhile, and would not know of this
            except BaseException:
                download.close()
                raise
            stream = StreamResponse(download, self._streams.discard)
            self._streams.add(stream)
            return stream

        return DownloadRequest(begin, gs_name(bucket, object_name))

    async def download(
        self, bucket: str, object_name: str, **options: Unpack[DownloadKeywords]
    ) -> bytes:
        """An object whole in memory, or a range of it; resumed and verified as a stream is.

        Raises:
            NotFound: There is no such bucket, object or generation.
            IntegrityError: The checksum is wrong.
        """
        async with self.download_stream(bucket, object_name, **options) as stream:
            return await stream.read()

    async def download_to_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        **options: Unpack[DownloadKeywords],
    ) -> None:
        """An object into a file, in bounded memory; the file is replaced when all is there.

        Cancelling or failing leaves an old file as it was, and no part of a new one.

        Raises:
            NotFound: There is no such bucket, object or generation.
            IntegrityError: The checksum is wrong.
            OSError: The file cannot be written.
        """
        async with (
            files.replacing(filename) as file,
            self.download_stream(bucket, object_name, **options) as stream,
        ):
            await files.pour(stream.read1, file)

    def _abandon_streams(self, error: ClientClosed) -> None:
        """Let go of the connections of all streams that are open."""
        for stream in list(self._streams):
            stream.abandon(error)
