"""Bodies on the wire, served by handlers of a few lines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from bare_http import End, ask
from multidict import CIMultiDict

from storage_stream.emulator.wire.body_streams import (
    BodyInterrupted,
    FileRange,
    object_bytes,
    read_body,
    read_frame,
    read_whole,
    send_body,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]
BODY = bytes(range(256)) * 4096


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "body"
    path.write_bytes(BODY)
    return path


async def in_pieces(body: bytes, size: int = 10_000) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [read_body, read_frame])
async def test_a_body_is_read_whole(
    serve: Serve, read: Callable[[web.Request], AsyncGenerator[bytes, None]]
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"".join([piece async for piece in read(request)]))

    reply = await ask(await serve(handler), "POST", "/", body=BODY)
    assert reply.body == BODY


async def test_a_frame_and_its_object(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        pieces = object_bytes(request, read_frame(request))
        return web.Response(body=b"".join([piece async for piece in pieces]))

    assert (await ask(await serve(handler), "POST", "/", body=BODY)).body == BODY


async def drained(request: web.Request) -> tuple[bytes, BodyInterrupted | None]:
    got = b""
    try:
        async for piece in read_body(request):
            got += piece
    except BodyInterrupted as interrupted:
        return got, interrupted
    return got, None


async def test_a_body_that_breaks_off_is_given_and_then_told(serve: Serve) -> None:
    result: asyncio.Future[tuple[bytes, BodyInterrupted | None]] = asyncio.Future()

    async def handler(request: web.Request) -> web.Response:
        result.set_result(await drained(request))
        return web.Response()

    reply = await ask(await serve(handler), "POST", "/", body=BODY, announce=len(BODY) + 1)
    got, interrupted = await result
    assert got == BODY
    assert interrupted is not None
    assert interrupted.status is None
    assert reply.status == 0


async def test_what_arrived_before_the_handler_read_is_given_too(serve: Serve) -> None:
    result: asyncio.Future[tuple[bytes, BodyInterrupted | None]] = asyncio.Future()

    async def handler(request: web.Request) -> web.Response:
        while request.transport is not None:  # noqa: ASYNC110 - nothing tells a handler of the loss
            await asyncio.sleep(0)
        result.set_result(await drained(request))
        return web.Response()

    await ask(await serve(handler), "POST", "/", body=b"x" * 1000, announce=2000)
    got, interrupted = await result
    assert got == b"x" * 1000
    assert interrupted is not None


async def test_a_small_body_has_a_limit(serve: Serve) -> None:
    statuses: list[int | None] = []

    async def handler(request: web.Request) -> web.Response:
        try:
            body = await read_whole(request, limit_bytes=10)
        except BodyInterrupted as interrupted:
            statuses.append(interrupted.status)
            return web.Response(status=interrupted.status or 0)
        return web.Response(body=body)

    url = await serve(handler)
    assert (await ask(url, "POST", "/", body=b"x" * 10)).body == b"x" * 10
    assert (await ask(url, "POST", "/", body=b"x" * 11)).status == 413
    assert statuses == [413]


# --- sending ------------------------------------------------------------------------------------


def sender(
    body: Callable[[], bytes | FileRange | AsyncGenerator[bytes, None]], length: int | None
) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        headers = CIMultiDict([("x-goog-hash", "crc32c=AAAAAA=="), ("x-goog-hash", "md5=BBBB")])
        return await send_body(request, status=200, headers=headers, body=body(), length=length)

    return handler


@pytest.mark.parametrize("kind", ["bytes", "file", "pieces", "unknown length", "bytes chunked"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_every_kind_of_body_arrives(serve: Serve, file: Path, kind: str, method: str) -> None:
    handler = {
        "bytes": sender(lambda: BODY, len(BODY)),
        "file": sender(lambda: FileRange(file, 0, len(BODY)), len(BODY)),
        "pieces": sender(lambda: in_pieces(BODY), len(BODY)),
        "unknown length": sender(lambda: in_pieces(BODY), None),
        "bytes chunked": sender(lambda: BODY, None),
    }[kind]
    reply = await ask(await serve(handler), method, "/")
    assert (reply.status, reply.end) == (200, End.WHOLE)
    assert reply.body == (BODY if method == "GET" else b"")
    known = kind not in {"unknown length", "bytes chunked"}
    assert reply.header("Content-Length") == (str(len(BODY)) if known else None)
    hashes = [value for name, value in reply.headers if name == "x-goog-hash"]
    assert hashes == ["crc32c=AAAAAA==", "md5=BBBB"], "two lines stay two"


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (5, 500_000), (len(BODY) - 1, len(BODY)), (7, 7)]
)
async def test_a_part_of_a_file(serve: Serve, file: Path, start: int, stop: int) -> None:
    url = await serve(sender(lambda: FileRange(file, start, stop), stop - start))
    assert (await ask(url, "GET", "/")).body == BODY[start:stop]


async def test_a_file_that_is_gone_is_told_before_anything_is_sent(
    serve: Serve, tmp_path: Path
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        part = FileRange(tmp_path / "gone", 0, 10)
        try:
            return await send_body(request, status=200, headers={}, body=part, length=10)
        except FileNotFoundError:
            return web.Response(status=404)

    assert (await ask(await serve(handler), "GET", "/")).status == 404


async def test_a_file_that_is_too_short_is_never_called_whole(
    serve: Serve, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    more = len(BODY) + 100
    reply = await ask(await serve(sender(lambda: FileRange(file, 0, more), more)), "GET", "/")
    assert (reply.end, reply.body) == (End.FIN, BODY)
    assert "100 bytes early" in caplog.text


async def test_a_small_part_that_is_not_there_is_an_error(
    serve: Serve, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    part = FileRange(file, len(BODY) - 5, len(BODY) + 5)
    assert (await ask(await serve(sender(lambda: part, 10)), "GET", "/")).status == 500
    assert "5 bytes early" in caplog.text


async def test_a_source_that_fails_is_never_called_whole(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"abc"
        raise ValueError("the source failed")

    reply = await ask(await serve(sender(failing, None)), "GET", "/")
    assert (reply.end, reply.body) == (End.FIN, b"abc")
    assert "the source failed" in caplog.text


async def test_a_slow_client_holds_the_source_back_and_a_gone_one_ends_it(serve: Serve) -> None:
    closed = asyncio.Event()
    produced = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal produced
        try:
            while True:
                produced += 65536
                yield b"x" * 65536
        finally:
            closed.set()

    url = await serve(sender(endless, None))
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for consumed in range(0, 32 * 1024 * 1024, 65536):
        # No more ahead than the sockets' buffers, which some kernels let grow to tens of megabytes.
        assert produced - consumed < 100_000_000
        await reader.readexactly(65536)
    writer.transport.abort()
    await closed.wait()
