"""`Storage`: the client. It owns a session and credentials, and hands out streams and handles.

Each method builds an operation and gives it to the sender; what an operation is stands in
`_protocol`, how it is sent in `_transport`, what takes several requests in `_transfer`.
"""

from __future__ import annotations

import platform
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar, Unpack

from storage_stream._protocol import buckets, objects
from storage_stream._protocol.names import gs_name
from storage_stream._protocol.options import DownloadKeywords, RequestKeywords, RequestOptions
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryPolicy
from storage_stream._transfer import files
from storage_stream._transfer.download import Download
from storage_stream._transfer.listing import iter_pages
from storage_stream._transfer.source import content_of
from storage_stream._transfer.upload import NewObject, upload
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.credentials import (
    Anonymous,
    Credentials,
    SharedToken,
    default_token,
)
from storage_stream._transport.endpoint import Endpoint
from storage_stream._transport.environment import Environment
from storage_stream._transport.sender import Sender
from storage_stream._version import __version__
from storage_stream.bucket import Bucket
from storage_stream.errors import ClientClosed
from storage_stream.streams import DownloadRequest, StreamResponse

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType

    import aiohttp

    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.resources import (
        BucketResource,
        ListObjectsResponse,
        ObjectResource,
    )

__all__ = ["Storage"]

T = TypeVar("T")


class Storage:
    """A client of Google Cloud Storage.

        async with Storage() as storage:
            data = await storage.download("bucket", "name")

    Making one reads `STORAGE_EMULATOR_HOST` and nothing else: it opens no connection, needs no
    running loop, and looks for credentials only at the first request. One client serves any
    number of tasks of one event loop. Every method takes the keywords of `RequestKeywords`
    (headers, params, timeout, session, retry, …) besides its own.

    Args:
        service_file: A service account's key file, by path or open; None finds credentials as
            Google's own libraries do.
        token: What gives access tokens: a `gcloud.aio.auth.Token`, or any object with an async
            `get()`. It stays the caller's, and open.
        session: An `aiohttp.ClientSession` to use; it stays the caller's, and open.
        api_root: The service's address, `https://host` or `http://host:port`. It changes nothing
            about credentials and TLS checks.
        api_is_dev: True for an emulator, which is sent no credentials; None: only when
            `STORAGE_EMULATOR_HOST` names it, and neither token nor service_file is given.
        anonymous: Send no credentials: for public objects.
        connections: Requests that may be under way at once; more wait for their turn, in order.
        retry: When requests are repeated, unless a call says otherwise.
        environment: Network, clock and chance, for tests.

    Raises:
        InvalidArgument: An address that is none, or no connections.
    """

    def __init__(
        self,
        *,
        service_file: str | IO[Any] | None = None,
        token: Any = None,
        session: aiohttp.ClientSession | None = None,
        api_root: str | None = None,
        api_is_dev: bool | None = None,
        anonymous: bool = False,
        connections: int = 100,
        retry: RetryPolicy = DEFAULT_RETRY,
        environment: Environment | None = None,
    ) -> None:
        surroundings = environment or Environment()
        endpoint = Endpoint.of(api_root, api_is_dev)
        self._aiohttp = AiohttpTransport(connections=connections, session=session)
        self._service_file = service_file
        self._token = token
        self._owns_token = False
        explicit = token is not None or service_file is not None
        needs_none = anonymous or (endpoint.is_emulator and not explicit)
        self._credentials: Credentials = (
            Anonymous()
            if needs_none
            else SharedToken(lambda: self.token, surroundings.clock, surroundings.random)
        )
        self._sender = Sender(
            surroundings.transport or self._aiohttp,
            self._credentials,
            root=endpoint.root,
            clock=surroundings.clock,
            random=surroundings.random,
            user_agent=f"storage-stream/{__version__} python/{platform.python_version()}",
        )
        self._defaults = RequestOptions(retry=retry)
        self._streams: weakref.WeakSet[StreamResponse] = weakref.WeakSet()
        self._closed = False

    @property
    def token(self) -> Any:
        """What gives the access tokens; made at the first use where the caller gave none."""
        if self._token is None:
            self._token = default_token(self._service_file, self._aiohttp.session)
            self._owns_token = True
        return self._token

    async def close(self) -> None:
        """Close what the client opened: streams, session, credentials. Idempotent.

        Streams that are still open raise `ClientClosed` when they are read.
        """
        self._closed = True
        for stream in list(self._streams):
            stream.abandon(ClientClosed("the client was closed"))
        await self._credentials.close()
        if self._owns_token:
            await self._token.close()
        await self._aiohttp.close()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # -- downloads -------------------------------------------------------------------------

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

    # -- objects ---------------------------------------------------------------------------

    async def download_metadata(
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
        operation = objects.get_object(bucket, object_name, generation)
        return await self._send(operation, options)

    async def list_objects(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> ListObjectsResponse:
        """One page of a bucket's objects, as the service sends it; `params` says which.

        `iter_objects` goes through all pages.
        """
        return await self._send(objects.list_raw(bucket), options)

    async def iter_objects(
        self,
        bucket: str,
        *,
        prefix: str = "",
        match_glob: str = "",
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> AsyncGenerator[ObjectResource, None]:
        """All objects of a bucket, in the order of their names; the next page is fetched ahead.

        One request for each page. Leaving the loop early ends the request under way: at once with
        `contextlib.aclosing`, with a plain `break` a moment later.

        Args:
            bucket: The bucket.
            prefix: Only names that begin so.
            match_glob: Only names that match, `**/*.csv`.
            page_size: Objects a page; None for the service's 1,000.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: There is no such bucket.
        """
        chosen = {"prefix": prefix, "matchGlob": match_glob, "maxResults": page_size}
        query = tuple((name, str(value)) for name, value in chosen.items() if value)
        settled = self._options(options)
        pages = iter_pages(
            self._sender, lambda token: objects.list_page(bucket, query, token), settled
        )
        try:
            async for page in pages:
                for resource in page.items:
                    yield resource
        finally:
            await pages.aclose()

    async def upload(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        content_type: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make an object, or replace it. One request, compared with the service's answer.

        It is repeated after a failure only when that is safe: with a precondition
        (`Preconditions(if_generation_match=…)`), or with `RetryPolicy(always=True)`.
        Cancelling leaves no part of an object, but a whole one if the last byte had gone out.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: bytes, bytearray or memoryview; text (sent as UTF-8); a path
                (`pathlib.Path`); a binary or text file, read from where it stands and left open.
            content_type: MIME type; None guesses it from the name.
            parameters: Query parameters, as `params` elsewhere (gcloud-aio-storage's name).
            metadata: Other fields of the object resource; custom ones in its `metadata`.
            **options: See `RequestKeywords`.

        Returns:
            The new object's resource.

        Raises:
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            TypeError: `file_data` is nothing that can be sent.
        """
        if parameters:
            options["params"] = {**parameters, **(options.get("params") or {})}
        settled = self._options(options)
        target = NewObject(bucket, object_name, content_type, dict(metadata or {}))
        target.check()
        return await upload(self._sender, target, await content_of(file_data), settled)

    async def upload_from_filename(
        self, bucket: str, object_name: str, filename: str | os.PathLike[str], **options: Any
    ) -> ObjectResource:
        """Upload a file by its name, read while it is sent; the rest as in `upload`."""
        return await self.upload(bucket, object_name, Path(filename), **options)

    async def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields of an object's resource; None deletes one. One request."""
        return await self._send(objects.patch_object(bucket, object_name, metadata), options)

    async def delete(
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
        return await self._send(objects.delete_object(bucket, object_name, generation), options)

    # -- buckets ---------------------------------------------------------------------------

    def get_bucket(self, bucket_name: str) -> Bucket:
        """A handle on a bucket. No request."""
        return Bucket(self, bucket_name)

    async def get_bucket_metadata(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """A bucket's resource. One request."""
        return await self._send(buckets.get_bucket(bucket), options)

    async def list_buckets(self, project: str, **options: Unpack[RequestKeywords]) -> list[Bucket]:
        """A project's buckets. One request for each page."""
        settled = self._options(options)
        pages = iter_pages(
            self._sender, lambda token: buckets.list_buckets(project, token), settled
        )
        return [Bucket(self, item["name"]) async for page in pages for item in page.items]

    async def create_bucket(
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
            Conflict: There is one of this name.
        """
        return await self._send(buckets.insert_bucket(bucket, project, resource or {}), options)

    async def delete_bucket(self, bucket: str, **options: Unpack[RequestKeywords]) -> None:
        """Delete a bucket that is empty. One request.

        Raises:
            Conflict: It is not empty.
        """
        await self._send(buckets.delete_bucket(bucket), options)

    # -- inside ----------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosed("the client is closed")

    def _options(self, keywords: RequestKeywords) -> RequestOptions:
        self._check_open()
        return RequestOptions.of(keywords, self._defaults)

    async def _send(self, operation: Operation[T], keywords: RequestKeywords) -> T:
        return await self._sender.send(operation, self._options(keywords))
