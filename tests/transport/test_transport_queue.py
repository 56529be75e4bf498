"""More requests than connections: each gets its turn, in order, and waiting costs it nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import aiohttp
import pytest
from stages import drain
from standing_time import standing_time
from wire_server import Wire, WireRequest, WireServer

from storage_stream._protocol.http import Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream.errors import ClientClosed, ConnectionLost, InvalidArgument, StorageError
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


Either = AiohttpTransport | LeanTransport
EACH = pytest.mark.parametrize("kind", [AiohttpTransport, LeanTransport])


@pytest.fixture(params=[AiohttpTransport, LeanTransport])
async def narrow(request: pytest.FixtureRequest) -> AsyncIterator[Either]:
    """Room for one."""
    transport: Either = request.param(connections=1)
    yield transport
    await transport.close()


async def fetch(
    transport: Either, server: WireServer, name: object = "o", seconds: float = 60
) -> bytes:
    request = Request("GET", f"{server.url}/{name}")
    with contextlib.closing(await transport.send(request, timeout=seconds)) as reply:
        return await drain(reply)


@EACH
async def test_a_thousand_through_ten_connections_in_order(kind: type[Either]) -> None:
    transport, under_way, most = kind(connections=10), 0, 0

    async def echo(wire: Wire, head: WireRequest) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        request = await server.take(wire, head)
        await asyncio.sleep(0)  # the others come in
        under_way -= 1
        await server.answer(wire, request, Answer(body=head.target.encode() * 1_000))

    async with WireServer(echo) as server:
        bodies = await asyncio.gather(*(fetch(transport, server, n) for n in range(1_000)))
        await transport.close()
        assert bodies == [f"/{n}".encode() * 1_000 for n in range(1_000)]
        assert server.connections == server.most_open == 10
        assert most <= 10
        places = {request.target: place for place, request in enumerate(server.requests)}
        # Ten are under way at once, and may overtake one another; nobody else may.
        order = [places[f"/{n}"] for n in range(1_000)]
        assert all(sum(each > order[n] for each in order[:n]) < 10 for n in range(1_000))


async def test_the_first_to_wait_is_the_first_to_go(narrow: Either, server: WireServer) -> None:
    server.answers += [Answer(body=b"abc", stall_after=1), *[Answer()] * 50]
    first = asyncio.ensure_future(fetch(narrow, server, "first"))
    await server.until(lambda: len(server.requests) == 1)
    waiting = [asyncio.ensure_future(fetch(narrow, server, n)) for n in range(50)]
    await asyncio.sleep(0)
    for n in (0, 7, 49):  # those who leave the queue hold nobody up
        waiting[n].cancel()
    server.released.set()
    await first
    await asyncio.gather(*waiting, return_exceptions=True)
    stayed = [n for n in range(50) if n not in {0, 7, 49}]
    assert [request.target for request in server.requests[1:]] == [f"/{n}" for n in stayed]


async def test_waiting_for_a_turn_is_no_part_of_the_timeout(
    narrow: Either, server: WireServer
) -> None:
    server.answers += [Answer(body=b"abc", stall_after=1), Answer(body=b"mine")]
    with standing_time() as time:
        first = asyncio.ensure_future(fetch(narrow, server))
        await server.until(lambda: len(server.requests) == 1)
        second = asyncio.ensure_future(fetch(narrow, server, seconds=0.5))
        await asyncio.sleep(0)  # it asks for its turn
        time.advance(0.75)  # longer than its whole timeout
        await asyncio.sleep(0)
        server.released.set()
        assert await second == b"mine"
        await first


async def test_the_place_of_a_failure_is_free_again(narrow: Either, server: WireServer) -> None:
    server.answers += [
        b"garbage\r\n\r\n",
        Answer(body=b"x", break_after=0),
        None,
        Answer(body=b"y"),
    ]
    for _ in range(3):
        with pytest.raises(StorageError):
            await fetch(narrow, server, seconds=0.2)
    with pytest.raises(StorageError):
        await narrow.send(Request("GET", "http://127.0.0.1:1/"), timeout=1)
    assert await fetch(narrow, server) == b"y"


@EACH
async def test_closing_the_transport_ends_those_that_wait(
    kind: type[Either], server: WireServer
) -> None:
    transport = kind(connections=1)
    server.answers += [Answer(body=b"abc", stall_after=1)]
    fetches = [asyncio.ensure_future(fetch(transport, server)) for _ in range(5)]
    await server.until(lambda: len(server.requests) == 1)
    await transport.close()
    ends = await asyncio.wait_for(asyncio.gather(*fetches, return_exceptions=True), 60)
    assert isinstance(ends[0], ClientClosed | ConnectionLost)
    assert [type(end) for end in ends[1:]] == [ClientClosed] * 4
    assert len(server.requests) == 1


async def test_a_session_of_the_callers_does_not_wait_in_our_queue(server: WireServer) -> None:
    narrow = AiohttpTransport(connections=1)
    server.answers += [Answer(body=b"abc", stall_after=1), Answer(body=b"mine")]
    first = asyncio.ensure_future(fetch(narrow, server))
    await server.until(lambda: len(server.requests) == 1)
    async with aiohttp.ClientSession() as session:
        request = Request("GET", server.url + "/theirs")
        reply = await narrow.send(request, timeout=60, session=session)
        with contextlib.closing(reply):
            assert await drain(reply) == b"mine"
        assert not session.closed
    server.released.set()
    await first
    await narrow.close()


@EACH
@pytest.mark.parametrize("connections", [0, -1])
def test_none_at_all_is_refused(kind: type[Either], connections: int) -> None:
    with pytest.raises(InvalidArgument):
        kind(connections=connections)
