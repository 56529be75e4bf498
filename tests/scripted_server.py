"""A server on loopback that does exactly what a test says, however wrong: the emulator is too good.

Each request is answered by the next of the answers; the last one answers all that follow.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sample_data import encoded_crc32c


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Line:
    """The server's side of a connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.sent = 0

    async def send(self, data: bytes) -> None:
        """Give bytes to the kernel; waits until it has taken them."""
        self._writer.write(data)
        await self._writer.drain()
        self.sent += len(data)

    async def closed_by_client(self) -> None:
        """Wait for the end, whoever makes it."""
        await self._writer.wait_closed()


Answer = Callable[[Asked, Line], Awaitable[None]]


def reply(data: bytes) -> Answer:
    """These bytes as they are, then the connection is closed."""

    async def send(_: Asked, line: Line) -> None:
        await line.send(data)

    return send


def head(status: int, *lines: str) -> bytes:
    """A response head, of a connection that serves one request."""
    first = [f"HTTP/1.1 {status} Made Up", "Connection: close"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def media_head(
    whole: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    generation: int = 1,
    more: Sequence[str] = (),
) -> bytes:
    """The head of an object's media.

    Args:
        whole: all the bytes that are stored; the hash and the stored size are theirs.
        status: 200 or 206.
        length: the Content-Length; None leaves it out.
        generation: of the object.
        more: further header lines.
    """
    lines = [
        "Content-Type: application/octet-stream",
        f"x-goog-generation: {generation}",
        f"x-goog-hash: crc32c={encoded_crc32c(whole)}",
        "x-goog-stored-content-encoding: identity",
        f"x-goog-stored-content-length: {len(whole)}",
        *more,
    ]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return head(status, *lines)


def media(whole: bytes, start: int = 0, stop: int | None = None, *, generation: int = 1) -> bytes:
    """The whole answer to a request for a range, or for all."""
    part = whole[start:stop]
    is_range = start or stop is not None
    more = (
        [f"Content-Range: bytes {start}-{start + len(part) - 1}/{len(whole)}"] if is_range else []
    )
    status = 206 if is_range else 200
    return (
        media_head(whole, status=status, length=len(part), generation=generation, more=more) + part
    )


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    """A body in chunks; without `end` it breaks off between two."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return coded + b"0\r\n\r\n" if end else coded


@dataclass
class ScriptedServer:
    """`async with ScriptedServer([reply(…), …]) as server:`.

    Attributes:
        answers: for one request after the other.
        asked: the requests that came.
        lines: the server's side of each request's connection.
        open: connections that are open now.
        most_open: the most that were open at once.
    """

    answers: Sequence[Answer]
    asked: list[Asked] = field(default_factory=list[Asked])
    lines: list[Line] = field(default_factory=list[Line])
    open: int = 0
    most_open: int = 0
    _server: asyncio.Server | None = None
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    @property
    def url(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        writer.transport.set_write_buffer_limits(high=0)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            asked = await _read_request(reader)
            answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
            self.asked.append(asked)
            self.lines.append(Line(writer))
            await answer(asked, self.lines[-1])
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the client went away, or the test is over
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)
