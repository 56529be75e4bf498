"""The least that asyncio can do: what a client could reach that did nothing else.

HTTP/1.1 on a protocol with one buffer that is reused; the head is searched for its length and its
status and for nothing else, no checksum is computed, nothing is retried. No client, a yardstick.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from benchmarks.clients.at_once import at_once
from benchmarks.servers.object_names import BUCKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from io import FileIO

    from benchmarks.job import Job
    from benchmarks.received import Received

_BUFFER_BYTES = 256 * 1024


class Connection(asyncio.BufferedProtocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._remaining = -1  # of the body; -1 while the head is awaited
        self._take: Callable[[memoryview], object] = lambda _: None
        self._whole = False
        self._done: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, whatever loop it is of."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer that is awaited will not come."""
        self._writable.set()
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))

    def pause_writing(self) -> None:
        """More than enough is on its way."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """There is room again."""
        self._writable.set()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Behind what is kept, which is a head, or a small body."""
        return self._view[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        if self._remaining >= 0 and not self._whole:
            self._body(self._view[:nbytes])
            return
        self._filled += nbytes
        head_end = self._buffer.find(b"\r\n\r\n", 0, self._filled) + 4
        if head_end < 4:  # noqa: PLR2004 - not found
            return
        if self._remaining < 0:
            self._remaining = content_length(bytes(self._view[:head_end]))
        if self._whole and self._filled < head_end + self._remaining:
            return
        filled, self._filled = self._filled, 0
        self._body(self._view[head_end:filled])

    def _body(self, piece: memoryview) -> None:
        self._take(piece)
        self._remaining -= len(piece)
        if self._remaining == 0 and self._done is not None:
            self._remaining = -1
            self._done.set_result(None)

    @property
    def transport(self) -> asyncio.Transport:
        """Where it writes to."""
        if self._transport is None:
            raise AssertionError("not connected")
        return self._transport

    async def ask(
        self, head: bytes, take: Callable[[memoryview], object], *, whole: bool = False
    ) -> None:
        """Send a request without a body, and wait for its answer's."""
        done = self.begin(take, whole=whole)
        self.transport.write(head)
        await done

    def begin(
        self, take: Callable[[memoryview], object], *, whole: bool = False
    ) -> asyncio.Future[None]:
        """Expect an answer: in pieces as they come, or whole when it is small."""
        self._take, self._whole = take, whole
        self._done = asyncio.get_running_loop().create_future()
        return self._done

    async def send(self, file: FileIO) -> None:
        """Send a whole file: by the kernel, or in pieces over TLS and on uvloop."""
        with contextlib.suppress(RuntimeError):
            await asyncio.get_running_loop().sendfile(self.transport, file, fallback=False)
            return
        while piece := file.read(_BUFFER_BYTES):
            self.transport.write(piece)  # and never changed: the transport may keep it
            await self._writable.wait()


def content_length(head: bytes) -> int:
    """The length of the body behind a head.

    Raises:
        ValueError: Not a success, or a length that is not told.
    """
    lower = head.lower()
    at = lower.find(b"content-length:")
    if not head.startswith(b"HTTP/1.1 20") or at < 0:
        raise ValueError(f"not expected: {head[:200]!r}")
    return int(lower[at + 15 : lower.index(b"\r\n", at)])


@dataclass(slots=True)
class Connections:
    """A pool, last in, first out."""

    host: str
    port: int
    context: ssl.SSLContext | None
    idle: list[Connection] = field(default_factory=list)

    async def take(self) -> Connection:
        """A connection that nobody uses."""
        if self.idle:
            return self.idle.pop()
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            Connection, self.host, self.port, ssl=self.context, ssl_handshake_timeout=None
        )
        return made

    def give(self, connection: Connection) -> None:
        """Back, after a whole answer."""
        self.idle.append(connection)


@contextlib.asynccontextmanager
async def opened(job: Job) -> AsyncIterator[Connections]:
    """A pool of verified connections."""
    url = urlsplit(job.root)
    context = ssl.create_default_context(cafile=job.authority) if url.scheme == "https" else None
    pool = Connections(url.hostname or "", url.port or 0, context)
    try:
        yield pool
    finally:
        for connection in pool.idle:
            connection.transport.close()


def _get(pool: Connections, name: str, extra: str = "") -> bytes:
    return (
        f"GET /storage/v1/b/{BUCKET}/o/{name}?alt=media HTTP/1.1\r\n"
        f"Host: {pool.host}:{pool.port}\r\n{extra}\r\n"
    ).encode()


def _post(pool: Connections, name: str, size: int) -> bytes:
    return (
        f"POST /upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name} HTTP/1.1\r\n"
        f"Host: {pool.host}:{pool.port}\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Length: {size}\r\n\r\n"
    ).encode()


async def stream(pool: Connections, job: Job, received: Received) -> None:
    """As it comes, whatever `read_bytes` says."""
    connection = await pool.take()
    for name in job.names:
        await connection.ask(_get(pool, name), received.piece)
    pool.give(connection)


async def to_files(pool: Connections, job: Job, _: Received) -> None:
    """Each object to a file of its own, written from the buffer."""

    async def one(target: tuple[str, str]) -> None:
        name, path = target
        connection = await pool.take()
        with Path(path).open("wb", buffering=0) as file:  # noqa: ASYNC230 - in memory
            await connection.ask(_get(pool, name), file.write)
        pool.give(connection)

    await at_once(job.concurrency, job.targets, one)


async def sliced_to_file(pool: Connections, job: Job, _: Received) -> None:
    """As many equal slices as there may be connections."""
    slice_bytes = -(-job.size_bytes // job.connections)
    for name, path in job.targets:
        file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)

        async def one(start: int, name: str = name, file: int = file) -> None:
            end = min(start + slice_bytes, job.size_bytes)
            connection = await pool.take()
            at = start

            def write(piece: memoryview) -> None:
                nonlocal at
                at += os.pwrite(file, piece, at)

            await connection.ask(_get(pool, name, f"Range: bytes={start}-{end - 1}\r\n"), write)
            pool.give(connection)

        try:
            await at_once(job.connections, range(0, job.size_bytes, slice_bytes), one)
        finally:
            os.close(file)


async def small_downloads(pool: Connections, job: Job, received: Received) -> None:
    """Each object whole in the buffer."""

    async def one(name: str) -> None:
        connection = await pool.take()
        await connection.ask(_get(pool, name), received.whole, whole=True)
        pool.give(connection)

    await at_once(job.concurrency, job.names, one)


async def upload_files(pool: Connections, job: Job, _: Received) -> None:
    """Each object from the file, by the kernel where the loop can."""

    async def one(name: str) -> None:
        connection = await pool.take()
        done = connection.begin(lambda _: None)
        connection.transport.write(_post(pool, name, job.size_bytes))
        with Path(job.source).open("rb", buffering=0) as file:  # noqa: ASYNC230 - in memory
            await connection.send(file)
        await done
        pool.give(connection)

    await at_once(job.concurrency, job.new_names, one)


async def small_uploads(pool: Connections, job: Job, _: Received) -> None:
    """Each object in one write."""
    data = job.body()

    async def one(name: str) -> None:
        connection = await pool.take()
        await connection.ask(_post(pool, name, len(data)) + data, lambda _: None)
        pool.give(connection)

    await at_once(job.concurrency, job.new_names, one)
