"""The emulator as a whole: one folder, one port, one life.

It puts the service, the faults, the log and the tokens together and starts and stops them; what
each of them does it refuses to know.
"""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from aiohttp import web

from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.access.signers import SignerBook
from storage_stream.emulator.access.tokens import DEFAULT_LIFETIME_SECONDS, TokenBook, token_route
from storage_stream.emulator.access.visitors import (
    from_this_machine,
    is_loopback,
    makes_no_bucket,
)
from storage_stream.emulator.app import service_routes
from storage_stream.emulator.clock import Clock
from storage_stream.emulator.console.events import EventStreams
from storage_stream.emulator.console.media import protect
from storage_stream.emulator.console.routes import console_routes
from storage_stream.emulator.control_routes import Status, control_routes
from storage_stream.emulator.faults.book import FaultBook
from storage_stream.emulator.middlewares import HOUSEKEEPING_HEADER, around, around_calls
from storage_stream.emulator.operations import operations_of
from storage_stream.emulator.request_log import RequestLog
from storage_stream.emulator.seed import Seeded, seed_store
from storage_stream.emulator.settings import SettingKeywords, Settings
from storage_stream.emulator.store.hmac_rows import active_secret
from storage_stream.emulator.store.store import Store

_LOGGER = logging.getLogger("storage_stream.emulator")

_GRACE_SECONDS = 0.25
"""What a request under way gets to finish when the emulator stops; aiohttp waits it twice."""

_READ_BUFFER_BYTES = 256 * 1024
"""Uploads in larger pieces: fewer wake-ups per byte than with aiohttp's default."""

_LONGEST_LINE_BYTES = 32 * 1024
"""A 1024-byte name in percent-encoding, twice (rewrite), and a signed URL's query fit."""


class PortTakenError(OSError):
    """Another program listens where the emulator was told to."""


class Emulator:
    """A Google Cloud Storage service over a local folder.

    `async with Emulator() as emulator:` serves from entering to leaving, in the loop it is
    entered in; `url` is then what clients take as STORAGE_EMULATOR_HOST.

    Args:
        data: the folder; made if it is missing. None takes a temporary one that goes away at the
            end.
        host: the address to bind. Anything but loopback lets everybody in the network read and
            write, which is warned of.
        port: 0 picks a free one.
        require_auth: requests need a token that `POST /token` made.
        token_lifetime: seconds.
        clock: what time it is here; None takes the system's.
        seed: a folder to fill buckets from, at every start and `reset`; see `seed_store`.
        settings: the fields of `Settings`. `create_buckets`, that a bucket is made when it is
            first named, is on unless it is said otherwise.

    Attributes:
        folder: where it keeps its data, once it was started.
        log: the requests that came in.
        faults: what is armed.
        clock: puts the time forward (`Clock.advance`), for all that expires.
        tokens: what `POST /token` gave.
        signers: whose signatures count.
    """

    def __init__(
        self,
        data: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        require_auth: bool = False,
        token_lifetime: float = DEFAULT_LIFETIME_SECONDS,
        clock: Clock | None = None,
        seed: str | os.PathLike[str] | None = None,
        **settings: Unpack[SettingKeywords],
    ) -> None:
        self._data = None if data is None else Path(data)
        self._seed = None if seed is None else Path(seed)
        self.folder = Path()
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        settings.setdefault("create_buckets", True)
        self._settings = Settings(**settings)
        self._store: Store | None = None
        self._runner: web.AppRunner | None = None
        self._running: contextlib.AsyncExitStack | None = None
        self._housekeeping = secrets.token_hex(16)
        self.log = RequestLog()
        self.clock = clock or Clock()
        self.tokens = TokenBook(token_lifetime, required=require_auth, now=self.clock.seconds)
        self.signers = SignerBook(self._hmac_secret)
        self.faults = FaultBook(frozenset())
        self._onlookers = EventStreams(self.log, self.faults, self._status)

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:4443`.

        Raises:
            RuntimeError: it does not run.
        """
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the emulator does not run")
        host, port = self._runner.addresses[0][:2]
        return f"http://{_reachable(host)}:{port}"

    @property
    def warning(self) -> str | None:
        """What whoever starts it should be told; None on loopback."""
        if is_loopback(self._host):
            return None
        return f"anyone who reaches {self._host} over the network can read and write all objects"

    @property
    def housekeeping(self) -> Mapping[str, str]:
        """Headers of a test's own requests: not logged, not harmed, and let in without a token."""
        return {HOUSEKEEPING_HEADER: self._housekeeping}

    @property
    def open_connections(self) -> int:
        """Connections of clients that are open now; pages that watch the console are none."""
        server = self._runner.server if self._runner is not None else None
        if server is None:
            return 0
        transports = [connection.transport for connection in server.connections]
        opened = sum(one is not None and not one.is_closing() for one in transports)
        return max(0, opened - len(self._onlookers))

    @property
    def unfinished_sessions(self) -> int:
        """Resumable sessions that were started and neither finished nor deleted."""
        return 0 if self._store is None else self._store.unfinished_sessions()

    @property
    def unfinished_multipart_uploads(self) -> int:
        """Multipart uploads (XML API) that were started and neither completed nor aborted."""
        return 0 if self._store is None else self._store.unfinished_multipart_uploads()

    def arm(self, instructions: Mapping[str, Sequence[str]]) -> str:
        """Make a retry test, as `POST /retry_test`; requests name it in `x-retry-test-id`.

        Args:
            instructions: words by operation, such as `{"storage.objects.get": ["return-503"]}`.

        Returns:
            The id.

        Raises:
            UnknownWordError: naming the word; nothing is armed.
            UnknownOperationError: naming the operation; nothing is armed.
        """
        return self.faults.arm(instructions)

    def arm_next(self, operation: str, *words: str) -> None:
        """Let the next requests of `operation` meet `words` one by one, whoever sends them.

        Raises:
            UnknownWordError: naming the word; nothing is armed.
            UnknownOperationError: naming the operation; nothing is armed.
        """
        self.faults.arm_next({operation: words})

    def register_key(self, email: str, pem: str | bytes) -> None:
        """Let a service account sign URLs and policies.

        Args:
            email: of the account.
            pem: its RSA public key, certificate, or private key; with the last one, the IAM
                endpoint signBlob signs in its name, too.

        Raises:
            ValueError: it is none of these.
        """
        self.signers.register(email, pem)

    def expire_tokens(self) -> None:
        """Let every token that was given so far count no more."""
        self.tokens.expire_all()

    async def start(self) -> None:
        """Open the folder and listen.

        Raises:
            PortTakenError: another program listens there.
            SeedError: the folder to fill it from holds what cannot be stored.
            RuntimeError: it runs already, or another process uses the folder.
        """
        if self._running is not None:
            raise RuntimeError("the emulator runs already")
        async with contextlib.AsyncExitStack() as stack:
            self.folder = self._data or Path(stack.enter_context(_temporary_folder()))
            self._store = Store(
                self.folder,
                durable=self._settings.durable,
                create_buckets=self._settings.create_buckets,
                soft_delete_seconds=self._settings.soft_delete_seconds,
                clock=self.clock,
            )
            await self._store.open()
            stack.push_async_callback(self._store.close)
            if self._seed is not None:
                await seed_store(self._store, self._seed)
            await self._listen(self._store, stack)
            self._running = stack.pop_all()
        if self.warning is not None:
            _LOGGER.warning("%s", self.warning)

    async def stop(self) -> None:
        """Stop listening, end what is under way after a moment, close the folder.

        Does nothing if it does not run.
        """
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()

    async def reset(self) -> None:
        """Be as new at the same address: no objects, no log, no faults, no tokens, no connections.

        The clock shows its source's time again. Requests under way are ended.

        Raises:
            RuntimeError: it does not run, or its folder is not a temporary one.
        """
        if self._runner is None or self._store is None:
            raise RuntimeError("the emulator does not run")
        if self._data is not None:
            raise RuntimeError(f"{self._data} was given by the caller and is not emptied")
        await self._end_connections(self._runner)
        await self._store.close()
        await asyncio.to_thread(_empty_folder, self.folder)
        await self._store.open()
        self.log.clear()
        self.faults.clear()
        self.tokens.expire_all()
        self.signers.clear()
        self.clock.reset()
        if self._seed is not None:
            await seed_store(self._store, self._seed)

    async def seed(self, folder: str | os.PathLike[str]) -> Seeded:
        """Fill buckets from a folder; what is there already stays as it is.

        Args:
            folder: see `seed_store`.

        Raises:
            SeedError: what is in the folder cannot be stored.
            RuntimeError: it does not run.
        """
        if self._store is None or self._running is None:
            raise RuntimeError("the emulator does not run")
        return await seed_store(self._store, Path(folder))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _listen(self, store: Store, stack: contextlib.AsyncExitStack) -> None:
        runner = web.AppRunner(
            self._application(store),
            access_log=None,
            auto_decompress=False,  # an object is stored as it was sent, gzip included
            read_bufsize=_READ_BUFFER_BYTES,
            max_line_size=_LONGEST_LINE_BYTES,
            max_field_size=_LONGEST_LINE_BYTES,
            shutdown_timeout=_GRACE_SECONDS,
        )
        await runner.setup()
        self._runner = runner
        stack.push_async_callback(self._shut_down, runner)
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            raise _explained(error, self._host, self._port) from error

    def _application(self, store: Store) -> web.Application:
        admission = Admission(self.tokens, self.signers, self.clock)
        guard = around(self.log, self.faults, admission, housekeeping=self._housekeeping)
        watched = [from_this_machine] if is_loopback(self._host) else []
        looks_only = makes_no_bucket(store.has_bucket)
        app = web.Application(middlewares=[*watched, guard, looks_only])
        app.add_routes(control_routes(self.log, self.faults, admission, self._status))
        app.add_routes(
            console_routes(self._onlookers, self.faults, store, self._settings, self.housekeeping)
        )
        app.on_response_prepare.append(protect)
        app.add_routes([token_route(self.tokens)])
        serve_call = around_calls(self.faults, admission, housekeeping=self._housekeeping)
        app.add_routes(service_routes(store, self._settings, admission, serve_call))
        self.faults.operations = operations_of(app.router.routes())
        return app

    def _hmac_secret(self, access_id: str) -> str | None:
        return None if self._store is None else active_secret(self._store.reader, access_id)

    def _status(self) -> Status:
        return {
            "open_connections": self.open_connections,
            "unfinished_sessions": self.unfinished_sessions,
            "unfinished_multipart_uploads": self.unfinished_multipart_uploads,
            "requests": len(self.log),
            "require_auth": self.tokens.required,
        }

    async def _shut_down(self, runner: web.AppRunner) -> None:
        await asyncio.gather(*(site.stop() for site in runner.sites))
        await self._end_connections(runner)
        await runner.cleanup()
        self._runner = None

    async def _end_connections(self, runner: web.AppRunner) -> None:
        # aiohttp closes a connection but lets what is buffered leave first, for which a client
        # that does not read would make us wait; so what is left is aborted.
        server = runner.server
        if server is None:
            return
        self._onlookers.end()  # they would never finish by themselves
        transports = [connection.transport for connection in server.connections]
        await asyncio.sleep(0)  # a request that has just arrived is begun, and so gets its moment
        server.pre_shutdown()
        await server.shutdown(_GRACE_SECONDS)
        for transport in transports:
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)  # the loop tells the aborted that they are lost


@contextlib.contextmanager
def _temporary_folder() -> Generator[str, None, None]:
    folder = tempfile.mkdtemp(prefix="storage-stream-emulator-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _empty_folder(folder: Path) -> None:
    for part in folder.iterdir():
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()


def _reachable(host: str) -> str:
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"  # noqa: PLR2004 - IPv4
    return host if address.version == 4 else f"[{host}]"  # noqa: PLR2004 - IPv4


def _explained(error: OSError, host: str, port: int) -> OSError:
    if error.errno != errno.EADDRINUSE:
        return error
    sentence = f"port {port} on {host} is taken by another program; port 0 picks a free one"
    return PortTakenError(errno.EADDRINUSE, sentence)
