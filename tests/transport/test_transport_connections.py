"""What transports do with connections, seen from the server: kept, closed, never asked twice."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import aiohttp
import pytest
from stages import WIRE_TRANSPORTS, Source, drain
from standing_time import standing_time
from wire_server import Wire, WireRequest, WireServer

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream.errors import ClientClosed, ConnectionLost, RequestTimeout
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._transport.base import ReplyStream, Transport

BODY = bytes(range(256)) * 4_000  # 1 MB: more than aiohttp holds
MOST_IN_SOCKETS = 100_000_000  # some kernels let them grow to tens of megabytes


async def get(transport: Transport, server: WireServer, seconds: float | None = 60) -> ReplyStream:
    return await transport.send(Request("GET", f"{server.url}/o"), timeout=seconds)


async def whole(transport: Transport, server: WireServer, method: str = "GET") -> bytes:
    request = Request(method, f"{server.url}/o")
    with contextlib.closing(await transport.send(request, timeout=60)) as reply:
        return await drain(reply)


class TestReuse:
    @pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
    async def test_an_answer_read_to_its_end_leaves_its_connection_to_the_next(
        self, transport: Transport, server: WireServer, framing: Framing
    ) -> None:
        server.answers += [Answer(body=BODY, framing=framing)] * 5
        for _ in range(5):
            assert await whole(transport, server) == BODY
        assert server.connections == 1

    async def test_answers_without_body_do_so_too(
        self, transport: Transport, server: WireServer
    ) -> None:
        server.answers += [Answer(204), Answer(304), Answer(headers={"content-length": "9"})]
        for method in ("DELETE", "GET", "HEAD"):
            assert await whole(transport, server, method) == b""
        assert server.connections == 1

    @pytest.mark.parametrize("framing", list(Framing))
    async def test_a_half_read_answer_closes_its_connection(
        self, transport: Transport, server: WireServer, framing: Framing
    ) -> None:
        server.answers += [Answer(body=BODY, framing=framing, stall_after=500_000)]
        reply = await get(transport, server)
        await reply.read_piece()
        assert server.open == 1
        reply.close()
        await server.until(lambda: server.open == 0)

    async def test_closing_the_transport_closes_its_connections(self, server: WireServer) -> None:
        transport = AiohttpTransport()
        server.answers += [Answer(), Answer(body=BODY, stall_after=9)]
        await whole(transport, server)
        reply = await get(transport, server)
        await reply.read_piece()
        await transport.close()
        await server.until(lambda: server.open == 0)
        with pytest.raises((ClientClosed, ConnectionLost)):
            await drain(reply)
        reply.close()

    async def test_a_slow_reader_stops_the_server(self, transport: Transport) -> None:
        sent = 0

        async def endless(wire: Wire, head: WireRequest) -> None:
            nonlocal sent
            await server.take(wire, head)
            await wire.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            while True:
                await wire.write(BODY)
                sent += len(BODY)

        async with WireServer(endless) as server:
            reply = await get(transport, server)
            await reply.read_piece()
            before = -1
            while before != sent:  # until nothing more fits into the buffers
                before = sent
                await asyncio.sleep(0.1)
            reply.close()
            assert sent < MOST_IN_SOCKETS


class TestChunks:
    async def test_a_chunk_whose_end_comes_later_is_no_end(self, transport: Transport) -> None:
        read = asyncio.Event()

        async def play(wire: Wire, head: WireRequest) -> None:
            await server.take(wire, head)
            await wire.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc")
            await read.wait()
            await wire.write(b"\r\n3\r\ndef\r\n0\r\n\r\n")

        async with WireServer(play) as server:
            with contextlib.closing(await get(transport, server)) as reply:
                assert await reply.read_piece() == b"abc"
                read.set()
                assert await reply.read_piece() == b"def"
                assert await reply.read_piece() == b""


class TestHeaders:
    async def test_none_goes_out_but_ours_and_what_http_needs(
        self, transport: Transport, server: WireServer
    ) -> None:
        server.answers += [Answer(), Answer()]
        ours = Headers([("x-a", "1"), ("user-agent", "us"), ("accept-encoding", "gzip")])
        for method, body in (("GET", b""), ("POST", b"{}")):
            request = Request(method, f"{server.url}/o", ours, body)
            (await transport.send(request, timeout=60)).close()
        host = ("host", server.url.removeprefix("http://"))
        get, post = (dict(request.lines) for request in server.requests)
        assert get == dict([host, *ours, ("accept", "*/*")])
        assert post == get | {"content-length": "2"}
        assert len(server.requests[0].lines) == 5

    async def test_without_ours_there_is_neither_agent_nor_encoding_nor_type(
        self, transport: Transport, server: WireServer
    ) -> None:
        server.answers += [Answer()]
        request = Request("PUT", f"{server.url}/o")
        (await transport.send(request, timeout=60)).close()
        names = {name for name, _ in server.requests[0].lines}
        assert names == {"host", "accept", "content-length"}

    async def test_cookies_are_not_kept(self, transport: Transport, server: WireServer) -> None:
        server.answers += [Answer(headers={"set-cookie": "a=b; Path=/"}), Answer()]
        url = server.url.replace("127.0.0.1", "localhost")  # aiohttp keeps none of an address
        for _ in range(2):
            (await transport.send(Request("GET", url), timeout=60)).close()
        assert server.requests[1].get("cookie") is None


class TestOneAttempt:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST"])
    @pytest.mark.parametrize("how", ["finish", "reset"])
    async def test_a_kept_connection_that_breaks_is_not_asked_again(
        self, transport: Transport, method: str, how: str
    ) -> None:
        """Aiohttp by itself sends all of these but POST once more."""

        async def break_the_second(wire: Wire, head: WireRequest) -> None:
            request = await server.take(wire, head)
            if len(server.requests) == 1:
                await server.answer(wire, request, Answer())
            else:
                getattr(wire, how)()

        async with WireServer(break_the_second) as server:
            await whole(transport, server, method)
            with pytest.raises(ConnectionLost):
                await whole(transport, server, method)
            assert server.heads == 2
            assert server.connections == 1

    async def test_aiohttp_would_repeat_without_us(self) -> None:
        """Shows that the test above can fail: the same server, and a session without our guard."""

        async def break_the_second(wire: Wire, head: WireRequest) -> None:
            request = await server.take(wire, head)
            if len(server.requests) == 2:
                wire.finish()
            await server.answer(wire, request, Answer())

        async with WireServer(break_the_second) as server, aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.get(server.url) as response:
                    assert response.status == 200
            assert server.heads == 3

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_a_redirect_is_not_followed(
        self, transport: Transport, server: WireServer, status: int
    ) -> None:
        server.answers += [Answer(status, {"location": f"{server.url}/elsewhere"})]
        assert await whole(transport, server) == b""
        assert server.heads == 1


class TestCancelling:
    @pytest.mark.parametrize("kind", ["aiohttp", "lean"])
    async def test_sends_cancelled_at_any_moment_leave_room_and_no_connection(
        self, kind: str
    ) -> None:
        """Each of the first steps of the event loop is a place where a send may be cancelled."""
        async with WIRE_TRANSPORTS[kind](1) as transport, WireServer() as server:
            for steps in range(40):
                server.answers[:] = [Answer(body=b"abc", stall_after=1)]
                sending = asyncio.ensure_future(get(transport, server))
                for _ in range(steps):
                    await asyncio.sleep(0)
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    (await sending).close()
                await server.until(lambda: server.open == 0)
            server.answers[:] = [Answer(body=b"whole")]
            assert await whole(transport, server) == b"whole"

    async def test_reads_cancelled_at_any_moment_lose_no_byte(
        self, transport: Transport, server: WireServer
    ) -> None:
        server.answers += [Answer(body=BODY, framing=Framing.CHUNKED)]
        arrived = b""
        with contextlib.closing(await get(transport, server)) as reply:
            for steps in range(10_000):
                reading = asyncio.ensure_future(reply.read_piece())
                for _ in range(steps % 4):
                    await asyncio.sleep(0)
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    piece = await reading
                    if not piece:
                        break
                    arrived += piece
            else:
                arrived += await drain(reply)
        assert arrived == BODY


class TestUploads:
    async def test_one_that_makes_progress_may_take_longer_than_the_timeout(
        self, transport: Transport, server: WireServer
    ) -> None:
        class Slow(Source):
            async def chunks(self) -> AsyncIterator[bytes]:
                async for piece in super().chunks():
                    time.advance(0.2)  # the link's time; all together twice the timeout
                    await asyncio.sleep(0)  # what is due is called
                    yield piece

        server.answers += [Answer()]
        request = Request("POST", f"{server.url}/o", body=Slow(*[b"x" * 70_000] * 8))
        with standing_time() as time:
            (await transport.send(request, timeout=0.8)).close()
        assert len(server.requests[0].body) == 560_000

    async def test_one_that_the_server_stops_reading_runs_into_it(
        self, transport: Transport
    ) -> None:
        async def deaf(wire: Wire, _: WireRequest) -> None:
            wire.reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own
            await asyncio.Event().wait()

        async with WireServer(deaf) as server:
            request = Request("POST", f"{server.url}/o", body=Source(*[BODY] * 40))
            with pytest.raises(RequestTimeout):
                await transport.send(request, timeout=0.3)

    @pytest.mark.parametrize("goes_on", [True, False])
    async def test_a_refusal_in_the_middle_of_one_is_read(
        self, transport: Transport, *, goes_on: bool
    ) -> None:
        """The server may answer before it has everything; what it says counts (RFC 9112 §9.5)."""
        source_goes_on, answer_goes_on, came = asyncio.Event(), asyncio.Event(), asyncio.Event()

        class Waiting(Source):
            async def chunks(self) -> AsyncIterator[bytes]:
                for _ in range(3):
                    yield b"a" * 1_000
                await source_goes_on.wait()
                yield b"b" * 1_000

        async def refuse_early(wire: Wire, _: WireRequest) -> None:
            await wire.write(b"HTTP/1.1 403 No\r\ncontent-length: 6\r\n\r\nabc")
            await answer_goes_on.wait()
            await wire.reader.readexactly(3_000 + 1_000 * goes_on)
            came.set()
            await wire.write(b"def")

        async with WireServer(refuse_early) as server:
            request = Request("POST", f"{server.url}/o", body=Waiting(length=4_000))
            with contextlib.closing(await transport.send(request, timeout=60)) as reply:
                assert reply.head.status == 403
                assert await reply.read_piece() == b"abc"
                answer_goes_on.set()
                if goes_on:
                    source_goes_on.set()
                await asyncio.wait_for(came.wait(), 60)
                assert await drain(reply) == b"def"
            if not goes_on:  # half a request stands on the connection: no other may follow
                await server.until(lambda: server.open == 0)

    async def test_a_source_that_is_cancelled_cancels_nothing_but_the_send(
        self, transport: Transport, server: WireServer
    ) -> None:
        """Its own task is the caller's business; the send must not wait for bytes for ever."""

        class Cancelled(Source):
            async def chunks(self) -> AsyncIterator[bytes]:
                yield b"abc"
                raise asyncio.CancelledError

        request = Request("POST", f"{server.url}/o", body=Cancelled(length=6))
        with pytest.raises((ConnectionLost, asyncio.CancelledError)):
            await transport.send(request, timeout=60)
        await server.until(lambda: server.open == 0)
