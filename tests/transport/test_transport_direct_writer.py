"""Bytes that are with the kernel when `write` returns, on each event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from stages import LentSource, Source, drain
from wire_server import Wire, WireRequest, WireServer

from storage_stream._protocol.http import Request
from storage_stream._protocol.lending import LendingContent
from storage_stream._transport.lean.direct_writer import DirectWriter
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream.errors import ConnectionLost, RequestTimeout
from storage_stream.testing import Answer

Scene: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
PIECE = bytes(range(256)) * 4_096  # 1 MiB

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are no descriptors there")


@pytest.fixture(params=["asyncio", "uvloop"])
def play(
    request: pytest.FixtureRequest,
) -> Callable[[Callable[[], Coroutine[Any, Any, None]]], None]:
    """Runs a scene in a loop of each kind."""
    factory: Any = asyncio.new_event_loop
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop

    def run(scene: Scene) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.sleep(0))  # what a first loop opens stays for all
        before = _descriptors()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.wait_for(scene(), 60))
        # What other tests left may be gone in between: only what is new counts.
        assert _descriptors() <= before, "a descriptor was left open"

    return run


def _descriptors() -> set[str]:
    """What is open, by what it leads to: a number is given again, the name of a socket is not."""
    folder = Path("/proc/self/fd")
    opened = set()
    for each in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # the folder's own, which is closed by now
            opened.add(str(each.readlink()))
    return opened


@contextlib.asynccontextmanager
async def _lean(play: Any = None) -> Any:
    async with WireServer(play) as server:
        transport = LeanTransport(connections=1)
        try:
            yield transport, server
        finally:
            await transport.close()


def test_a_large_body_that_is_lent(play: Callable[..., None]) -> None:
    async def scene() -> None:
        source = LentSource(b"frame", *[PIECE] * 9, b"frame")
        async with _lean() as (lean, server):
            server.answers += [Answer(body=b"one"), Answer(body=b"two")]
            for expected in (b"one", b"two"):
                request = Request("POST", f"{server.url}/o", body=source)
                with contextlib.closing(await lean.send(request, timeout=60)) as reply:
                    assert await drain(reply) == expected
            assert [r.body for r in server.requests] == [b"frame" + PIECE * 9 + b"frame"] * 2
            assert server.connections == 1
            assert source.lent == 22

    play(scene)


@pytest.mark.skipif(
    not hasattr(asyncio, "eager_task_factory"), reason="tasks begin at a turn of their own here"
)
async def test_a_body_in_a_loop_whose_tasks_begin_at_once() -> None:
    async with _lean() as (lean, server):
        server.answers.append(Answer(body=b"one"))
        loop: Any = asyncio.get_running_loop()
        loop.set_task_factory(vars(asyncio)["eager_task_factory"])  # of Python 3.12
        try:
            body = LentSource(PIECE, *[b"small"] * 9, PIECE)
            reply = await lean.send(Request("POST", f"{server.url}/o", body=body), timeout=60)
            with contextlib.closing(reply):
                assert await drain(reply) == b"one"
        finally:
            loop.set_task_factory(None)
        assert [r.body for r in server.requests] == [PIECE + b"small" * 9 + PIECE]


def test_an_answer_to_half_a_request_is_seen_although_nobody_reads_the_rest(
    play: Callable[..., None],
) -> None:
    async def refuses(wire: Wire, _: WireRequest) -> None:
        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own
        await wire.write(b"HTTP/1.1 413 No\r\ncontent-length: 3\r\n\r\nbig")
        await asyncio.Event().wait()

    async def scene() -> None:
        async with _lean(refuses) as (lean, server):
            request = Request("POST", f"{server.url}/o", body=LentSource(*[PIECE] * 40))
            with contextlib.closing(await lean.send(request, timeout=60)) as reply:
                assert reply.head.status == 413
                assert await drain(reply) == b"big"

    play(scene)


def test_a_connection_that_breaks_inside_the_body(play: Callable[..., None]) -> None:
    async def breaks(wire: Wire, _: WireRequest) -> None:
        await wire.reader.readexactly(len(PIECE))
        wire.reset()

    async def scene() -> None:
        async with _lean(breaks) as (lean, server):
            request = Request("POST", f"{server.url}/o", body=LentSource(*[PIECE] * 40))
            with pytest.raises(ConnectionLost):
                await lean.send(request, timeout=60)

    play(scene)


def test_silence_in_the_body_runs_into_the_timeout(play: Callable[..., None]) -> None:
    async def deaf(wire: Wire, _: WireRequest) -> None:
        wire.reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own
        await asyncio.Event().wait()

    async def scene() -> None:
        async with _lean(deaf) as (lean, server):
            request = Request("POST", f"{server.url}/o", body=LentSource(*[PIECE] * 40))
            with pytest.raises(RequestTimeout):
                await lean.send(request, timeout=0.3)

    play(scene)


def test_cancelled_inside_a_piece(play: Callable[..., None]) -> None:
    async def scene() -> None:
        begun = asyncio.Event()

        async def deaf(_wire: Wire, _: WireRequest) -> None:
            begun.set()
            await asyncio.Event().wait()

        async with _lean(deaf) as (lean, server):
            request = Request("POST", f"{server.url}/o", body=LentSource(*[PIECE] * 40))
            sending = asyncio.create_task(lean.send(request, timeout=60))
            await begun.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    play(scene)


def test_a_source_that_fails_behind_large_pieces(play: Callable[..., None]) -> None:
    async def scene() -> None:
        async with _lean() as (lean, server):
            body = Source(PIECE, PIECE, length=3 * len(PIECE), failure=LookupError("its own"))
            with pytest.raises(LookupError, match="its own"):
                await lean.send(Request("POST", f"{server.url}/o", body=body), timeout=60)
            await server.until(lambda: server.open == 0)
            assert server.requests == []

    play(scene)


class _Stubborn(LendingContent):
    """A source that goes on when it is cancelled."""

    length = 40 * len(PIECE)

    def __init__(self) -> None:
        self.cancelled = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        waits = asyncio.Event()
        yield PIECE
        for _ in range(39):
            try:
                await waits.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
            yield PIECE

    lent_chunks = chunks


def test_a_source_that_goes_on_when_it_is_cancelled_holds_nobody_up(
    play: Callable[..., None],
) -> None:
    async def breaks(wire: Wire, _: WireRequest) -> None:
        await wire.reader.readexactly(1)
        wire.reset()

    async def scene() -> None:
        source = _Stubborn()
        async with _lean(breaks) as (lean, server):
            with pytest.raises(ConnectionLost):
                await lean.send(Request("POST", f"{server.url}/o", body=source), timeout=60)
        assert source.cancelled == 1

    play(scene)


class _Transport:
    """What a writer asks of a transport."""

    def __init__(self, **extra: object) -> None:
        self._extra = extra

    def get_extra_info(self, name: str) -> object:
        return self._extra.get(name)


class _Closed:
    """A socket whose descriptor cannot be had twice."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number


def _writer(**extra: object) -> DirectWriter | None:
    transport = cast("asyncio.WriteTransport", _Transport(**extra))
    return DirectWriter.over(transport, asyncio.get_running_loop(), lambda: None)


async def test_where_it_cannot_write() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert _writer() is None
        assert _writer(socket=ours, sslcontext=object()) is None
        number = ours.fileno()
        ours.close()
        assert _writer(socket=ours) is None
        assert _writer(socket=_Closed(number)) is None  # as where there are no more descriptors


async def test_it_tells_of_progress_and_closes_twice() -> None:
    told = 0

    def sent() -> None:
        nonlocal told
        told += 1

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        transport = cast("asyncio.WriteTransport", _Transport(socket=ours))
        writer = DirectWriter.over(transport, asyncio.get_running_loop(), sent)
        assert writer is not None
        writing = asyncio.create_task(writer.write(PIECE))
        read = await asyncio.to_thread(_read_exactly, theirs, len(PIECE))
        await writing
        assert read == PIECE
        assert told > 1
        writer.close()
        writer.close()
        with pytest.raises(OSError, match="descriptor"):
            await writer.write(b"x")


def _read_exactly(source: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        read += source.recv(65_536)
    return bytes(read)
