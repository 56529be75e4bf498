# ruff: noqa: D301, E501, PYI021 - sentences of docstrings as they are, which editors show
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
    """The bytes of an object as they arrive, in bounded memory."""

    @property
    def response(self) -> Any:
        """The `aiohttp.ClientResponse` of the latest request; its headers are the service's."""

    @property
    def content_length(self) -> int | None:
        """Bytes that reading to the end will give, or None when that is not known before."""

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
        """Whether the checksum of the whole object was compared and is right."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for."""

    def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is."""

    def readexactly(self, size: int) -> bytes:
        """Read exactly so many bytes."""

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer."""

    def iter_chunks(self, size: int = ...) -> Items[bytes]:
        """The rest in chunks of `size` bytes; only the last may be shorter."""

    def iter_lines(self, *, keep_ends: bool = False, max_line_bytes: int = ...) -> Items[bytes]:
        """The rest as lines of bytes, split at `\\n` or `\\r\\n`; see `pipeline.lines`."""

    def close(self) -> None:
        """End it: drop what is buffered and let go of the connection. Idempotent."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __iter__(self) -> Items[bytes]: ...

class StreamWriter:
    """A new object, written as its bytes come, in bounded memory."""

    def close(self) -> None:
        """Make the object of what was written. Idempotent."""

    def abort(self, error: BaseException | None = None) -> None:
        """Give the upload up: nothing of it becomes visible. Idempotent."""

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
        """The object's resource, once it is made."""

    def state(self) -> dict[str, Any]:
        """Where the upload stands, for `Storage.resume_upload` in this or another process."""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent, so it is its own `drain`."""

    def __enter__(self) -> Self: ...

class ObjectReader:
    """An object as a binary file: read it, seek in it, go through its lines."""

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
        """Read to the next `\\n`, which is part of what is returned, or to the end."""

    def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """All further lines."""

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
        """Bytes in all; None before the first answer."""

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
        """Whether the checksum of the whole object was compared and is right."""

    @property
    def resumes(self) -> int:
        """How often a broken connection was replaced."""

    @property
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(self, size: int | None = -1) -> bytes:
        """Read bytes, as many as asked for."""

    def read1(self, size: int = -1) -> bytes:
        """Read what is there, waiting only when nothing is."""

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill a writable buffer."""

    def seek(self, offset: int, whence: int = ...) -> int:
        """Set the position. No request, but for the first one where the size has to be known."""

    def tell(self) -> int:
        """The position: where the next read begins."""

class ObjectWriter:
    """A new object as a binary file, written from its beginning to its end."""

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
        """Make the object of what was written. Idempotent."""

    def abort(self, error: BaseException | None = None) -> None:
        """Give it up: nothing of it becomes visible; see `StreamWriter.abort`. Idempotent."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write bytes; returns when less than a chunk waits to be sent."""

    def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""

    def writelines(self, lines: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        """Write each of them; line ends are not added."""

    def __enter__(self) -> Self: ...
    @property
    def position(self) -> int:
        """Bytes that were written."""

    @property
    def confirmed_bytes(self) -> int:
        """Bytes that the service has confirmed."""

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made."""

    @property
    def closed(self) -> bool:
        """Whether the object is made, or was given up."""

    def tell(self) -> int:
        """How many bytes were written."""

class TextReader:
    """An object as a text file: characters and lines."""

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
        """Read to the end of the line, which is part of what is returned, or of the object."""

    def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""

    def readlines(self, hint: int | None = -1) -> list[str]:
        """All further lines."""

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
        """Read characters, as many as asked for."""

    def tell(self) -> int:
        """A number to `seek` to; it counts neither characters nor bytes."""

    def seek(self, offset: int, whence: int = ...) -> int:
        """Set the position: to the beginning, to the end, or to what `tell` gave."""

class TextWriter:
    """A new object as a text file, written from its beginning to its end."""

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
        """Write text; with a `newline` in place of each `\\n`."""

    def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""

    def writelines(self, lines: Iterable[str] | AsyncIterable[str]) -> None:
        """Write each of them; line ends are not added."""

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
    """A run of many transfers."""

    done: int
    skipped: int
    failed: int
    bytes: int
    failures: list[TransferResult]
    unsettled: list[str]

    def aclose(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""

    def raise_errors(self) -> None:
        """Raise the errors of `failures` together, if there are any."""

    def result(self) -> Self:
        """Run it to its end: what `await` does in the asynchronous client."""

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
    """The deleting of many objects: `for result in …`, or `summary = ….result()`."""

    deleted: int
    missing: int
    failed: int
    failures: list[DeleteResult]
    unsettled: list[str]

    def aclose(self) -> None:
        """Break off what is under way. Idempotent."""

    def result(self) -> Self:
        """Run it to its end: what `await` does in the asynchronous client."""

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
        """An object with its metadata. One request."""

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
        """The names of objects, and with a delimiter the "folders" behind them."""

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
    """An object; made by `Bucket.get_blob` or `Bucket.new_blob`."""

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
        """Sign a text with a key in PEM; `get_signed_url` does all of it."""

    @staticmethod
    def get_iam_api_signature(
        str_to_sign: str, iam_client: Any, service_account_email: str | None, session: Any
    ) -> bytes:
        """Sign a text by a `gcloud.aio.auth.IamClient`; `get_signed_url` does all of it."""

    @property
    def bucket(self) -> Bucket:
        """The bucket it was made by."""

class Storage:
    """A client of Google Cloud Storage for code that does not `await`."""

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
        """A URL that lets whoever has it do one thing, for a while."""

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
        """The address and hidden fields of an HTML form by which a browser uploads an object."""

    def create_hmac_key(
        self, project: str, service_account_email: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyCreated:
        """A new key; its secret is shown this once. One request, never repeated."""

    def iter_hmac_keys(
        self,
        project: str,
        *,
        service_account_email: str = "",
        show_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Items[HmacKeyResource]:
        """A project's keys, without their secrets; one page ahead. One request for each page."""

    def get_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> HmacKeyResource:
        """One key, without its secret. One request."""

    def update_hmac_key(
        self,
        project: str,
        access_id: str,
        state: str,
        *,
        etag: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> HmacKeyResource:
        """Make a key `ACTIVE` or `INACTIVE`. One request, repeated only when its etag is named."""

    def delete_hmac_key(
        self, project: str, access_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """Delete a key, which must be `INACTIVE`. One request."""

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
        """Let a topic be told of changes. One request, never repeated: each makes another one."""

    def get_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> NotificationResource:
        """One notification. One request."""

    def delete_notification(
        self, bucket: str, notification_id: str, **options: Unpack[RequestKeywords]
    ) -> None:
        """End one notification. One request."""

    def get_iam_policy(
        self, bucket: str, *, version: int | None = None, **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """A bucket's policy; `version` 3 also gives bindings with conditions. One request."""

    def set_iam_policy(
        self, bucket: str, policy: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> IamPolicy:
        """Replace a bucket's policy. One request, repeated only when the policy has its etag."""

    def test_iam_permissions(
        self, bucket: str, permissions: Iterable[str], **options: Unpack[RequestKeywords]
    ) -> list[str]:
        """Those of the permissions (`storage.objects.get`, …) that one has. One request."""

    def get_service_account_email(self, project: str, **options: Unpack[RequestKeywords]) -> str:
        """The e-mail of the project's own Cloud Storage account. One request."""

    def get_bucket_metadata(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """A bucket's resource. One request."""

    def create_bucket(
        self,
        bucket: str,
        project: str,
        resource: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> BucketResource:
        """Make a bucket. One request."""

    def delete_bucket(self, bucket: str, **options: Unpack[RequestKeywords]) -> None:
        """Delete a bucket that is empty. One request."""

    def iter_buckets(
        self,
        project: str,
        *,
        prefix: str = "",
        soft_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Items[BucketResource]:
        """A project's buckets as resources, in the order of their names; one page ahead."""

    def patch_bucket(
        self, bucket: str, changes: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Change fields of a bucket's resource; maps are merged, None deletes. One request."""

    def update_bucket(
        self, bucket: str, resource: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Replace what can be set of a bucket's resource; the rest is reset. One request."""

    def set_labels(
        self, bucket: str, labels: Mapping[str, str | None], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Merge labels into a bucket's; None deletes one. One request."""

    def set_lifecycle(
        self, bucket: str, rules: Iterable[Mapping[str, Any]], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Replace a bucket's lifecycle rules; none at all end them. One request."""

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
        """Lock a bucket's retention policy. Nobody can undo this. One request."""

    def batch(
        self, *, return_exceptions: bool = False, **options: Unpack[RequestKeywords]
    ) -> Batch:
        """Collect calls about metadata, and send them in as few requests as possible."""

    def delete_many(
        self,
        bucket: str,
        names: Iterable[str | Mapping[str, Any]] | AsyncIterable[str | Mapping[str, Any]],
        *,
        missing_ok: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete objects of a bucket."""

    def delete_prefix(
        self,
        bucket: str,
        prefix: str,
        *,
        versions: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete all objects whose names begin so; `""` means every object of the bucket."""

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
        """Copy an object, of any size, to any place and storage class."""

    def resume_copy(
        self,
        state: Mapping[str, Any],
        *,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> RewriteResponse:
        """Go on with a copy that failed, here or in another process, within a week."""

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
        """Join objects of a bucket to a new one there; any number of them."""

    def rename(
        self, bucket: str, object_name: str, new_name: str, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Give an object another name in its bucket, at once. One request."""

    def move(
        self,
        bucket: str,
        object_name: str,
        destination_bucket: str,
        *,
        new_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Move an object. Within a bucket it is `rename`; else it is copied, then deleted."""

    def restore(
        self, bucket: str, object_name: str, generation: int, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Make a soft-deleted generation the live object again. One request."""

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
        """Keep an object from being deleted or replaced, or let it go. One request."""

    def set_custom_time(
        self,
        bucket: str,
        object_name: str,
        moment: datetime,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Set an object's custom time, which can only grow. One request."""

    def set_contexts(
        self,
        bucket: str,
        object_name: str,
        contexts: Mapping[str, str | None],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Merge contexts into an object's; None deletes one. One request."""

    def download_metadata(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """An object's resource. One request."""

    def list_objects(self, bucket: str, **options: Unpack[RequestKeywords]) -> ListObjectsResponse:
        """One page of a bucket's objects, as the service sends it; `params` says which."""

    def iter_objects(self, bucket: str, **options: Unpack[ListKeywords]) -> Items[ObjectResource]:
        """All objects of a bucket, in the order of their names; the next page is fetched ahead."""

    def iter_object_pages(
        self, bucket: str, **options: Unpack[ListKeywords]
    ) -> Items[Page[ObjectResource]]:
        """The same page by page: `items`, and with a delimiter the "folders" as `prefixes`."""

    def stat(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectStat:
        """What `download_metadata` gives, as a typed value. One request."""

    def exists(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> bool:
        """Whether there is such an object, or generation of one. One request."""

    def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields of an object's resource; None deletes one. One request."""

    def update_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Replace the fields of an object's resource that can be set; the rest is reset."""

    def delete(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> str:
        """Delete an object. One request; repeated only when `generation` is named."""

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
        """Make a large object, several parts of it at a time; compared with what was made."""

    def clean_upload(
        self, journal: str | os.PathLike[str], **options: Unpack[RequestKeywords]
    ) -> int:
        """Remove what a killed `upload_parallel` left behind, and its journal."""

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
        """Make an object of whatever holds bytes, or replace it; compared with the answer."""

    def upload_from_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        **options: Unpack[UploadKeywords],
    ) -> ObjectResource:
        """Upload a file by its name, read while it is sent; the rest as in `upload`."""

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
        """An object to be written piece by piece; see `StreamWriter`. No request is made yet."""

    def resume_upload(
        self, state: Mapping[str, Any], file_data: Any, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Go on with an upload that another process, or an earlier call, did not end."""

    def download_stream(
        self,
        bucket: str,
        object_name: str,
        *,
        buffer_bytes: int | None = None,
        **options: Unpack[DownloadKeywords],
    ) -> StreamResponse:
        """The bytes of an object, as a stream."""

    def download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = ...,
        workers: int = ...,
        **options: Unpack[DownloadKeywords],
    ) -> bytes:
        """An object whole in memory, or a range of it; resumed and verified as a stream is."""

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
        """An object, or a range of it, into memory of the caller's; else as `download`."""

    def iter_download(
        self,
        bucket: str,
        object_name: str,
        *,
        slice_bytes: int = ...,
        workers: int = ...,
        **options: Unpack[DownloadKeywords],
    ) -> Items[bytes]:
        """The bytes of a large object in order, fetched ahead over several connections at once."""

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
        """An object into a file, in bounded memory; the file is replaced when all is there."""

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
        """Download many objects into a folder; see `ManyTransfer`."""

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
        """Upload many files; see `ManyTransfer`."""

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
        """Let the service copy many objects; see `ManyTransfer`."""

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
        """Make one tree like another; see `ManyTransfer`."""

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
        """The client's session, as gcloud-aio-storage wraps it, for requests of your own."""

    def get_bucket(self, bucket_name: str) -> Bucket:
        """A handle on a bucket. No request."""

    def list_buckets(self, project: str, **options: Unpack[RequestKeywords]) -> list[Bucket]:
        """A project's buckets. One request for each page."""

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call something in the event loop, await what it gives, and wait for it."""

    @property
    def asynchronous(self) -> AsyncStorage:
        """The asynchronous client behind this one; only to be used in what `run` calls."""

    def close(self) -> None:
        """Close what the client opened; see the asynchronous `close`. Idempotent."""

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have `close` call something of yours, before the session goes; no request."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
