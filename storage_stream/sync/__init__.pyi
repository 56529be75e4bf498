# ruff: noqa: D301, PYI021 - docstrings as they are, for editors that show them
"""Made by `scripts/sync_stub.py` of the asynchronous client's source; not to be edited."""

import os
import ssl as tls
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Literal, NoReturn, Self, Unpack, overload

from gcloud.aio.auth import AioSession

from storage_stream import DeleteResult, TransferResult
from storage_stream import Storage as AsyncStorage
from storage_stream._api.batches import BatchCall
from storage_stream._api.many_keywords import ManyKeywords
from storage_stream._protocol.compose import ComposeSource
from storage_stream._protocol.handle_keywords import (
    BatchCallKeywords,
    BlobDownloadKeywords,
    BlobExistsKeywords,
    BlobUploadKeywords,
    BucketMetadataKeywords,
    GetBlobKeywords,
    ListBlobsKeywords,
)
from storage_stream._protocol.list_options import ListChoice, ListKeywords
from storage_stream._protocol.media_head import ObjectHead
from storage_stream._protocol.object_fields import ObjectFields
from storage_stream._protocol.object_stat import ObjectStat
from storage_stream._protocol.observer import Observer
from storage_stream._protocol.options import DownloadKeywords, RequestKeywords
from storage_stream._protocol.pages import Page
from storage_stream._protocol.post_policy import SignedPostPolicy
from storage_stream._protocol.resources import (
    BucketResource,
    HmacKeyCreated,
    HmacKeyResource,
    IamPolicy,
    ListObjectsResponse,
    NotificationResource,
    ObjectResource,
    RewriteResponse,
)
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._protocol.signing_address import SigningAddress
from storage_stream._protocol.upload_keywords import UploadKeywords
from storage_stream._transfer.many_sources import Pairs
from storage_stream._transport.credentials import TokenSource
from storage_stream._transport.environment import Environment
from storage_stream.files.keywords import (
    ReadKeywords,
    ReadTextKeywords,
    WriteKeywords,
    WriteTextKeywords,
)
from storage_stream.files.mode import ReadBinary, ReadText, WriteBinary, WriteText
from storage_stream.sync.items import Items

__all__ = [
    "Batch",
    "Blob",
    "Bucket",
    "Deletion",
    "Items",
    "ManyTransfer",
    "ObjectReader",
    "ObjectWriter",
    "Storage",
    "StreamResponse",
    "StreamWriter",
    "TextReader",
    "TextWriter",
]

class StreamResponse:
    """The bytes of an object as they arrive, in bounded memory.

        with storage.download_stream("bucket", "name") as stream:
            for chunk in stream: ...

    The download has begun when `download_stream` returns; whoever does not enter its block closes
    it. The rest is as in the asynchronous `StreamResponse`. One thread at a time may read.
    """

    @property
    def response(self) -> Any:
        """The `aiohttp.ClientResponse` of the latest request; its headers are the service's."""

    @property
    def content_length(self) -> int | None:
        """Bytes that reading to the end will give, or None when that is not known before.

        None for bodies of unknown length, and for objects stored as gzip that are decompressed
        on the way; never a length that differs from what `read` delivers.
        """

    @property
    def metadata(self) -> ObjectHead:
        """What the headers say: generation, content type, stored size, checksums and more."""

    @property
    def generation(self) -> int | None:
        """The generation that is read, and that every resume asks for."""

    @property
    def content_type(self) -> str | None:
        """The object's MIME type."""

    @property
    def bytes_read(self) -> int:
        """Bytes that were handed out so far."""

    @property
    def resumes(self) -> int:
        """How often the download was continued after a broken connection."""

    @property
    def verified(self) -> bool | None:
        """Whether the checksum of the whole object was compared and is right.

        True only after its end was reached. None before, and where there is nothing to compare:
        a range, a body that the service decompressed, a server that sends no checksum.
        """

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for.

        Args:
            size: How many bytes; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Bytes; `b""` at the end, every time.

        Raises:
            StreamClosed: The stream was closed.
            IntegrityError: The end was reached, and the checksum is wrong.
            StorageError: The download cannot be continued.
        """

    def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is.

        Args:
            size: At most so many bytes; -1 for whatever there is (up to 512 KiB or so).
        """

    def readexactly(self, size: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            asyncio.IncompleteReadError: The object ended before; `partial` holds what there was.
        """

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer.

        Returns:
            Bytes written to it; fewer than it holds only at the end, 0 there.

        Raises:
            TypeError: The buffer is read-only; nothing was taken from the stream.
        """

    def iter_chunks(self, size: int = ...) -> Items[bytes]:
        """The rest in chunks of `size` bytes; only the last may be shorter.

        Raises:
            InvalidArgument: A size under 1.
        """

    def iter_lines(self, *, keep_ends: bool = False, max_line_bytes: int = ...) -> Items[bytes]:
        """The rest as lines of bytes, split at `\\n` or `\\r\\n`; see `pipeline.lines`.

        Ending the iteration early leaves the stream open, somewhere behind the last line. So does
        cancelling, which ends the iteration: what it had read ahead is lost to this stream.
        """

    def close(self) -> None:
        """End it: drop what is buffered and let go of the connection. Idempotent.

        A connection whose body has not arrived to its end is closed, not drained.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Items[bytes]: ...

class StreamWriter:
    """A new object, written as its bytes come, in bounded memory.

        with storage.upload_stream("bucket", "name") as writer:
            writer.write(b"...")
        print(writer.resource["generation"])

    Leaving the block makes the object; leaving it by an exception gives the upload up, and nothing
    of it becomes visible. The rest is as in the asynchronous `StreamWriter`. One thread at a time
    may write.
    """

    def close(self) -> None:
        """Make the object of what was written. Idempotent.

        Raises:
            IntegrityError: The service keeps something else; it was deleted.
            UsageError: Another task is writing.
            StorageError: The upload cannot be ended.
        """

    def abort(self, error: BaseException | None = None) -> None:
        """Give the upload up: nothing of it becomes visible. Idempotent.

        A session that is just being begun is waited for, a few seconds, to be ended; cancelling
        ends the waiting.

        Args:
            error: Why. One that holds the state of this upload hands it out to whoever catches it,
                and then the session is left for `Storage.resume_upload`.
        """

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def bytes_written(self) -> int:
        """Bytes that were given to `write`."""

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed; they would outlive this process."""

    @property
    def is_stuck(self) -> bool:
        """Whether the bytes of a `write` that failed still wait to be sent."""

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made.

        Raises:
            UsageError: It is not made yet, or never.
        """

    def state(self) -> dict[str, Any]:
        """Where the upload stands, for `Storage.resume_upload` in this or another process.

        It can be written as JSON. Who has it can write to the object: keep it as a password.

        Raises:
            UsageError: Nothing was sent yet, so there is nothing to go on from.
        """

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent, so it is its own `drain`.

        Cancelling loses nothing: the bytes are taken, and the next call sends them. So it is after
        a `StorageError`, and who writes the same bytes again would have them twice: then
        `write(b"")` tries once more, or `close` does, and other bytes are refused until it works.

        Args:
            data: What to write; it may be changed afterwards.

        Returns:
            How many bytes were written: all.

        Raises:
            StreamClosed: The object is made already, or was given up.
            UsageError: Another task is writing; or the bytes of an earlier call, which failed,
                still wait. Nothing was taken.
            StorageError: The upload cannot go on for now; the bytes are taken.
        """

    def __enter__(self) -> Self: ...

class ObjectReader:
    """An object as a binary file: read it, seek in it, go through its lines.

    Not made by hand: `with storage.open("bucket", "name", "rb") as file:`. It can be given to what
    reads binary files (`io.BufferedReader`, `zipfile`, pandas). The rest is as in the asynchronous
    `ObjectReader`. One thread at a time may use it.
    """

    bucket: str
    name: str
    mode: str

    def readable(self) -> bool:
        """Whether it can be read."""

    def writable(self) -> bool:
        """Whether it can be written to: no."""

    def seekable(self) -> bool:
        """Whether `seek` works."""

    def write(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def writelines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readline(self, limit: int | None = -1) -> bytes:
        """Read to the next `\\n`, which is part of what is returned, or to the end.

        Args:
            limit: At most so many bytes; -1 (or None) for no limit: a line is held in memory.

        Raises:
            StorageError: As in `read`.
        """

    def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """All further lines.

        Args:
            hint: Only until they are so long together, in bytes or characters; -1 (or None) for
                no limit.

        Raises:
            StorageError: As in `readline`.
        """

    def __iter__(self) -> Self: ...
    def __next__(self) -> bytes: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def size(self) -> int | None:
        """Bytes in all; None before the first answer.

        With `decode=True` also None until the end of an object stored as gzip was reached.
        """

    @property
    def position(self) -> int:
        """Where the next read begins."""

    @property
    def metadata(self) -> ObjectHead | None:
        """What the headers of the first answer say; None before it."""

    @property
    def generation(self) -> int | None:
        """The generation that is read; None before the first answer, unless it was asked for."""

    @property
    def verified(self) -> bool | None:
        """Whether the checksum of the whole object was compared and is right.

        True at the end of a connection that began at byte 0, as it does when the file is read from
        the beginning to the end. None before, and after a seek that took a new request. A wrong
        checksum raises `IntegrityError` in place of the end.
        """

    @property
    def resumes(self) -> int:
        """How often a broken connection was replaced."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for.

        Args:
            size: How many; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Bytes; `b""` at the end and behind it.

        Raises:
            StreamClosed: The file was closed.
            NotFound: There is no such object.
            ObjectChanged: It was overwritten or deleted since the first read.
            IntegrityError: The end was reached, and the checksum is wrong.
            StorageError: It cannot be read; a further read tries again.
        """

    def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is.

        Args:
            size: At most so many bytes; -1 for whatever there is (up to 512 KiB or so).

        Raises:
            StorageError: As in `read`.
        """

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer.

        Returns:
            Bytes written to it; fewer than it holds only at the end, 0 there.

        Raises:
            TypeError: The buffer is read-only.
            StorageError: As in `read`; the buffer is as it was.
        """

    def seek(self, offset: int, whence: int = ...) -> int:
        """Set the position. No request, but for the first one where the size has to be known.

        Args:
            offset: Bytes; a position before the beginning counts as 0, one behind the end is
                allowed and reads `b""`.
            whence: `io.SEEK_SET` from the beginning, `io.SEEK_CUR` from here, `io.SEEK_END` from
                the end.

        Returns:
            The new position.

        Raises:
            TypeError: An offset that is no whole number.
            InvalidArgument: A negative offset from the beginning, or another `whence`.
            io.UnsupportedOperation: From the end, and the size cannot be known yet
                (`decode=True`).
            StorageError: The size was asked for, as in `read`.
        """

    def tell(self) -> int:
        """The position: where the next read begins."""

class ObjectWriter:
    """A new object as a binary file, written from its beginning to its end.

    Not made by hand: `with storage.open("bucket", "name", "wb") as file:`. Closing it makes the
    object; leaving its block by an exception gives it up. The rest is as in the asynchronous
    `ObjectWriter`.
    """

    bucket: str
    name: str
    mode: str

    def readable(self) -> bool:
        """Whether it can be read: no."""

    def writable(self) -> bool:
        """Whether it can be written to."""

    def seekable(self) -> bool:
        """Whether it can be written to anywhere but at the end: no."""

    def read(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def read1(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readinto(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readline(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readlines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def seek(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`: an object is written from its beginning to its end."""

    def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> NoReturn: ...
    def close(self) -> None:
        """Make the object of what was written. Idempotent.

        When it fails, it can be called again, or `abort` instead.

        Raises:
            PreconditionFailed: With `xb`: there is such an object.
            IntegrityError: The service keeps something else; it was deleted.
            StorageError: The upload cannot be ended.
        """

    def abort(self, error: BaseException | None = None) -> None:
        """Give it up: nothing of it becomes visible; see `StreamWriter.abort`. Idempotent."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent.

        Cancelling loses nothing: the bytes are taken, and are sent later. So it is after a
        `StorageError`: then `write(b"")` or `close` tries once more, and other bytes are refused
        until it works.

        Returns:
            How many bytes were written: all.

        Raises:
            StreamClosed: The file was closed.
            UsageError: The bytes of a call that failed still wait; nothing was taken.
            StorageError: The upload cannot go on for now; the bytes are taken.
        """

    def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""

    def writelines(self, lines: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        """Write each of them; line ends are not added.

        Raises:
            StorageError: As in `write`.
        """

    def __enter__(self) -> Self: ...
    @property
    def position(self) -> int:
        """Bytes that were written."""

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed."""

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made.

        Raises:
            UsageError: It is not made yet, or never.
        """

    @property
    def closed(self) -> bool:
        """Whether the object is made, or was given up."""

    def tell(self) -> int:
        """How many bytes were written."""

class TextReader:
    """An object as a text file: characters and lines.

    Not made by hand: `with storage.open("bucket", "name", "r") as file:`. It can be given to what
    reads text files (`csv`, `json`). The rest is as in the asynchronous `TextReader`.
    """

    buffer: ObjectReader
    mode: str
    encoding: str
    errors: str

    def readable(self) -> bool:
        """Whether it can be read."""

    def writable(self) -> bool:
        """Whether it can be written to: no."""

    def seekable(self) -> bool:
        """Whether `seek` works."""

    def write(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def writelines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readline(self, limit: int | None = -1) -> str:
        """Read to the end of the line, which is part of what is returned, or of the object.

        Args:
            limit: At most so many characters; -1 (or None) for no limit: a line is held in memory.

        Raises:
            UnicodeDecodeError: As in `read`.
            StorageError: As in `ObjectReader.read`.
        """

    def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""

    def readlines(self, hint: int | None = -1) -> list[str]:
        """All further lines.

        Args:
            hint: Only until they are so long together, in bytes or characters; -1 (or None) for
                no limit.

        Raises:
            StorageError: As in `readline`.
        """

    def __iter__(self) -> Self: ...
    def __next__(self) -> str: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    @property
    def bucket(self) -> str:
        """The bucket's name."""

    @property
    def name(self) -> str:
        """The object's name."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, size: int | None = -1) -> str:
        """Read characters, as many as asked for.

        Args:
            size: How many; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Text; `""` at the end.

        Raises:
            UnicodeDecodeError: Bytes that are not of the encoding came, perhaps behind what was
                asked for; nothing is read.
            StorageError: As in `ObjectReader.read`.
        """

    def tell(self) -> int:
        """A number to `seek` to; it counts neither characters nor bytes."""

    def seek(self, offset: int, whence: int = ...) -> int:
        """Set the position: to the beginning, to the end, or to what `tell` gave.

        No request, but for the first one where the size has to be known.

        Args:
            offset: 0, or from the beginning what `tell` gave.
            whence: As in `ObjectReader.seek`.

        Returns:
            The new position, as `tell` gives it.

        Raises:
            TypeError: An offset that is no whole number.
            InvalidArgument: A negative offset from the beginning, or another `whence`.
            io.UnsupportedOperation: Another place than those.
            StorageError: As in `ObjectReader.seek`.
        """

class TextWriter:
    """A new object as a text file, written from its beginning to its end.

    Not made by hand: `with storage.open("bucket", "name", "w") as file:`. The rest is as in the
    asynchronous `TextWriter`.
    """

    buffer: ObjectWriter
    mode: str
    encoding: str
    errors: str

    def readable(self) -> bool:
        """Whether it can be read: no."""

    def writable(self) -> bool:
        """Whether it can be written to."""

    def seekable(self) -> bool:
        """Whether it can be written to anywhere but at the end: no."""

    def read(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def read1(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readinto(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readline(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def readlines(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def seek(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`: an object is written from its beginning to its end."""

    def truncate(self, *_: object) -> NoReturn:
        """Raise `io.UnsupportedOperation`."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> NoReturn: ...
    def close(self) -> None:
        """Make the object of what was written; see `ObjectWriter.close`. Idempotent."""

    def abort(self, error: BaseException | None = None) -> None:
        """Give it up: nothing of it becomes visible; see `StreamWriter.abort`. Idempotent."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def write(self, text: str) -> int:
        """Write text; with a `newline` in place of each `\\n`.

        Cancelling loses nothing, as in `ObjectWriter.write`.

        Returns:
            How many characters were written: all.

        Raises:
            UnicodeEncodeError: The encoding has no bytes for it; nothing is written.
            StreamClosed: The file was closed.
            StorageError: The upload cannot go on.
        """

    def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""

    def writelines(self, lines: Iterable[str] | AsyncIterable[str]) -> None:
        """Write each of them; line ends are not added.

        Raises:
            StorageError: As in `write`.
        """

    def __enter__(self) -> Self: ...
    @property
    def bucket(self) -> str:
        """The bucket's name."""

    @property
    def name(self) -> str:
        """The object's name."""

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made; see `ObjectWriter.resource`."""

    @property
    def closed(self) -> bool:
        """Whether the object is made, or was given up."""

    def tell(self) -> int:
        """How many bytes were written."""

class Batch:
    """Calls that are collected, and sent when the block is left; made by `Storage.batch`."""

    def download_metadata(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """An object's resource."""

    def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """Change fields of an object's resource; None deletes one."""

    def update_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """Replace the fields of an object's resource that can be set."""

    def delete(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[str]:
        """Delete an object; with a generation, that one for good."""

    def get_bucket_metadata(
        self, bucket: str, **options: Unpack[BatchCallKeywords]
    ) -> BatchCall[BucketResource]:
        """A bucket's resource."""

    def patch_bucket(
        self, bucket: str, changes: Mapping[str, Any], **options: Unpack[BatchCallKeywords]
    ) -> BatchCall[BucketResource]:
        """Change fields of a bucket's resource; None deletes one."""

    def __len__(self) -> int: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

class ManyTransfer:
    """A run of many transfers.

        with storage.download_many("bucket", "photos/", folder) as run:
            for result in run: ...
        summary = storage.download_many("bucket", "photos/", folder).result()

    Nothing is sent before it is iterated, or `result` called; it runs once. An error of one object
    is a result like any other and ends nothing; what is raised ends the run.
    """

    done: int
    skipped: int
    failed: int
    bytes: int
    failures: list[TransferResult]
    unsettled: list[str]

    def aclose(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""

    def raise_errors(self) -> None:
        """Raise the errors of `failures` together, if there are any.

        Raises:
            ExceptionGroup: With them.
        """

    def result(self) -> Self:
        """Run it to its end: what `await` does in the asynchronous client.

        Returns:
            Itself, with the numbers.
        """

    def close(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Items[TransferResult]: ...

class Deletion:
    """The deleting of many objects: `for result in …`, or `summary = ….result()`.

    Nothing is sent before; it runs once.
    """

    deleted: int
    missing: int
    failed: int
    failures: list[DeleteResult]
    unsettled: list[str]

    def aclose(self) -> None:
        """Break off what is under way. Idempotent."""

    def result(self) -> Self:
        """Run it to its end: what `await` does in the asynchronous client.

        Returns:
            Itself, with the numbers.
        """

    def close(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Items[DeleteResult]: ...

class Bucket:
    """A bucket of a client; made by `Storage.get_bucket`."""

    def get_blob(
        self,
        blob_name: str,
        timeout: float | None = ...,
        session: Any = None,
        **options: Unpack[GetBlobKeywords],
    ) -> Blob:
        """An object with its metadata. One request.

        Raises:
            NotFound: There is no such object, or generation of it.
        """

    def blob_exists(
        self, blob_name: str, session: Any = None, **options: Unpack[BlobExistsKeywords]
    ) -> bool:
        """Whether there is such an object, or generation of one. One request."""

    def list_blobs(
        self,
        prefix: str = "",
        match_glob: str = "",
        delimiter: str = "",
        session: Any = None,
        **options: Unpack[ListBlobsKeywords],
    ) -> list[str]:
        """The names of objects, and with a delimiter the "folders" behind them.

        One request for each page.
        """

    def iter_objects(
        self, prefix: str = "", **options: Unpack[ListChoice]
    ) -> Items[ObjectResource]:
        """The objects' resources; see `Storage.iter_objects`."""

    def delete_prefix(
        self,
        prefix: str,
        *,
        versions: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete all objects whose names begin so; see `Storage.delete_prefix`."""

    def new_blob(self, blob_name: str) -> Blob:
        """A handle on an object that may not exist yet. No request."""

    def get_metadata(
        self,
        params: Mapping[str, Any] | None = None,
        session: Any = None,
        **options: Unpack[BucketMetadataKeywords],
    ) -> BucketResource:
        """The bucket's resource. One request."""

    @property
    def storage(self) -> Storage:
        """The client."""

    @property
    def name(self) -> str:
        """The bucket's name."""

class Blob(ObjectFields):
    """An object; made by `Bucket.get_blob` or `Bucket.new_blob`.

    The fields of its resource are attributes under the service's names, as in the asynchronous
    `Blob`.
    """

    size: int
    bucket_name: str
    name: str

    @property
    def chunk_size(self) -> int:
        """The object's size, rounded up behind the next 256 KiB."""

    def download(
        self,
        timeout: float | None = ...,
        session: Any = None,
        auto_decompress: bool = True,
        **options: Unpack[BlobDownloadKeywords],
    ) -> bytes:
        """The object's bytes; see `Storage.download`."""

    def download_stream(
        self, *, buffer_bytes: int | None = None, **options: Unpack[DownloadKeywords]
    ) -> StreamResponse:
        """The object's bytes as a stream; see `Storage.download_stream`."""

    def download_to_filename(
        self,
        filename: str | os.PathLike[str],
        *,
        slice_bytes: int = ...,
        workers: int = ...,
        resume: bool = True,
        **options: Unpack[DownloadKeywords],
    ) -> None:
        """The object into a file; see `Storage.download_to_filename`."""

    @overload
    def open(self, mode: ReadBinary = "rb", **options: Unpack[ReadKeywords]) -> ObjectReader: ...
    @overload
    def open(self, mode: WriteBinary, **options: Unpack[WriteKeywords]) -> ObjectWriter: ...
    @overload
    def open(self, mode: ReadText, **options: Unpack[ReadTextKeywords]) -> TextReader: ...
    @overload
    def open(self, mode: WriteText, **options: Unpack[WriteTextKeywords]) -> TextWriter: ...
    @overload
    def open(self, mode: str, **options: Any) -> Any: ...
    def upload(
        self,
        data: Any,
        content_type: str | None = None,
        session: Any = None,
        **options: Unpack[BlobUploadKeywords],
    ) -> ObjectResource:
        """Replace the object's bytes, and take over its new resource; see `Storage.upload`."""

    def reload(
        self, *, generation: int | None = None, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Take over the resource as it is now. One request; see `Storage.download_metadata`."""

    def patch_metadata(
        self,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields, and take over the new resource; see `Storage.patch_metadata`."""

    def delete(self, *, generation: int | None = None, **options: Unpack[RequestKeywords]) -> None:
        """Delete the object; see `Storage.delete`."""

    def get_signed_url(
        self,
        expiration: int,
        headers: Mapping[str, str] | None = None,
        query_params: Mapping[str, Any] | None = None,
        http_method: str = "GET",
        iam_client: Any = None,
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        *,
        address: SigningAddress | None = None,
    ) -> str:
        """A URL that lets whoever has it do one thing; see `Storage.get_signed_url`."""

    @staticmethod
    def get_pem_signature(str_to_sign: str, private_key: str) -> bytes:
        """Sign a text with a key in PEM; `get_signed_url` does all of it.

        Raises:
            InvalidArgument: It is no RSA key in plain PEM.
        """

    @staticmethod
    def get_iam_api_signature(
        str_to_sign: str, iam_client: Any, service_account_email: str | None, session: Any
    ) -> bytes:
        """Sign a text by a `gcloud.aio.auth.IamClient`; `get_signed_url` does all of it."""

    @property
    def bucket(self) -> Bucket:
        """The bucket it was made by."""

class Storage:
    """A client of Google Cloud Storage for code that does not `await`.

        with Storage() as storage:
            data = storage.download("bucket", "name")

    It has the methods of `storage_stream.Storage`, by the same names and with the same arguments;
    each blocks until it is done. What they do and raise, the asynchronous client says. What is
    entered or awaited there is open when it is returned here; a run of many is iterated with `for`,
    or ended by `result()`.

    All clients of a process share one event loop, in a thread of its own. So it works in any number
    of threads at once, and where another loop is running (in Jupyter, in a handler of an
    asynchronous server, which it blocks meanwhile). Ctrl-C cancels the call as cancelling a task
    does, and is raised when that has cleaned up. After a fork the child's clients open their own
    connections. A callback (`progress=`) is called in the loop's thread, and may not make
    synchronous calls itself; an iterable that is uploaded is iterated by the thread that calls.

    Args:
        **arguments: As of `storage_stream.Storage`, but for `session`, which belongs to a loop.

    Raises:
        UsageError: A session.
    """

    def get_signed_url(
        self,
        bucket: str,
        object_name: str | None,
        expiration: int,
        *,
        headers: Mapping[str, Any] | None = None,
        query_params: Mapping[str, Any] | None = None,
        http_method: str = "GET",
        iam_client: Any = None,
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        address: SigningAddress | None = None,
    ) -> str:
        """A URL that lets whoever has it do one thing, for a while.

        No request with a service account's key; otherwise one for each URL (IAM signs), and one
        more, once, to the machine's metadata server where the credentials name no account. For an
        emulator's client, both go to the emulator.
        https://cloud.google.com/storage/docs/access-control/signed-urls

        Args:
            bucket: The bucket.
            object_name: The object; None for the bucket itself, to list it.
            expiration: Seconds for which it holds, 1 to 604,800 (seven days).
            headers: Headers that have to be sent with it exactly so.
            query_params: Query parameters of the request; None for an empty value.
            http_method: What it allows. POST begins a resumable upload, and needs the header
                `x-goog-resumable: start`.
            iam_client: A `gcloud.aio.auth.IamClient` to sign by, where there is no key.
            service_account_email: The account to sign as, where there is no key.
            token: What gives access tokens, in place of the client's.
            session: An `aiohttp.ClientSession` for the request to IAM; it stays open.
            address: Where the URL leads, and where the bucket stands in it; None for the
                client's address in path style.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: An expiration, method, header or host that cannot be.
            CredentialsError: No account to sign as, or it cannot.
            TypeError: A token that cannot be asked for one.
        """

    def generate_signed_post_policy(
        self,
        bucket: str,
        object_name: str,
        expiration: int,
        *,
        fields: Mapping[str, str] | None = None,
        conditions: Sequence[Mapping[str, str] | Sequence[str | int]] = ...,
        service_account_email: str | None = None,
        token: TokenSource | None = None,
        session: Any = None,
        address: SigningAddress | None = None,
    ) -> SignedPostPolicy:
        """The address and hidden fields of an HTML form by which a browser uploads an object.

        As many requests as `get_signed_url`.
        https://cloud.google.com/storage/docs/xml-api/post-object-forms

        Args:
            bucket: The bucket.
            object_name: The object; `${filename}` in it stands for the name of the user's file.
            expiration: Seconds for which the form holds, 1 to 604,800.
            fields: Further fields (`content-type`, `success_action_redirect`, `x-goog-meta-…`).
            conditions: Further conditions: `["starts-with", "$content-type", "image/"]`,
                `["content-length-range", 0, 10_000_000]`, `{"acl": "private"}`.
            service_account_email: See `get_signed_url`.
            token: See `get_signed_url`.
            session: See `get_signed_url`.
            address: See `get_signed_url`.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: An expiration, field or condition that cannot be.
            CredentialsError: No account to sign as, or it cannot.
        """

    def create_hmac_key(
        self, project: str, service_account_email: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyCreated:
        """A new key; its secret is shown this once. One request, never repeated.

        Raises:
            InvalidArgument: No project or no e-mail.
        """

    def iter_hmac_keys(
        self,
        project: str,
        *,
        service_account_email: str = "",
        show_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Items[HmacKeyResource]:
        """A project's keys, without their secrets; one page ahead. One request for each page.

        Args:
            project: The project.
            service_account_email: Only the keys of this account.
            show_deleted: Also keys that were deleted.
            page_size: Keys a page; None for the service's choice.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No project.
        """

    def get_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyResource:
        """One key, without its secret. One request.

        Raises:
            NotFound: There is none of this access id.
        """

    def update_hmac_key(
        self,
        project: str,
        access_id: str,
        state: str,
        *,
        etag: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> HmacKeyResource:
        """Make a key `ACTIVE` or `INACTIVE`. One request, repeated only when its etag is named.

        Raises:
            InvalidArgument: Another state.
            PreconditionFailed: The key was changed since its etag was given.
        """

    def delete_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """Delete a key, which must be `INACTIVE`. One request.

        Raises:
            NotFound: There is none of this access id.
            BadRequest: It is still active.
        """

    def list_notifications(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> list[NotificationResource]:
        """A bucket's notifications. One request."""

    def create_notification(
        self,
        bucket: str,
        topic: str,
        resource: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> NotificationResource:
        """Let a topic be told of changes. One request, never repeated: each makes another one.

        Args:
            bucket: The bucket.
            topic: `projects/PROJECT/topics/TOPIC`.
            resource: Other fields: `event_types`, `object_name_prefix`, `custom_attributes`,
                `payload_format` (default `JSON_API_V1`).
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No topic.
        """

    def get_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> NotificationResource:
        """One notification. One request.

        Raises:
            NotFound: There is none of this id.
        """

    def delete_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """End one notification. One request.

        Raises:
            NotFound: There is none of this id.
        """

    def get_iam_policy(
        self, bucket: str, *, version: int | None = None, **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """A bucket's policy; `version` 3 also gives bindings with conditions. One request."""

    def set_iam_policy(
        self, bucket: str, policy: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """Replace a bucket's policy. One request, repeated only when the policy has its etag.

        Change what `get_iam_policy` gave and send it with its etag: a change that somebody else
        made meanwhile is then not lost.

        Raises:
            PreconditionFailed: The policy was changed since its etag was given.
        """

    def test_iam_permissions(
        self, bucket: str, permissions: Iterable[str], **options: Unpack[RequestKeywords]
    ) -> list[str]:
        """Those of the permissions (`storage.objects.get`, …) that one has. One request.

        Raises:
            InvalidArgument: None is asked for.
        """

    def get_service_account_email(self, project: str, **options: Unpack[RequestKeywords]) -> str:
        """The e-mail of the project's own Cloud Storage account. One request.

        Raises:
            InvalidArgument: No project.
        """

    def get_bucket_metadata(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """A bucket's resource. One request.

        Raises:
            NotFound: There is no such bucket.
        """

    def create_bucket(
        self,
        bucket: str,
        project: str,
        resource: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> BucketResource:
        """Make a bucket. One request.

        Args:
            bucket: Its name.
            project: The project it belongs to.
            resource: Other fields of the bucket resource (`location`, `storageClass`, …).
            **options: See `RequestKeywords`.

        Raises:
            Conflict: There is one of this name. With `attempts` of more than 1 it may be the one
                that was to be made, by an attempt whose answer was lost.
        """

    def delete_bucket(self, bucket: str, **options: Unpack[RequestKeywords]) -> None:
        """Delete a bucket that is empty. One request.

        Raises:
            Conflict: It is not empty.
        """

    def iter_buckets(
        self,
        project: str,
        *,
        prefix: str = "",
        soft_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Items[BucketResource]:
        """A project's buckets as resources, in the order of their names; one page ahead.

        One request for each page. Leaving early ends the request under way.

        Args:
            project: The project.
            prefix: Only names that begin so.
            soft_deleted: The soft-deleted buckets, and nothing else.
            page_size: Buckets a page; None for the service's 1,000.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No project, or a page without room.
        """

    def patch_bucket(
        self, bucket: str, changes: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Change fields of a bucket's resource; maps are merged, None deletes. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such bucket.
            PreconditionFailed: It is not in the state that was named.
        """

    def update_bucket(
        self, bucket: str, resource: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Replace what can be set of a bucket's resource; the rest is reset. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such bucket.
            PreconditionFailed: It is not in the state that was named.
        """

    def set_labels(
        self, bucket: str, labels: Mapping[str, str | None], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Merge labels into a bucket's; None deletes one. One request."""

    def set_lifecycle(
        self, bucket: str, rules: Iterable[Mapping[str, Any]], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Replace a bucket's lifecycle rules; none at all end them. One request.

        https://cloud.google.com/storage/docs/lifecycle

        Raises:
            TypeError: One rule in place of several, or a rule that is no mapping.
        """

    def set_versioning(
        self, bucket: str, *, enabled: bool, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Keep what is overwritten and deleted as noncurrent generations, or not. One request."""

    def set_soft_delete(
        self, bucket: str, retention_seconds: int, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Keep what is deleted for so long (7 to 90 days), or not at all (0). One request."""

    def lock_retention_policy(
        self, bucket: str, metageneration: int, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Lock a bucket's retention policy. Nobody can undo this. One request.

        Args:
            bucket: The bucket.
            metageneration: The bucket's, so that the policy locked is the one you looked at.
            **options: See `RequestKeywords`.

        Raises:
            PreconditionFailed: The bucket was changed since.
        """

    def batch(
        self, *, return_exceptions: bool = False, **options: Unpack[RequestKeywords]
    ) -> Batch:
        """Collect calls about metadata, and send them in as few requests as possible.

            with storage.batch() as batch:
                first = batch.patch_metadata("bucket", "a", {"contentType": "text/plain"})
                batch.delete("bucket", "b")
            print(first.result())

        One request for each hundred calls, sent when the block is left; a block that is left by
        an exception sends nothing. A call that met a passing error is sent again where that is
        safe. After cancelling it is unknown which calls were carried out.

        Args:
            return_exceptions: Leave it to each call's `result` to raise what went wrong with it.
            **options: See `RequestKeywords`; they hold for every call.

        Raises:
            ExceptionGroup: On leaving the block, of the `StorageError`s of all calls that failed,
                once the others are done; unless `return_exceptions`.
        """

    def delete_many(
        self,
        bucket: str,
        names: Iterable[str | Mapping[str, Any]] | AsyncIterable[str | Mapping[str, Any]],
        *,
        missing_ok: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete objects of a bucket.

            summary = storage.delete_many("bucket", ["a", "b"])
            for result in storage.delete_many("bucket", names): ...

        One request for each hundred. An object whose deleting met a passing error is tried again
        only if its generation is known, since a repeat might delete a newer one. Cancelling
        breaks off the requests under way; the result's `unsettled` tells which objects these were
        about.

        Args:
            bucket: The bucket.
            names: Names, or resources as `iter_objects` gives them, of which only the generation
                that they name is deleted; from any iterable or async iterable.
            missing_ok: An object that is not there is no failure.
            concurrency: Requests under way at the same time.
            **options: See `RequestKeywords`.

        Returns:
            What is iterated for the results as they come, or awaited for a summary. Nothing is
            sent before.

        Raises:
            InvalidName: It is no bucket's name. A wrong object name is its result's `error`.
            InvalidArgument: One text in place of several names, or no concurrency.
            Exception: What `names` itself raises, after the results of all before it.
        """

    def delete_prefix(
        self,
        bucket: str,
        prefix: str,
        *,
        versions: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete all objects whose names begin so; `""` means every object of the bucket.

        One request for each page of 1,000, and one for each hundred objects. An object that is
        overwritten meanwhile stays, and its result's `error` is `PreconditionFailed`. Cancelling
        as in `delete_many`.

        Args:
            bucket: The bucket.
            prefix: What the names begin with: text; `""` deletes everything.
            versions: Delete every generation for good, not only the live objects.
            concurrency: Requests under way at the same time, besides the list's.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: When it runs: there is no such bucket.
            TypeError: The prefix is no text; None is never taken for everything.
            InvalidName: It is no bucket's name.
            InvalidArgument: No concurrency; a precondition on the generation, which the list names.
        """

    def copy(
        self,
        bucket: str,
        object_name: str,
        destination_bucket: str,
        *,
        new_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        generation: int | None = None,
        max_bytes_per_call: int | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> RewriteResponse:
        """Copy an object, of any size, to any place and storage class.

        One request where the service can do it at once, else one for each part of it. Each is
        repeated after a failure only with `Preconditions(if_generation_match=…)`, which is about
        the copy. `timeout` holds for each request; its default here is 60 seconds.

        Args:
            bucket: Of the source.
            object_name: The source.
            destination_bucket: Of the copy.
            new_name: Of the copy; None for the same name.
            metadata: Fields of the copy's resource in place of all of the source's.
            generation: Of the source; None for the live one.
            max_bytes_per_call: At most so many bytes in each request, a multiple of 1 MiB.
            kms_key_name: The Cloud KMS key (CMEK) the copy is encrypted with,
                `projects/…/locations/…/keyRings/…/cryptoKeys/…`; None for its bucket's default.
            **options: See `RequestKeywords`.

        Returns:
            The last answer; its `resource` is the copy.

        Raises:
            NotFound: There is no such source, or no such bucket.
            PreconditionFailed: Source or copy are not in the state that was named.
            StorageError: Any of them after the first request; its `state` is for `resume_copy`.
        """

    def resume_copy(
        self,
        state: Mapping[str, Any],
        *,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> RewriteResponse:
        """Go on with a copy that failed, here or in another process, within a week.

        Args:
            state: The error's `state`; JSON can hold it.
            kms_key_name: The same as was given to `copy`.
            **options: The same as were given to `copy`.

        Raises:
            InvalidArgument: It is not the state of a copy.
        """

    def compose(
        self,
        bucket: str,
        object_name: str,
        source_object_names: Iterable[str | ComposeSource | Mapping[str, Any]],
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Join objects of a bucket to a new one there; any number of them.

        One request for up to 32. More are joined in levels of 32, by way of temporary objects
        under `.storage-stream/compose/`: one request for each, and two or more to remove them,
        which happens also when it fails or is cancelled.

        Args:
            bucket: The bucket.
            object_name: The new object.
            source_object_names: What it is made of, in order: names, `ComposeSource`s with a
                generation or precondition, or resources, whose generation counts.
            content_type: MIME type of the new object.
            metadata: Other fields of its resource.
            kms_key_name: The Cloud KMS key (CMEK) it is encrypted with; None for the bucket's.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No sources.
            NotFound: A source is not there.
            PreconditionFailed: The new object or a source is not in the state that was named.
        """

    def rename(
        self, bucket: str, object_name: str, new_name: str, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Give an object another name in its bucket, at once. One request.

        It is repeated after a failure only when a precondition names the generation of the source
        or of what it replaces.

        Raises:
            InvalidArgument: It is the same name.
            NotFound: There is no such object; or there was, and the answer of an attempt that
                moved it was lost (`attempts` is more than 1): the new name is there then.
            PreconditionFailed: Source or target are not in the state that was named.
        """

    def move(
        self,
        bucket: str,
        object_name: str,
        destination_bucket: str,
        *,
        new_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Move an object. Within a bucket it is `rename`; else it is copied, then deleted.

        Between buckets: one request for the generation of the source unless a precondition names
        it, those of `copy`, and one to delete what was copied, which is refused if it was
        overwritten meanwhile. Cancelling in between leaves the source where it was.

        Raises:
            InvalidArgument: It is the same bucket and name.
            NotFound: There is no such object, or no such bucket.
            PreconditionFailed: The target is not in the state that was named, or the source was
                overwritten while it was copied; then both are there.
        """

    def restore(
        self, bucket: str, object_name: str, generation: int, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Make a soft-deleted generation the live object again. One request.

        `iter_objects(bucket, soft_deleted=True)` lists them. It is repeated after a failure only
        with `Preconditions(if_generation_match=…)`, 0 where nothing is to be replaced.
        https://cloud.google.com/storage/docs/use-soft-deleted-objects

        Raises:
            NotFound: There is no such soft-deleted generation, or its time is over.
            PreconditionFailed: The live object is not in the state that was named.
        """

    def set_holds(
        self,
        bucket: str,
        object_name: str,
        *,
        temporary: bool | None = None,
        event_based: bool | None = None,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Keep an object from being deleted or replaced, or let it go. One request.

        https://cloud.google.com/storage/docs/object-holds

        Args:
            bucket: The bucket.
            object_name: The object.
            temporary: Set (True) or release (False) the temporary hold; None leaves it.
            event_based: The same for the event-based hold, whose release starts the retention.
            generation: Of the object; None for the live one.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: Neither is said.
            NotFound: There is no such object or generation.
        """

    def set_custom_time(
        self,
        bucket: str,
        object_name: str,
        moment: datetime,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Set an object's custom time, which can only grow. One request.

        Raises:
            TypeError: It is no `datetime`.
            InvalidArgument: The time has no zone.
            NotFound: There is no such object or generation.
        """

    def set_contexts(
        self,
        bucket: str,
        object_name: str,
        contexts: Mapping[str, str | None],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Merge contexts into an object's; None deletes one. One request.

        https://cloud.google.com/storage/docs/object-contexts

        Raises:
            NotFound: There is no such object or generation.
        """

    def download_metadata(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """An object's resource. One request.

        Raises:
            NotFound: There is no such bucket, object or generation.
        """

    def list_objects(self, bucket: str, **options: Unpack[RequestKeywords]) -> ListObjectsResponse:
        """One page of a bucket's objects, as the service sends it; `params` says which.

        `iter_objects` goes through all pages.
        """

    def iter_objects(self, bucket: str, **options: Unpack[ListKeywords]) -> Items[ObjectResource]:
        """All objects of a bucket, in the order of their names; the next page is fetched ahead.

        One request for each page. Leaving the loop early ends the request under way: at once with
        `contextlib.aclosing`, with a plain `break` a moment later.

        Args:
            bucket: The bucket.
            **options: See `ListKeywords`; what `delimiter` leaves out gives `iter_object_pages`.

        Raises:
            NotFound: There is no such bucket.
            InvalidArgument: A page size that is none, or versions and soft-deleted ones at once.
        """

    def iter_object_pages(
        self, bucket: str, **options: Unpack[ListKeywords]
    ) -> Items[Page[ObjectResource]]:
        """The same page by page: `items`, and with a delimiter the "folders" as `prefixes`.

        One request for each page; leaving early as in `iter_objects`.

        Raises:
            NotFound: There is no such bucket.
            InvalidArgument: A page size that is none, or versions and soft-deleted ones at once.
        """

    def stat(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectStat:
        """What `download_metadata` gives, as a typed value. One request.

        Raises:
            NotFound: There is no such bucket, object or generation.
        """

    def exists(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> bool:
        """Whether there is such an object, or generation of one. One request.

        Raises:
            Forbidden: These credentials may not know.
        """

    def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields of an object's resource; None deletes one. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such object or generation.
            PreconditionFailed: It is not in the state that was named.
        """

    def update_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Replace the fields of an object's resource that can be set; the rest is reset.

        One request, repeated only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such object or generation.
            PreconditionFailed: It is not in the state that was named.
        """

    def delete(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> str:
        """Delete an object. One request; repeated only when `generation` is named.

        Returns:
            The answer's text, which is empty.

        Raises:
            NotFound: There is no such object.
        """

    def upload_parallel(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        part_bytes: int = ...,
        workers: int = 8,
        method: Literal["multipart", "composite"] = "multipart",
        journal: str | os.PathLike[str] | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make a large object, several parts of it at a time; compared with what was made.

        `"multipart"` sends the parts of a multipart upload: one request to begin, one for each
        part, one to join them, which may take the service minutes, and one for the resource. It
        takes no preconditions, and no metadata that headers cannot say (capitals in a custom key,
        holds, retention, ACLs): https://cloud.google.com/storage/docs/multipart-uploads.
        `"composite"` takes all of these. It makes temporary objects under
        `.storage-stream/upload/`, one for each part, composes them (in levels, for more than 32)
        and removes them by a list and a request for each hundred; do not use it where a retention
        policy keeps what it makes, or a storage class bills early deletion:
        https://cloud.google.com/storage/docs/parallel-composite-uploads. What fits into one part
        goes out as an ordinary upload, whatever the method: two requests.

        Parts are repeated by themselves, always safely. When it fails or is cancelled, all that
        was sent is removed again, for which it takes up to 30 seconds; an error whose notes say
        that something is left could not reach the service. With a journal, a passing failure
        (the network, a 503) keeps what was sent, and the same call goes on from there, as it does
        after the process was killed; so does one with bytes that changed: the parts that differ
        are sent again. A start whose answer was lost may leave an upload without parts, which
        costs nothing.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: What can be read in several places: a path (`pathlib.Path`), a binary file
                that can seek, from where it stands, or what is in memory. Each byte is read
                twice: for the checksum that the service compares, and when it is sent. Memory:
                some MiB for each worker, whatever `part_bytes`.
            part_bytes: Bytes of a part, 5 MiB to 5 GiB; more where there would be over 10,000.
            workers: Parts under way at the same time.
            method: See above.
            journal: A file that remembers what was begun, until nothing temporary is left. If it
                is there, that upload is gone on with. It is locked meanwhile (not on Windows): one
                upload at a time has it.
            content_type: MIME type; None takes that of the metadata, or guesses it from the name.
            metadata: Other fields of the object resource; custom ones in its `metadata`. A
                `crc32c` is compared before the object is made.
            kms_key_name: See `upload`.
            **options: See `RequestKeywords`; `timeout` is 30 seconds here unless it is given.

        Returns:
            The new object's resource.

        Raises:
            InvalidArgument: A part size, a method or metadata that cannot be (an `md5Hash`, for
                more than one part), preconditions with `"multipart"`, or a journal of another
                upload, of one with other options, or one that another upload is using.
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            StorageError: It was refused, or there was no answer.
            TransferError: The source was changed while it was sent.
            TypeError: `file_data` can be read only once; `upload` takes it.
            UsageError: Another upload is reading the same file.
            OSError: The source cannot be read, or the journal not be written.
        """

    def clean_upload(
        self, journal: str | os.PathLike[str], **options: Unpack[RequestKeywords]
    ) -> int:
        """Remove what a killed `upload_parallel` left behind, and its journal.

        One request for a multipart upload, which drops all its parts; a list and one for each
        hundred components for a composite one. Safe to repeat. Cancelling leaves the journal.

        Args:
            journal: The file.
            **options: See `RequestKeywords`.

        Returns:
            How many unfinished uploads or temporary objects were removed; 0 when nothing was left.

        Raises:
            FileNotFoundError: There is no such file.
            InvalidArgument: It is no journal, or an upload is using it.
            StorageError: Something is left, and so is the journal.
        """

    def upload(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        content_type: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        force_resumable_upload: bool | None = None,
        zipped: bool = False,
        chunk_bytes: int = ...,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make an object of whatever holds bytes, or replace it; compared with the answer.

        One request up to `chunk_bytes` where the length is known, else a resumable session: one
        request to begin it, one for each chunk (a source that can be read again goes out in one),
        and one more for each time it breaks. A single request is repeated after a failure only
        when that is safe: with a precondition (`Preconditions(if_generation_match=…)`), or with
        `RetryPolicy(always=True)`; a session goes on from what the service confirms.

        Cancelling gives the upload up: the object is there as a whole, where its last byte had gone
        out already, or not at all. A session that is just being begun is waited for, at most some
        seconds, so that it can be ended; a second cancel does not wait.

        A source that can be read again is left where it stood when the upload fails. One that is
        read only once is not: what was taken of it, up to a chunk, is gone, also where the bucket
        is not there. An iterable that is not async is iterated on the event loop; one that waits
        for something (a disk, a network) holds up all else, and belongs into an object with
        `read(size)`, which is called in a thread.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: bytes, bytearray or memoryview; text (sent as UTF-8); a path
                (`pathlib.Path`); a binary or text file, read from where it stands and left open;
                anything with `read(size)`, sync or async; an iterable or async iterable of bytes;
                a download, open or not.
            content_type: MIME type; None takes a download's own, and guesses it from the name for
                everything else. Of a download that gives all bytes as they are stored
                (`raw=True`), the content encoding is taken over, too.
            parameters: Query parameters, as `params` elsewhere (gcloud-aio-storage's name).
            metadata: Other fields of the object resource; custom ones in its `metadata`.
            force_resumable_upload: True for a session always, False for one request where the
                length is known.
            zipped: Compress with gzip on the way; the object says so in its content encoding.
            chunk_bytes: See above; also the most that is held in memory of a source that cannot
                be read again. A multiple of 256 KiB.
            kms_key_name: The Cloud KMS key (CMEK) it is encrypted with,
                `projects/…/locations/…/keyRings/…/cryptoKeys/…`; None for the bucket's default.
            **options: See `RequestKeywords`; `timeout` is 30 seconds here unless it is given.

        Returns:
            The new object's resource.

        Raises:
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            StorageError: It could not be ended; its `state`, if there is one, can be given to
                `resume_upload`.
            TypeError: `file_data` is nothing that can be sent, or the metadata is no mapping.
            OSError: It cannot be read; `io.UnsupportedOperation` where it is open for writing.
            InvalidArgument: A path to what does not say how long it is: a pipe, a device, a file in
                `/proc`. Opened, it can be sent.
        """

    def upload_from_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        **options: Unpack[UploadKeywords],
    ) -> ObjectResource:
        """Upload a file by its name, read while it is sent; the rest as in `upload`.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            filename: The file; a plain str is a path here, and text in `upload`.
            **options: See `UploadKeywords`.
        """

    def upload_stream(
        self,
        bucket: str,
        object_name: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        zipped: bool = False,
        chunk_bytes: int = ...,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> StreamWriter:
        """An object to be written piece by piece; see `StreamWriter`. No request is made yet.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            content_type: MIME type; None guesses it from the name.
            metadata: Other fields of the object resource.
            zipped: Compress what is written with gzip; the object says so in its content encoding.
            chunk_bytes: Bytes of one request, and what is held in memory. A multiple of 256 KiB.
            kms_key_name: See `upload`.
            **options: See `RequestKeywords`.

        Raises:
            InvalidName: A name that cannot be.
        """

    def resume_upload(
        self, state: Mapping[str, Any], file_data: Any, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Go on with an upload that another process, or an earlier call, did not end.

        The source's beginning is compared with what was sent before; what the service has is not
        sent again. One request to ask where it stands, then as in `upload`. Cancelling or failing
        gives nothing up: the state stays good until the service forgets it (a week), and then it
        is begun anew, as the state says: with its metadata, parameters and preconditions, but
        without headers, which no state holds. An encryption key has to be given again in any case.
        What was to be compressed is compressed again.

        Args:
            state: What `StreamWriter.state()` gave, or an error's `state`.
            file_data: The same bytes from their beginning, in any form that `upload` takes; those
                before compression.
            **options: See `RequestKeywords`.

        Raises:
            ObjectChanged: The source does not begin with what was sent before.
            IntegrityError: The object is not what this source holds; it was deleted, unless it was
                made before, of bytes that did not come from here.
            SessionExpired: The session was lost when bytes of a source that is read only once were
                gone already.
            InvalidArgument: It is no state, or an edited one; or the source has another length
                than was declared.
            UsageError: Another upload is reading the same file.
        """

    def download_stream(
        self,
        bucket: str,
        object_name: str,
        *,
        buffer_bytes: int | None = None,
        **options: Unpack[DownloadKeywords],
    ) -> StreamResponse:
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
            What `with` or `await` turns into a `StreamResponse`; nothing is sent before.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A range that cannot be, or no buffer.
            NotFound: On entering: there is no such bucket, object or generation.
        """

    def download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = ...,
        workers: int = ...,
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

    def download_into(
        self,
        bucket: str,
        object_name: str,
        buffer: bytearray | memoryview,
        *,
        slice_bytes: int = ...,
        workers: int = ...,
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

    def iter_download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = ...,
        workers: int = ...,
        **options: Unpack[DownloadKeywords],
    ) -> Items[bytes]:
        """The bytes of a large object in order, fetched ahead over several connections at once.

            with closing(storage.iter_download("bucket", "name")) as pieces:
                for piece in pieces: ...

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

    def download_to_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        *,
        slice_bytes: int = ...,
        workers: int = ...,
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

    @overload
    def open(
        self,
        bucket: str,
        object_name: str,
        mode: ReadBinary = "rb",
        **options: Unpack[ReadKeywords],
    ) -> ObjectReader: ...
    @overload
    def open(
        self, bucket: str, object_name: str, mode: WriteBinary, **options: Unpack[WriteKeywords]
    ) -> ObjectWriter: ...
    @overload
    def open(
        self, bucket: str, object_name: str, mode: ReadText, **options: Unpack[ReadTextKeywords]
    ) -> TextReader: ...
    @overload
    def open(
        self, bucket: str, object_name: str, mode: WriteText, **options: Unpack[WriteTextKeywords]
    ) -> TextWriter: ...
    @overload
    def open(self, bucket: str, object_name: str, mode: str, **options: Any) -> Any: ...
    def download_many(
        self,
        bucket: str,
        objects: str | Pairs,
        target_folder: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        raw: bool = False,
        max_decoded_bytes: int | None = None,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Download many objects into a folder; see `ManyTransfer`.

        One request for each page of the list, and those of a single download for each object; of a
        listed object the generation that was listed. Names that would leave the folder, or
        cannot be files (`../x`, `/x`, `C:x`, `a//b`; on Windows also devices and characters it does
        not take), that need a folder where another object is a file, and targets that are
        symbolic links, or lie behind one in the folder, are errors of their own. A listed object
        that is named as a folder (`a/`) makes the folder; by its name it is an error, unless
        paired with a path.

        Cancelling, or leaving the iteration within `with`, ends all: each file is whole, or
        as it was.

        Args:
            bucket: The bucket.
            objects: A prefix (text), whose objects are called in the folder by what comes behind
                the prefix's last slash; or names, or pairs of a name and a path below the folder,
                iterable or async iterable. A resource as `iter_objects` gives it is as good as
                its name: then that generation is meant.
            target_folder: Made if it is not there.
            overwrite: False leaves a file alone that is there.
            raw: Keep what is stored as gzip as it is.
            max_decoded_bytes: The most that one that is stored as gzip may decompress to.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """

    def upload_many(
        self,
        bucket: str,
        files: str | os.PathLike[str] | Pairs,
        *,
        prefix: str = "",
        overwrite: bool = True,
        metadata: Mapping[str, Any] | None = None,
        zipped: bool = False,
        follow_symlinks: bool = False,
        empty_folders: bool = False,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Upload many files; see `ManyTransfer`.

        The requests of a single upload for each. A failed request is repeated also without a
        precondition: sending the same file again makes the same object. The time of a file's last
        change goes with it as `goog-reserved-file-mtime`.

        Cancelling, or leaving the iteration within `with`, ends all; an object is whole or
        is not there.

        Args:
            bucket: The bucket.
            files: A folder, whose files are uploaded with those of its folders; or paths, or pairs
                of a path and an object's name, iterable or async iterable.
            prefix: What the objects' names begin with.
            overwrite: False leaves an object alone that is there.
            metadata: Fields of each new object's resource.
            zipped: Compress each with gzip on the way, as `upload` does.
            follow_symlinks: Upload what links lead to; one that leads into itself is an error.
                Else links are skipped, and told.
            empty_folders: Make an object `folder/` of an empty folder.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """

    def copy_many(
        self,
        bucket: str,
        objects: str | Pairs,
        target_bucket: str,
        *,
        prefix: str = "",
        overwrite: bool = True,
        metadata: Mapping[str, Any] | None = None,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Let the service copy many objects; see `ManyTransfer`.

        One request for each page of the list, and those of a single copy for each object; of a
        listed object the generation that was listed.

        Args:
            bucket: Of the sources.
            objects: As in `download_many`; pairs are of two objects' names.
            target_bucket: Of the copies.
            prefix: What the copies' names begin with.
            overwrite: False leaves an object alone that is there.
            metadata: Fields of each copy's resource in place of all of its source's.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: A bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """

    def sync(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        compare: str = "mtime",
        delete: bool = False,
        allow_empty_source: bool = False,
        dry_run: bool = False,
        follow_symlinks: bool = False,
        empty_folders: bool = False,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Make one tree like another; see `ManyTransfer`.

        One request for each page of each list, and those of a single transfer for what differs.
        An object is replaced or deleted only if it is still as it was listed. Objects are taken as
        they are stored, gzip too. Nothing is deleted that the source may have and that could not
        be looked at: what is below a folder that cannot be read, or named as a link that is
        skipped.

        Args:
            source: A folder, or `gs://bucket/prefix`, where the prefix is a folder.
            target: The same; one of the two, or both, are in a bucket.
            compare: `"mtime"`: by size and time of the last change, in seconds, as the object's
                `goog-reserved-file-mtime` says; by size and checksum where it says none.
                `"crc32c"`: by size and checksum; every file of equal size is read. `"size"`: by
                that alone. Two objects are compared by size and checksum, unless by size alone.
            delete: Delete what only the target has.
            allow_empty_source: Delete all of the target, too, if the source has nothing (that is
                included): a prefix that is mistyped lists as nothing.
            dry_run: Transfer and delete nothing: each result says what would be done, and is
                skipped as `dry run`.
            follow_symlinks: As in `upload_many`.
            empty_folders: As in `upload_many`.
            **options: See `ManyKeywords`. What is not included is left alone on both sides.

        Raises:
            InvalidName: A bucket's name cannot be.
            InvalidArgument: Both are folders, or one is in the other; an option that cannot be.
                From the run, before anything is deleted: the source has nothing, see
                `allow_empty_source`.
        """

    def __init__(
        self,
        *,
        service_file: str | IO[Any] | None = None,
        token: TokenSource | None = None,
        api_root: str | None = None,
        api_is_dev: bool | None = None,
        anonymous: bool = False,
        connections: int = 100,
        lean: bool = True,
        ssl: tls.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        retry: RetryPolicy = ...,
        observer: Observer | None = None,
        environment: Environment | None = None,
    ) -> None: ...
    @property
    def token(self) -> Any:
        """What gives the access tokens; made at the first use where the caller gave none."""

    @property
    def session(self) -> AioSession:
        """The client's session, as gcloud-aio-storage wraps it, for requests of your own.

        `session.session` is the `aiohttp.ClientSession`: the caller's, or our own, made at the
        first use. Closing the wrapper leaves it open; `close` of the client closes our own.

        Raises:
            ClientClosed: After `close`.
            UsageError: Another loop is running than at the first use.
        """

    def get_bucket(self, bucket_name: str) -> Bucket:
        """A handle on a bucket. No request."""

    def list_buckets(self, project: str, **options: Unpack[RequestKeywords]) -> list[Bucket]:
        """A project's buckets. One request for each page."""

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call something in the event loop, await what it gives, and wait for it.

        For what only the asynchronous API does: it gets the objects that belong to this loop, and
        `asynchronous` is the client.

        Args:
            function: Called in the loop; it may be a coroutine function.
            args: Its arguments.
            jobs: For what belongs to this client.

        Raises:
            ClientClosed: The client is closed.
            UsageError: From the loop's own thread.
        """

    @property
    def asynchronous(self) -> AsyncStorage:
        """The asynchronous client behind this one; only to be used in what `run` calls."""

    def close(self) -> None:
        """Close what the client opened; see the asynchronous `close`. Idempotent.

        What other threads have under way fails. With the last client of the process its event loop
        ends.
        """

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have `close` call something of yours, before the session goes; no request.

        Args:
            callback: Called once, without arguments, in a thread of its own: it may make
                synchronous calls of other clients. The one that was given last comes first.

        Raises:
            ClientClosed: The client is closed already.
        """

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
