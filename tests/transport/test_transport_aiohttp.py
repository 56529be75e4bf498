"""What we take from aiohttp beyond its documented interface, and whose sessions are whose.

When one of the first tests here fails after an update of aiohttp, read what it says it guards
before changing it: the transport's promises rest on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from stages import drain, drain_until_error
from wire_server import Wire, WireRequest, WireServer

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream.errors import (
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    InvalidArgument,
    ProtocolError,
    UsageError,
)
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientHandlerType


class TestWhatWeRelyOn:
    async def test_what_arrived_can_be_had_after_a_reader_failed(self) -> None:
        """`_AiohttpReply._broke` takes the exception off a reader, and reads what it holds."""
        loop = asyncio.get_running_loop()
        reader = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        reader.feed_data(b"arrived")
        reader.set_exception(aiohttp.ClientPayloadError("broke"))
        with pytest.raises(aiohttp.ClientPayloadError):
            await reader.readchunk()
        reader.set_exception(None)  # type: ignore[arg-type]  # what the transport does
        assert reader.exception() is None
        assert reader.read_nowait() == b"arrived"
        assert reader.read_nowait() == b""

    async def test_an_empty_body_says_that_it_is_at_its_end(self) -> None:
        """`readchunk()` of the one empty body of a process does not: it has a memory."""
        for _ in range(2):
            assert aiohttp.EMPTY_PAYLOAD.at_eof()
            assert aiohttp.EMPTY_PAYLOAD.exception() is None

    async def test_an_end_in_order_is_no_exception(self) -> None:
        loop = asyncio.get_running_loop()
        reader = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        reader.feed_data(b"a")
        reader.feed_eof()
        assert not reader.at_eof()
        assert reader.is_eof()
        assert await reader.readchunk() == (b"a", False)
        assert reader.at_eof()

    async def test_the_middlewares_of_a_session_are_where_we_look_for_them(self) -> None:
        """Those that are given with a request replace them, so we name them beside ours."""

        async def theirs(
            request: aiohttp.ClientRequest, handler: ClientHandlerType
        ) -> aiohttp.ClientResponse:
            return await handler(request)

        async with aiohttp.ClientSession(middlewares=[theirs]) as session:
            assert list(session._middlewares) == [theirs]


class TestBreaks:
    @pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
    async def test_a_reader_that_comes_after_the_break_gets_what_came_before_it(
        self, server: WireServer, framing: Framing
    ) -> None:
        server.answers += [Answer(body=[b"abc", b"def"], framing=framing, break_after=5)]
        async with _closing(AiohttpTransport()) as transport:
            reply = await transport.send(Request("GET", server.url), timeout=60)
            with contextlib.closing(reply):
                async with asyncio.timeout(60):
                    while reply.raw.content.exception() is None:  # noqa: ASYNC110 - no event tells
                        await asyncio.sleep(0.001)
                arrived, error = await drain_until_error(reply)
                assert (arrived, type(error)) == (b"abcde", ConnectionLost)


class TestTheCallersSession:
    async def test_its_middlewares_and_headers_are_kept_and_it_stays_open(
        self, server: WireServer
    ) -> None:
        async def sign(
            request: aiohttp.ClientRequest, handler: ClientHandlerType
        ) -> aiohttp.ClientResponse:
            request.headers["x-signed"] = "yes"
            return await handler(request)

        async with aiohttp.ClientSession(middlewares=[sign], headers={"x-theirs": "1"}) as session:
            transport = AiohttpTransport(session=session)
            server.answers += [Answer(body=b"a"), Answer(body=b"b")]
            for given in (None, session):
                request = Request("GET", server.url + "/o")
                reply = await transport.send(request, timeout=60, session=given)
                with contextlib.closing(reply):
                    await drain(reply)
            await transport.close()
            assert not session.closed
        for request_seen in server.requests:
            assert request_seen.get("x-signed") == "yes"
            assert request_seen.get("x-theirs") == "1"

    async def test_its_own_total_timeout_does_not_cut_our_bodies(self, server: WireServer) -> None:
        server.answers += [Answer(body=b"abcd", stall_after=2)]
        limit = aiohttp.ClientTimeout(total=0.1)
        async with aiohttp.ClientSession(timeout=limit) as session:
            transport = AiohttpTransport(session=session)
            reply = await transport.send(Request("GET", server.url), timeout=60)
            with contextlib.closing(reply):
                assert await reply.read_piece() == b"ab"
                await asyncio.sleep(0.2)  # longer than its limit
                server.released.set()
                assert await drain(reply) == b"cd"

    async def test_one_that_raises_for_statuses_is_told_not_to(self, server: WireServer) -> None:
        server.answers += [Answer(404, body=b"none")]
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            transport = AiohttpTransport(session=session)
            reply = await transport.send(Request("GET", server.url), timeout=60)
            with contextlib.closing(reply):
                assert reply.head.status == 404
                assert await drain(reply) == b"none"

    async def test_one_that_is_closed_is_told_apart_from_a_lost_connection(
        self, server: WireServer
    ) -> None:
        session = aiohttp.ClientSession()
        await session.close()
        with pytest.raises(ClientClosed):
            await AiohttpTransport(session=session).send(Request("GET", server.url), timeout=60)


class TestOurSession:
    async def test_it_is_made_at_the_first_request_and_closed_with_the_transport(
        self, server: WireServer
    ) -> None:
        transport = AiohttpTransport()
        assert transport._own is None
        server.answers += [Answer()]
        (await transport.send(Request("GET", server.url), timeout=60)).close()
        session = transport.session
        await transport.close()
        assert session.closed
        with pytest.raises(ClientClosed):
            _ = transport.session

    async def test_it_is_of_one_loop(self, server: WireServer) -> None:
        """In another one, aiohttp's futures fail with what looks like a lost connection."""
        server.answers += [Answer(), Answer()]
        request = Request("GET", server.url)
        transport = AiohttpTransport()
        (await transport.send(request, timeout=60)).close()

        def elsewhere() -> None:
            with pytest.raises(UsageError, match="another event loop"):
                asyncio.run(transport.send(request, timeout=60))

        await asyncio.to_thread(elsewhere)
        (await transport.send(request, timeout=60)).close()
        await transport.close()

    def test_a_transport_can_be_made_outside_of_a_loop(self) -> None:
        async def use(transport: AiohttpTransport) -> None:
            await transport.close()

        asyncio.run(use(AiohttpTransport()))


class TestErrors:
    @pytest.mark.parametrize(
        "url", ["http://", "http://host:99999/", "gs://b/o", "/o", "", "http://[::1/"]
    )
    async def test_what_is_no_url_is_the_callers_mistake(self, url: str) -> None:
        transport = AiohttpTransport()
        with pytest.raises(InvalidArgument):
            await transport.send(Request("GET", url), timeout=1)
        await transport.close()

    @pytest.mark.usefixtures("no_names")
    async def test_a_name_that_does_not_exist_is_no_connection(self) -> None:
        transport = AiohttpTransport()
        with pytest.raises(ConnectFailed):
            await transport.send(Request("GET", "http://name.invalid/"), timeout=60)
        await transport.close()

    @pytest.mark.parametrize(
        "garbage",
        [
            b"HTTP/1.1 200 OK\r\ncont",
            b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
            b"\x16\x03\x01",
        ],
    )
    async def test_messages_are_one_line_without_a_url(
        self, server: WireServer, garbage: bytes
    ) -> None:
        server.answers += [garbage]
        transport = AiohttpTransport()
        request = Request("GET", f"{server.url}/o?upload_id=secret")
        with pytest.raises((ConnectionLost, ProtocolError)) as caught:
            (await transport.send(request, timeout=60)).close()
        await transport.close()
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize(
        "line", [b"x-echo: Bearer secret\0", b"x-echo: ?upload_id=secret\0", b"x-" + b"y" * 8000]
    )
    async def test_lines_that_are_no_http_are_not_shown_with_what_they_say_back(
        self, server: WireServer, line: bytes
    ) -> None:
        server.answers += [b"HTTP/1.1 200 OK\r\n" + line + b"\0\r\n\r\n"]
        headers = Headers([("authorization", "Bearer secret")])
        transport = AiohttpTransport()
        request = Request("GET", f"{server.url}/o?upload_id=secret", headers)
        with pytest.raises(ProtocolError) as caught:
            (await transport.send(request, timeout=60)).close()
        await transport.close()
        assert "secret" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__cause__ is None, "aiohttp's error has the request's headers"
        assert len(str(caught.value)) < 600

    async def test_a_chunk_that_is_none_breaks_the_body(self) -> None:
        read = asyncio.Event()

        async def play(wire: Wire, _: WireRequest) -> None:
            await wire.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await read.wait()
            await wire.write(b"zz\r\n")
            await wire.until_client_closes()

        async with WireServer(play) as server, _closing(AiohttpTransport()) as transport:
            reply = await transport.send(Request("GET", server.url), timeout=60)
            with contextlib.closing(reply):
                assert await reply.read_piece() == b"abc"
                read.set()
                with pytest.raises((ConnectionLost, ProtocolError)):
                    await drain(reply)


@contextlib.asynccontextmanager
async def _closing(transport: AiohttpTransport) -> AsyncIterator[AiohttpTransport]:
    yield transport
    await transport.close()
