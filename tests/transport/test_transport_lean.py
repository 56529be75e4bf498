"""What only the lean transport does: its pool, its limits, and answers that mean harm."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from stages import Source, drain
from wire_server import Wire, WireRequest, WireServer

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    InvalidArgument,
    ProtocolError,
    StorageError,
    UsageError,
)
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._transport.lean.reply import LeanReply

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def lean() -> AsyncIterator[LeanTransport]:
    transport = LeanTransport(connections=10)
    yield transport
    await transport.close()


async def fetch(transport: LeanTransport, server: WireServer, method: str = "GET") -> bytes:
    request = Request(method, f"{server.url}/o")
    with contextlib.closing(await transport.send(request, timeout=60)) as reply:
        return await drain(reply)


class TestHostileAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            OK + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            OK + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
            OK + b"content-length: 3, 3\r\n\r\nabc",
            OK + b"content-length: +3\r\n\r\nabc",
            OK + b"content-length: -3\r\n\r\nabc",
            OK + b"content-length: 0x3\r\n\r\nabc",
            OK + b"content-length: \r\n\r\nabc",
            OK + b"content-length: 99999999999999999999999\r\n\r\nabc",
            OK + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            OK + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            OK + b"transfer-encoding: gzip\r\n\r\nabc",
            OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            OK + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            OK + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
            OK + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
            OK + b"a: b\r\n c: folded\r\n\r\n",
            OK + b"a: b\nc: d\r\n\r\n",
            OK + b"a\0: b\r\n\r\n",
            OK + b"a: \0\r\n\r\n",
            OK + b"no colon\r\n\r\n",
            b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 99 ?\r\n\r\n",
            b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
            b"\r\n\r\n" + OK + b"content-length: 0\r\n\r\n",
            b"HTTP/1.1 103 Hints\r\n\r\n" * 20 + OK + b"content-length: 0\r\n\r\n",
            OK + b"a: " + b"x" * 70_000 + b"\r\n\r\n",
            OK + b"a: " + b"x" * 70_000,
            OK + b"a: b\r\n" * 300 + b"\r\n",
        ],
    )
    async def test_what_can_be_understood_in_two_ways_is_not_understood(
        self, lean: LeanTransport, server: WireServer, answer: bytes
    ) -> None:
        server.answers += [answer, Answer(body=b"next")]
        with pytest.raises(ProtocolError):
            await fetch(lean, server)
        assert await fetch(lean, server) == b"next"
        assert server.connections == 2

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 103 Hints\r\nlink: x\r\n\r\n" + OK + b"content-length: 3\r\n\r\nabc",
            OK + b"Content-Length: 3  \r\nx: \xff\t\r\n\r\nabc",
            b"HTTP/1.1 200\r\ncontent-length: 3\r\n\r\nabc",
            b"HTTP/1.0 200 OK\r\n\r\nabc",
            OK + b"transfer-encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\n",
        ],
    )
    async def test_what_is_odd_but_plain_is_understood(
        self, lean: LeanTransport, server: WireServer, answer: bytes
    ) -> None:
        server.answers += [answer]
        assert await fetch(lean, server) == b"abc"

    @pytest.mark.parametrize(
        "body", [b"zz\r\nabc\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n"]
    )
    async def test_chunks_that_are_none(
        self, lean: LeanTransport, server: WireServer, body: bytes
    ) -> None:
        server.answers += [OK + b"transfer-encoding: chunked\r\n\r\n" + body]
        with pytest.raises(ConnectionLost):
            await fetch(lean, server)

    async def test_trailers_without_end(self, lean: LeanTransport) -> None:
        async def play(wire: Wire, head: WireRequest) -> None:
            await server.take(wire, head)
            await wire.write(OK + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
            while True:
                await wire.write(b"x: " + b"y" * 1_000 + b"\r\n")

        async with WireServer(play) as server:
            with pytest.raises(ConnectionLost, match="without end"):
                await fetch(lean, server)

    @pytest.mark.parametrize("size", [3, 200_000, 3_000_000])
    @pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
    async def test_bytes_behind_the_end_are_no_answer_to_the_next_request(
        self, lean: LeanTransport, server: WireServer, framing: Framing, size: int
    ) -> None:
        content = b"a" * size
        body = {
            Framing.LENGTH: b"content-length: %d\r\n\r\n%b" % (size, content),
            Framing.CHUNKED: b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
            % (size, content),
        }[framing]
        smuggled = OK + b"content-length: 4\r\n\r\nevil"
        server.answers += [OK + body + smuggled, Answer(body=b"good")]
        assert await fetch(lean, server) == content
        assert await fetch(lean, server) == b"good"
        assert server.connections == 2

    async def test_an_answer_that_nobody_asked_for_ends_its_connection(
        self, lean: LeanTransport
    ) -> None:
        told = asyncio.Event()

        async def play(wire: Wire, head: WireRequest) -> None:
            request = await server.take(wire, head)
            await server.answer(wire, request, Answer(body=b"good"))
            if server.connections == 1:
                await told.wait()
                await wire.write(OK + b"content-length: 4\r\n\r\nevil")

        async with WireServer(play) as server:
            assert await fetch(lean, server) == b"good"
            told.set()
            await server.until(lambda: server.open == 0)
            assert await fetch(lean, server) == b"good"
            assert server.connections == 2

    async def test_a_head_that_comes_byte_by_byte(self, lean: LeanTransport) -> None:
        head = b"HTTP/1.1 103 Hints\r\n\r\n" + OK + b"content-length: 3\r\n\r\nabc"

        async def play(wire: Wire, request: WireRequest) -> None:
            await server.take(wire, request)
            for place in range(len(head)):
                await wire.write(head[place : place + 1])
                await asyncio.sleep(0)

        async with WireServer(play) as server:
            assert await fetch(lean, server) == b"abc"


class TestRequests:
    @pytest.mark.parametrize(
        "request_of",
        [
            lambda url: Request("GET", f"{url}/a b"),
            lambda url: Request("GET", f"{url}/a\r\nx: y"),
            lambda url: Request("GET", f"{url}/a#b"),
            lambda url: Request("GET", f"{url}/\xe9"),
            lambda url: Request("GE T", f"{url}/a"),
            lambda url: Request("GET", f"{url}/a", Headers([("x", "y\r\nz: 1")])),
            lambda url: Request("GET", f"{url}/a", Headers([("x", "y\nz: 1")])),
            lambda url: Request("GET", f"{url}/a", Headers([("x", "y\0")])),
            lambda url: Request("GET", f"{url}/a", Headers([("x:y", "z")])),
            lambda url: Request("GET", f"{url}/a", Headers([("x\r\ny", "z")])),
            lambda url: Request("GET", f"{url}/a", Headers([("", "z")])),
            lambda url: Request("GET", f"{url}/a", Headers([("transfer-encoding", "chunked")])),
            lambda url: Request("GET", url.replace("http", "ftp")),
            lambda url: Request("GET", url.replace("//", "//user:word@")),
            lambda _: Request("GET", "http:///a"),
            lambda _: Request("GET", "http://h:99999/a"),
            lambda _: Request("GET", "http://h:x/a"),
            lambda _: Request("GET", "/a"),
            lambda _: Request("GET", "http://h?a/b"),
        ],
    )
    async def test_what_would_become_another_is_not_sent(
        self, lean: LeanTransport, server: WireServer, request_of: object
    ) -> None:
        assert callable(request_of)
        with pytest.raises(InvalidArgument):
            await lean.send(request_of(server.url), timeout=60)
        assert server.connections == 0

    async def test_a_length_of_the_callers_is_not_believed(
        self, lean: LeanTransport, server: WireServer
    ) -> None:
        server.answers += [Answer()]
        wrong = Headers([("content-length", "9")])
        (await lean.send(Request("POST", server.url, wrong, b"abc"), timeout=60)).close()
        assert server.requests[0].body == b"abc"

    async def test_headers_that_change_from_request_to_request(
        self, lean: LeanTransport, server: WireServer
    ) -> None:
        server.answers += [Answer()] * 4
        for value in ("1", "2", "2", "1"):
            request = Request("GET", server.url, Headers([("x-a", value)]))
            (await lean.send(request, timeout=60)).close()
        assert [request.get("x-a") for request in server.requests] == ["1", "2", "2", "1"]

    async def test_it_has_no_session(self, lean: LeanTransport) -> None:
        with pytest.raises(UsageError):
            await lean.send(Request("GET", "http://h/"), timeout=1, session=object())

    def test_another_loop_than_before_is_refused(self) -> None:
        lean = LeanTransport()

        async def send() -> None:
            with pytest.raises(ConnectFailed):
                await lean.send(Request("GET", "http://127.0.0.1:1/"), timeout=60)

        asyncio.run(send())
        with pytest.raises(UsageError):
            asyncio.run(send())
        asyncio.run(lean.close())

    @pytest.mark.usefixtures("no_names")
    async def test_a_name_that_nobody_has(self, lean: LeanTransport) -> None:
        with pytest.raises(ConnectFailed):
            await lean.send(Request("GET", "http://no-such-name.invalid/"), timeout=60)


class TestPool:
    async def test_one_that_the_server_closed_is_replaced_before_it_is_used(
        self, lean: LeanTransport
    ) -> None:
        async def close_after_each(wire: Wire, head: WireRequest) -> None:
            request = await server.take(wire, head)
            await server.answer(wire, request, Answer(body=b"x"))
            wire.finish()

        async with WireServer(close_after_each) as server:
            for turn in range(3):
                assert await fetch(lean, server, "POST") == b"x"
                await server.until(lambda: server.open == 0)
                assert server.heads == turn + 1

    async def test_one_that_says_so_is_not_kept(
        self, lean: LeanTransport, server: WireServer
    ) -> None:
        server.answers += [Answer(headers={"connection": "Close"}, body=b"x")] * 2
        for _ in range(2):
            assert await fetch(lean, server) == b"x"
        assert server.connections == 2

    async def test_one_that_nobody_uses_is_closed_after_a_while(self, server: WireServer) -> None:
        lean = LeanTransport(idle_seconds=0.05)
        server.answers += [Answer()]
        await fetch(lean, server)
        await server.until(lambda: server.connections == 1 and server.open == 0)
        await lean.close()

    async def test_one_that_is_old_is_replaced(self, server: WireServer) -> None:
        lean = LeanTransport(age_seconds=0)
        server.answers += [Answer(body=b"x")] * 3
        for _ in range(3):
            assert await fetch(lean, server) == b"x"
        assert server.connections == 3
        await lean.close()

    async def test_nothing_is_held_of_what_is_over(
        self, lean: LeanTransport, server: WireServer
    ) -> None:
        server.answers += [Answer(body=b"x" * 300_000)]
        request = Request("POST", server.url, body=Source(b"abc"))
        reply = await lean.send(request, timeout=60)
        await drain(reply)
        body = reply.body
        assert body is not None
        reply.close()
        gone = weakref.ref(request.body) if isinstance(request.body, Source) else None
        assert gone is not None
        del request, reply, body
        gc.collect()
        assert gone() is None

    async def test_cancelled_reads_and_closed_answers_leave_no_task(
        self, lean: LeanTransport, server: WireServer
    ) -> None:
        server.answers += [Answer(body=b"abc", stall_after=1)]
        reply = await lean.send(Request("POST", server.url, body=Source(b"x")), timeout=60)
        await reply.read_piece()
        reply.close()
        await server.until(lambda: server.open == 0)
        assert asyncio.all_tasks() - {asyncio.current_task()} <= server._tasks

    @pytest.mark.parametrize("cut", range(0, 60, 7))
    async def test_a_head_that_breaks_off(self, lean: LeanTransport, cut: int) -> None:
        head = OK + b"content-length: 3\r\nx-a: b\r\n\r\n"

        async def play(wire: Wire, request: WireRequest) -> None:
            await server.take(wire, request)
            await wire.write(head[:cut])
            wire.finish()

        async with WireServer(play) as server:
            with pytest.raises(StorageError) as caught:
                await fetch(lean, server)
            assert isinstance(caught.value, ConnectionLost)


class TestLoops:
    def test_closed_after_its_loop(self, recwarn: pytest.WarningsRecorder) -> None:
        """Its connections ended with the loop; nobody is to be told, and nothing fails."""
        transport = LeanTransport()

        async def use() -> None:
            async with WireServer() as server:
                server.answers += [Answer(body=b"idle"), Answer(body=b"x" * 1_000_000)]
                assert await fetch(transport, server) == b"idle"
                request = Request("GET", f"{server.url}/o")
                kept.append(await transport.send(request, timeout=60))

        kept: list[LeanReply] = []
        asyncio.run(use())
        kept.pop().close()
        for _ in range(2):
            asyncio.run(transport.close())
        gc.collect()  # asyncio warns of what nobody closed while its loop ran
        assert {warning.category for warning in recwarn} <= {ResourceWarning}

    async def test_it_is_closed_in_its_own_loop(self, lean: LeanTransport) -> None:
        async with WireServer() as server:
            server.answers += [Answer(body=b"1"), Answer(body=b"2")]
            assert await fetch(lean, server) == b"1"
            with pytest.raises(UsageError, match="another event loop"):
                await asyncio.to_thread(asyncio.run, lean.close())
