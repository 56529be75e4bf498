"""The fast lane: the same bytes as by way of aiohttp, and a connection that is as good as before.

On both event loops, plain and over TLS. That the lane is taken is asked of its log: an aiohttp
whose insides have moved is read as ever, and these tests fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from stages import drain, drain_until_error
from wire_server import Wire, WireRequest, WireServer, rendered_head

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.body_buffer import BODY_BUFFER_BYTES
from storage_stream._transport.body_lane import SHORTEST_BODY_BYTES, enter_lane
from storage_stream.errors import ClientClosed, ConnectionLost
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from storage_stream._transport.base import ReplyStream

    Play = Callable[[Wire, WireRequest], Awaitable[None]]

BODY = bytes(range(251)) * 12_000  # 3 MB: the ring is gone round several times
LANE, READER = "body: fast lane", "body: read by aiohttp"


class Line:
    """A transport, its server, and which way its bodies went."""

    def __init__(self, transport: AiohttpTransport, server: WireServer, log: Log) -> None:
        self.transport = transport
        self.server = server
        self._log = log

    async def get(self, method: str = "GET") -> ReplyStream:
        request = Request(method, f"{self.server.url}/o")
        return await self.transport.send(request, timeout=60)

    async def whole(self, method: str = "GET") -> bytes:
        with contextlib.closing(await self.get(method)) as reply:
            return await drain(reply)

    @property
    def ways(self) -> list[str]:
        """Of each body so far."""
        return [text for text in self._log.lines if text.startswith((LANE, READER))]


class Log(logging.Handler):
    """What was said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextlib.contextmanager
def _listening() -> Any:
    log, logger = Log(), logging.getLogger("storage_stream")
    before = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.setLevel(before)


@contextlib.asynccontextmanager
async def _line(
    identity: Path | None, play: Play | None = None, **arguments: Any
) -> AsyncIterator[Line]:
    context = trusting = None
    if identity is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity)
        trusting = ssl.create_default_context(cafile=str(identity))
    connector = aiohttp.TCPConnector(ssl=trusting or True)
    with _listening() as log:
        async with (
            WireServer(play, tls=context) as server,
            aiohttp.ClientSession(connector=connector) as session,
        ):
            transport = AiohttpTransport(session=session, **arguments)
            yield Line(transport, server, log)
            await transport.close()


@pytest.fixture(params=["plain", "tls"])
def play(
    request: pytest.FixtureRequest,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    self_signed: Path,
) -> Callable[[Any], None]:
    """Runs a scene, which opens its line by itself, in a loop of each kind."""
    identity = self_signed if request.param == "tls" else None

    def opened(play: Play | None = None, **arguments: Any) -> Any:
        return _line(identity, play, **arguments)

    def run(scene: Any) -> None:
        with asyncio.Runner(loop_factory=loop_factory, debug=False) as runner:
            runner.run(asyncio.wait_for(scene(opened), 60))

    return run


class TestBodies:
    def test_connections_are_kept(self, play: Callable[[Any], None]) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                for size in (len(BODY), len(BODY) - 1, 2_500_000):
                    line.server.answers.append(Answer(body=BODY[:size]))
                    assert await line.whole() == BODY[:size]
                    line.server.answers.append(Answer(body=b"short"))
                    assert await line.whole() == b"short"
                assert line.server.connections == 1
                assert [way.startswith(LANE) for way in line.ways] == [True, False] * 3

        play(scene)

    def test_a_piece_is_borrowed_until_the_next(self, play: Callable[[Any], None]) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                line.server.answers.append(Answer(body=BODY))
                with contextlib.closing(await line.get()) as reply:
                    position = 0
                    while piece := await reply.read_piece():
                        for _ in range(3):  # the network goes on meanwhile
                            await asyncio.sleep(0)
                        assert piece == BODY[position : position + len(piece)]
                        assert len(piece) <= BODY_BUFFER_BYTES
                        position += len(piece)
                assert position == len(BODY)

        play(scene)

    def test_a_thousand_cancelled_reads_lose_no_byte(self, play: Callable[[Any], None]) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                line.server.answers.append(Answer(body=BODY))
                got = bytearray()
                with contextlib.closing(await line.get()) as reply:
                    for turn in range(1_000):
                        reading = asyncio.ensure_future(reply.read_piece())
                        for _ in range(turn % 3):
                            await asyncio.sleep(0)
                        reading.cancel()
                        with contextlib.suppress(asyncio.CancelledError):
                            got += await reading
                    assert bytes(got) + await drain(reply) == BODY
                assert line.server.connections == 1

        play(scene)

    def test_a_slow_reader_stops_the_server(self, play: Callable[[Any], None]) -> None:
        sent = 0

        async def endless(wire: Wire, _: WireRequest) -> None:
            nonlocal sent
            await wire.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            while True:
                await wire.write(BODY[:100_000])
                await asyncio.sleep(0)  # over TLS a lost connection is seen by the loop alone
                sent += 100_000

        async def scene(opened: Any) -> None:
            async with opened(endless) as line:
                with contextlib.closing(await line.get()) as reply:
                    await reply.read_piece()
                    before = -1
                    while before != sent:  # until nothing more fits into the buffers
                        before = sent
                        await asyncio.sleep(0.1)
                    assert sent < 100_000_000  # some kernels let sockets hold tens of megabytes
                    while sent < before + 10_000_000:
                        await reply.read_piece()
                await line.server.until(lambda: line.server.open == 0)

        play(scene)

    @pytest.mark.parametrize("position", [0, 1, 1_000_000, len(BODY) - 1])
    def test_what_arrived_comes_before_the_failure(
        self, play: Callable[[Any], None], position: int
    ) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                line.server.answers += [Answer(body=BODY, break_after=position), Answer(body=b"x")]
                with contextlib.closing(await line.get()) as reply:
                    arrived, error = await drain_until_error(reply)
                assert position < 2 or line.ways[0].startswith(LANE)
                assert isinstance(error, ConnectionLost)
                assert arrived == BODY[:position]
                assert await line.whole() == b"x"

        play(scene)

    def test_an_early_close_closes_the_connection(self, play: Callable[[Any], None]) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                line.server.answers += [
                    Answer(body=BODY, stall_after=2_000_000),
                    Answer(body=BODY),
                ]
                reply = await line.get()
                await reply.read_piece()
                reply.close()
                reply.close()
                with pytest.raises(ClientClosed):
                    await reply.read_piece()
                await line.server.until(lambda: line.server.open == 0)
                assert await line.whole() == BODY

        play(scene)

    def test_closing_the_transport_ends_a_read(self, play: Callable[[Any], None]) -> None:
        async def scene(opened: Any) -> None:
            async with opened() as line:
                line.server.answers.append(Answer(body=BODY, stall_after=0))
                with contextlib.closing(await line.get()) as reply:
                    reading = asyncio.ensure_future(reply.read_piece())
                    await asyncio.sleep(0)
                    await line.transport.close()
                    with pytest.raises(ClientClosed):
                        await reading

        play(scene)

    @pytest.mark.parametrize(
        "excess", [b"?", b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison"]
    )
    def test_what_comes_behind_the_body_poisons_no_next_answer(
        self, play: Callable[[Any], None], excess: bytes
    ) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(BODY)}\r\n\r\n".encode()

        async def too_much(wire: Wire, _: WireRequest) -> None:
            await wire.write(head + BODY + excess)

        async def scene(opened: Any) -> None:
            async with opened(too_much) as line:
                for _ in range(4):
                    assert await line.whole() == BODY
                assert line.server.connections == 4

        play(scene)

    def test_an_answer_may_come_before_the_request_is_out(
        self, play: Callable[[Any], None]
    ) -> None:
        answered = asyncio.Event()

        server: Any = None

        async def early(wire: Wire, head: WireRequest) -> None:
            await wire.write(rendered_head(Answer(body=BODY)) + BODY[:-1])
            answered.set()
            await server.take(wire, head)
            await wire.write(BODY[-1:])

        class Slow:
            length = 8_000_000

            async def chunks(self) -> AsyncIterator[bytes]:
                yield bytes(4_000_000)
                await answered.wait()
                yield bytes(4_000_000)

        async def scene(opened: Any) -> None:
            nonlocal server
            async with opened(early) as line:
                server = line.server
                request = Request("POST", f"{server.url}/o", Headers(), Slow())
                with contextlib.closing(await line.transport.send(request, timeout=60)) as reply:
                    assert await drain(reply) == BODY
                assert [len(seen.body) for seen in server.requests] == [Slow.length]
                assert line.ways[0].startswith(LANE)

        play(scene)


class TestWays:
    """Which way a body goes, and that it says so."""

    @pytest.mark.parametrize(
        ("method", "answer", "why"),
        [
            ("GET", Answer(body=BODY, framing=Framing.CHUNKED), "not known"),
            ("GET", Answer(body=BODY, framing=Framing.CLOSE), "not known"),
            ("GET", Answer(body=b"short"), "here to its end|little of it|is over"),
            ("GET", Answer(body=BODY[: SHORTEST_BODY_BYTES - 1], stall_after=9), "little of it"),
            ("HEAD", Answer(headers={"content-length": "99999999"}), "here to its end"),
            ("GET", Answer(204), "not known"),
            ("GET", Answer(304, headers={"content-length": "99999999"}), "here to its end"),
        ],
    )
    async def test_aiohttp_keeps_what_is_not_worth_it_or_has_no_length(
        self, method: str, answer: Answer, why: str
    ) -> None:
        async with _line(None) as line:
            line.server.answers.append(answer)
            line.server.released.set()
            await line.whole(method)
            assert len(line.ways) == 1
            assert line.ways[0].startswith(READER)
            assert any(part in line.ways[0] for part in why.split("|"))

    async def test_a_coded_body_has_a_length_too(self) -> None:
        async with _line(None) as line:
            line.server.answers.append(Answer(headers={"content-encoding": "gzip"}, body=BODY))
            assert await line.whole() == BODY
            assert line.ways[0].startswith(LANE)

    async def test_the_lane_can_be_closed(self) -> None:
        async with _line(None, lane_from_bytes=None) as line:
            line.server.answers.append(Answer(body=BODY))
            assert await line.whole() == BODY
            assert line.ways == []

    @pytest.mark.parametrize("what", ["handler", "transport", "content", "timeout"])
    async def test_what_it_does_not_know_is_left_alone(self, what: str) -> None:
        async with _line(None, lane_from_bytes=None) as line:
            line.server.answers.append(Answer(body=BODY, stall_after=0))
            with contextlib.closing(await line.get()) as reply:
                assert enter_lane(_Strange(reply.raw, what), len(BODY), 1) is None  # type: ignore[arg-type]  # a stranger
                line.server.released.set()
                assert await drain(reply) == BODY
            assert line.ways[0].startswith(READER)


class _Strange:
    """A response of an aiohttp, or on a loop, that nobody has seen yet."""

    def __init__(self, response: aiohttp.ClientResponse, what: str) -> None:
        connection = response.connection
        assert connection is not None
        self.content: Any = object() if what == "content" else response.content
        self.connection = self
        self.protocol: Any = object() if what == "handler" else connection.protocol
        self.transport: Any = object() if what == "transport" else connection.transport
        if what == "timeout":
            connection.protocol.read_timeout = 5.0  # type: ignore[union-attr]  # it is connected
