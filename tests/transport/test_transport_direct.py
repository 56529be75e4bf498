"""A body that goes straight into its reader's memory: by each lane, on both loops, with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from stages import drain
from wire_server import WireServer

from storage_stream._protocol.http import Framing, Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream._transport.session_options import SessionOptions
from storage_stream.errors import ClientClosed, ConnectionLost
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from pathlib import Path

    from storage_stream._transport.base import ReplyStream, Transport

    Scene = Callable[[WireServer, "Asking"], Awaitable[None]]
    Asking = Callable[[], Awaitable[ReplyStream]]

BODY = bytes(range(251)) * 12_000  # 3 MB
ROOMS = (1_000_000, 300_001, 1, 70_000)


@contextlib.asynccontextmanager
async def _transport(lane: str, identity: Path | None) -> AsyncIterator[Transport]:
    trusting = None if identity is None else ssl.create_default_context(cafile=str(identity))
    transport: Any = LeanTransport(context=trusting)
    if lane == "aiohttp":
        transport = AiohttpTransport(options=SessionOptions(trusting))
    try:
        yield transport
    finally:
        await transport.close()


@pytest.fixture(params=["aiohttp", "aiohttp tls", "lean", "lean tls"])
def play(
    request: pytest.FixtureRequest,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    self_signed: Path,
) -> Callable[[Scene], None]:
    """Runs a scene, which is given a server and what asks it, in a loop of each kind."""
    lane, _, link = request.param.partition(" ")
    identity = self_signed if link else None

    async def staged(scene: Scene) -> None:
        context = None
        if identity is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity)
        async with WireServer(tls=context) as server, _transport(lane, identity) as transport:

            async def ask() -> ReplyStream:
                asked = Request("GET", f"{server.url}/o")
                return await transport.send(asked, timeout=60)

            await scene(server, ask)

    def run(scene: Scene) -> None:
        with asyncio.Runner(loop_factory=loop_factory, debug=False) as runner:
            runner.run(asyncio.wait_for(staged(scene), 60))

    return run


def started(reply: ReplyStream, target: bytearray) -> Coroutine[Any, Any, int]:
    receiving = reply.receive_into(memoryview(target))
    assert receiving is not None
    return receiving


async def received(reply: ReplyStream, room: int) -> bytes:
    """What comes into a memory of this size, which nobody writes to afterwards."""
    target = bytearray(room)
    count = await started(reply, target)
    copy = bytes(target)
    await asyncio.sleep(0)
    assert target == copy
    assert copy[count:] == bytes(room - count)
    return copy[:count]


def test_the_bytes_are_the_same_and_the_connection_is_kept(play: Callable[[Scene], None]) -> None:
    async def scene(server: WireServer, ask: Asking) -> None:
        for size in (len(BODY), len(BODY) - 1, 2_000_000):
            server.answers.append(Answer(body=BODY[:size]))
            got = bytearray()
            with contextlib.closing(await ask()) as reply:
                while piece := await received(reply, ROOMS[len(got) % len(ROOMS)]):
                    got += piece
                    got += await reply.read_piece(100_000)
                assert await reply.read_piece() == b""
            assert got == BODY[:size]
        assert server.connections == 1

    play(scene)


def test_a_hundred_cancelled_reads_lose_no_byte(play: Callable[[Scene], None]) -> None:
    async def scene(server: WireServer, ask: Asking) -> None:
        server.answers.append(Answer(body=BODY))
        got = bytearray()
        with contextlib.closing(await ask()) as reply:
            for turn in range(100):
                target = bytearray(200_000)
                reading = asyncio.ensure_future(started(reply, target))
                for _ in range(turn % 4):
                    await asyncio.sleep(0)
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    got += target[: await reading]
            assert bytes(got) + await drain(reply) == BODY
        assert server.connections == 1

    play(scene)


@pytest.mark.parametrize("position", [1_000_000, len(BODY) - 1])
def test_what_arrived_comes_before_the_failure(
    play: Callable[[Scene], None], position: int
) -> None:
    async def scene(server: WireServer, ask: Asking) -> None:
        server.answers.append(Answer(body=BODY, break_after=position))
        got = bytearray()
        with contextlib.closing(await ask()) as reply:
            while len(got) < position:
                got += await received(reply, 400_000)
            with pytest.raises(ConnectionLost):
                await received(reply, 400_000)
            assert got == BODY[:position]

    play(scene)


def test_closing_ends_a_read_that_waits(play: Callable[[Scene], None]) -> None:
    async def scene(server: WireServer, ask: Asking) -> None:
        server.answers.append(Answer(body=BODY, stall_after=1_000_000))
        reply = await ask()
        left = 1_000_000
        while left:
            left -= len(await received(reply, left))
        reading = asyncio.ensure_future(received(reply, 1_000))
        await asyncio.sleep(0)
        reply.close()
        with pytest.raises(ClientClosed):
            await reading

    play(scene)


def test_chunks_go_there_too_where_they_are_ours(play: Callable[[Scene], None]) -> None:
    async def scene(server: WireServer, ask: Asking) -> None:
        server.answers.append(Answer(body=BODY, framing=Framing.CHUNKED))
        got = bytearray()
        with contextlib.closing(await ask()) as reply:
            target = bytearray(500_000)
            while receiving := reply.receive_into(memoryview(target)):
                count = await receiving
                if not count:
                    break
                got += target[:count]
            got += await drain(reply)
        assert got == BODY

    play(scene)
