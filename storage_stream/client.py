"""`Storage`: the client. It owns a session and credentials, and hands out handles on buckets.

What it can do stands in `_api`, a file for each subject; what an operation is in `_protocol`, how
it is sent in `_transport`, what takes several requests in `_transfer`.
"""

from __future__ import annotations

import platform
from contextlib import AsyncExitStack
from dataclasses import replace
from pickle import PicklingError
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self, Unpack

from storage_stream._api.access import HmacKeys, Iam, Notifications
from storage_stream._api.batches import Batches
from storage_stream._api.buckets import Buckets
from storage_stream._api.client_parts import ClientParts, SigningParts
from storage_stream._api.copies import Copies
from storage_stream._api.deletion import Deletions
from storage_stream._api.downloads import Downloads
from storage_stream._api.files import Files
from storage_stream._api.many import Many
from storage_stream._api.object_state import ObjectState
from storage_stream._api.objects import Objects
from storage_stream._api.parallel import ParallelUploads
from storage_stream._api.signing import Signing
from storage_stream._api.uploads import Uploads
from storage_stream._protocol.options import RequestKeywords, RequestOptions
from storage_stream._protocol.pages import name_of
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryPolicy
from storage_stream._transport.compat import aio_session
from storage_stream._transport.credentials import (
    Anonymous,
    Credentials,
    SharedToken,
    check_token_source,
    default_token,
)
from storage_stream._transport.endpoint import Endpoint
from storage_stream._transport.environment import Environment
from storage_stream._transport.lanes import Lanes
from storage_stream._transport.session_options import SessionOptions
from storage_stream._transport.signers import Signers, Surroundings
from storage_stream._version import __version__
from storage_stream.bucket import Bucket
from storage_stream.errors import ClientClosed

if TYPE_CHECKING:
    import ssl as tls
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    import aiohttp
    from gcloud.aio.auth import AioSession

    from storage_stream._protocol.observer import Observer
    from storage_stream._transport.credentials import TokenSource

__all__ = ["Storage"]


class Storage(
    Many,
    Files,  # before the two it stands on
    Downloads,
    Uploads,
    ParallelUploads,
    Objects,
    ObjectState,
    Copies,
    Deletions,
    Batches,
    Buckets,
    Iam,
    Notifications,
    HmacKeys,
    Signing,
):
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
            An open stream keeps its place until it was read to its end or closed: who holds as
            many as there are, and asks for more in the same task, waits for himself.
        lean: Whether requests go over lean HTTP/1.1 connections of our own, several times cheaper
            for small objects, where nothing speaks against it: a session (the client's or the
            call's), `proxy` or `trust_env`. Streams, whose `response` is aiohttp's, always go by
            aiohttp. False: everything does.
        ssl: An `ssl.SSLContext` that trusts an authority of your own; it has to check
            certificates and host names. It counts for every connection the client makes by
            itself, those for tokens too.
        proxy: A proxy's URL.
        trust_env: Whether a proxy may be named by the environment (`HTTPS_PROXY`, `.netrc`), as
            `aiohttp.ClientSession` reads it.
        retry: When requests are repeated, unless a call says otherwise.
        observer: Is told of every call: `storage_stream.integrations.opentelemetry`'s, or your
            own. None costs nothing.
        environment: Network, clock and chance, for tests.

    Raises:
        InvalidArgument: An address that is none, no connections, an `ssl` that does not check,
            or a session and besides how one is to be made.
        TypeError: A token that cannot be asked for one, an `ssl` that is no context.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given, and means one thing
        self,
        *,
        service_file: str | IO[Any] | None = None,
        token: TokenSource | None = None,
        session: aiohttp.ClientSession | None = None,
        api_root: str | None = None,
        api_is_dev: bool | None = None,
        anonymous: bool = False,
        connections: int = 100,
        lean: bool = True,
        ssl: tls.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        retry: RetryPolicy = DEFAULT_RETRY,
        observer: Observer | None = None,
        environment: Environment | None = None,
    ) -> None:
        check_token_source(token)
        surroundings = environment or Environment()
        endpoint = Endpoint.of(api_root, api_is_dev)
        way = SessionOptions(ssl, proxy, trust_env)
        self._lanes = Lanes(connections=connections, session=session, options=way, lean=lean)
        self._service_file = service_file
        self._token: Any = token  # its close() too, where it is ours
        self._owns_token = False
        self._aio_session: AioSession | None = None
        self._to_end: list[Callable[[], Awaitable[None]]] = []
        explicit = token is not None or service_file is not None
        needs_none = anonymous or (endpoint.is_emulator and not explicit)
        self._credentials = Anonymous() if needs_none else self._shared_token(surroundings)
        parts = self._parts(surroundings, endpoint, retry, needs_none=needs_none)
        super().__init__(replace(parts, observer=observer))

    def _parts(
        self, surroundings: Environment, endpoint: Endpoint, retry: RetryPolicy, *, needs_none: bool
    ) -> ClientParts:
        around = Surroundings(
            surroundings.transport or self._lanes,
            surroundings.clock,
            surroundings.random,
            f"storage-stream/{__version__} python/{platform.python_version()}",
        )
        sender = around.sender(endpoint.root, self._credentials)
        return ClientParts(
            sender=sender,
            stream_sender=sender.over(surroundings.transport or self._lanes.streams),
            defaults=RequestOptions(retry=retry),
            signing=self._signing_parts(around, endpoint, needs_none=needs_none),
        )

    def _signing_parts(
        self, around: Surroundings, endpoint: Endpoint, *, needs_none: bool
    ) -> SigningParts:
        # On an emulator nobody's credentials are looked for, as for its requests.
        is_nobody = endpoint.is_emulator and needs_none
        return SigningParts(
            Signers(around, emulator_root=endpoint.root if endpoint.is_emulator else None),
            around,
            endpoint.root,
            lambda: None if is_nobody else self.token,
            self._credentials,
        )

    def _shared_token(self, surroundings: Environment) -> Credentials:
        return SharedToken(lambda: self.token, surroundings.clock, surroundings.random)

    @property
    def token(self) -> Any:
        """What gives the access tokens; made at the first use where the caller gave none."""
        if self._token is None:
            self._token = default_token(self._service_file, self._lanes.aiohttp.session)
            self._owns_token = True
        return self._token

    @property
    def session(self) -> AioSession:
        """The client's session, as gcloud-aio-storage wraps it, for requests of your own.

        `session.session` is the `aiohttp.ClientSession`: the caller's, or our own, made at the
        first use. Closing the wrapper leaves it open; `close` of the client closes our own.

        Raises:
            ClientClosed: After `close`.
            UsageError: Another loop is running than at the first use.
        """
        session = self._lanes.aiohttp.session
        if self._aio_session is None or self._aio_session.session is not session:
            self._aio_session = aio_session(session)
        return self._aio_session

    def on_close(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have `close` await something of yours, before the session goes; no request.

        For what works by this client in threads or tasks of its own and has to end before it.

        Args:
            callback: Called once, without arguments; the one that was given last comes first.

        Raises:
            ClientClosed: The client is closed already.
        """
        self._check_open()
        self._to_end.append(callback)

    async def close(self) -> None:
        """Close what the client opened: streams, session, credentials. Idempotent.

        Streams that are still open raise `ClientClosed` when they are read. What `on_close` was
        given is awaited first. All of it is closed even when one part fails or the closing is
        cancelled.
        """
        self._closed = True
        self._abandon_streams(ClientClosed("the client was closed"))
        to_end, self._to_end = self._to_end, []
        async with AsyncExitStack() as last_to_first:
            last_to_first.push_async_callback(self._lanes.close)
            if self._owns_token:
                last_to_first.push_async_callback(self._token.close)
            last_to_first.push_async_callback(self._credentials.close)
            for callback in to_end:
                last_to_first.push_async_callback(callback)

    def __reduce__(self) -> NoReturn:
        """Connections stay in their process, and credentials do not travel.

        Raises:
            pickle.PicklingError: Always.
        """
        raise PicklingError("a client cannot be pickled: make one in each process")

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

    def get_bucket(self, bucket_name: str) -> Bucket:
        """A handle on a bucket. No request."""
        return Bucket(self, bucket_name)

    async def list_buckets(self, project: str, **options: Unpack[RequestKeywords]) -> list[Bucket]:
        """A project's buckets. One request for each page."""
        found = self.iter_buckets(project, **options)
        return [Bucket(self, name_of(resource)) async for resource in found]
