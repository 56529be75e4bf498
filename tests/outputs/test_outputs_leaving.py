"""Who is answered may leave at any moment, and who answers may be cancelled at any: nothing stays.

Real servers, since what they tell of a client's going away is what matters here.
"""

import asyncio
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from cancelling import Moment, cancelled_at
from fastapi import FastAPI, Request, Response
from leaks import free_places, nothing_under_way, until
from outputs_clients import BareClient, aiohttp_port, idle, port_of, uvicorn_port
from outputs_servers import BUCKET, fastapi_app
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from storage_stream import Storage
from storage_stream.outputs import Blob, BlobFile, BlobManager, BlobObject, object_response
from storage_stream.outputs.aiohttp_web import send_content
from storage_stream.outputs.answering import Answer
from storage_stream.outputs.asgi import ContentResponse
from storage_stream.outputs.contents.base import Content
from storage_stream.outputs.planning.representation import RequestHead
from storage_stream.testing.emulator_handle import EmulatorHandle

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024
DATA = bytes(range(256)) * 4096  # 1 MiB
SERVERS = pytest.mark.parametrize(
    "served", [uvicorn_port, aiohttp_port], ids=["fastapi", "aiohttp"]
)


@SERVERS
@pytest.mark.parametrize("size", [100, 8 * MIB], ids=["small", "large"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_before_the_bucket_has_answered(
    storage: Storage, gcs: EmulatorHandle, served: Any, method: str, size: int
) -> None:
    gcs.put(BUCKET, "object", bytes(size))
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-0K")
    async with served(storage) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object", method=method)
        await until(lambda: free_places(storage) == 99, lambda: "nothing is asked")
        await client.close()
        await idle(storage)


@SERVERS
async def test_while_a_small_one_is_read(
    storage: Storage, gcs: EmulatorHandle, served: Any
) -> None:
    gcs.put(BUCKET, "object", bytes(60_000))
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-30K")
    async with served(storage) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object")
        await until(lambda: free_places(storage) == 99, lambda: "nothing is asked")
        await client.close()
        await idle(storage)


@SERVERS
async def test_between_several_ranges(storage: Storage, gcs: EmulatorHandle, served: Any) -> None:
    gcs.put(BUCKET, "object", bytes(8 * MIB))
    async with served(storage) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object", "Range: bytes=0-3000000,4000000-7000000")
        await client.head()
        await client.reader.readexactly(100_000)
        await client.close()
        await idle(storage)


@SERVERS
async def test_it_is_no_error_of_the_servers(
    storage: Storage, gcs: EmulatorHandle, served: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gcs.put(BUCKET, "object", bytes(8 * MIB))
    async with served(storage) as port:
        for _ in range(5):
            client = await BareClient.at(port)
            client.ask("/objects/object")
            await client.close()
        client = await BareClient.at(port)
        client.ask("/objects/object")
        await client.head()
        await client.close()
        gcs.arm_next("storage.objects.get", "stall-for-600s-after-0K")
        client = await BareClient.at(port)
        client.ask("/objects/object")
        await until(lambda: free_places(storage) == 99, lambda: "nothing is asked")
        await client.close()
        await idle(storage)
    assert [each for each in caplog.records if each.levelname in {"WARNING", "ERROR"}] == []


async def test_under_a_middleware_that_passes_on_what_it_hears(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    async def passing(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    gcs.put(BUCKET, "object", bytes(8 * MIB))
    app = fastapi_app(storage, BlobManager())
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    async with port_of(app) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object")
        await client.head()
        await client.close()
        await idle(storage)
        client = await BareClient.at(port)
        client.ask("/objects/object", "Range: bytes=0-1000000")
        assert "206" in await client.head()
        assert await client.reader.readexactly(1_000_001) == bytes(1_000_001)
        await client.close()


async def test_what_listening_fails_with_is_told(storage: Storage, gcs: EmulatorHandle) -> None:
    async def broken() -> dict[str, Any]:
        raise RuntimeError("no more messages")

    async def send(_: Any) -> None:
        await asyncio.sleep(0)

    gcs.put(BUCKET, "object", DATA)
    response = await object_response(storage, BUCKET, "object", Request({"type": "http"}))
    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(RuntimeError, match="no more messages"):
        await response(scope, broken, send)


HEADS = {
    "small": RequestHead("GET", range="bytes=0-99"),
    "large": RequestHead("GET"),
    "conditional": RequestHead("GET", if_none_match='"other"'),
    "several": RequestHead("GET", range="bytes=0-99,-200000"),
    "head": RequestHead("HEAD"),
}


async def sent(head: RequestHead, content: Content) -> int:
    """All of an answer, as an adapter sends it."""
    answer = await Answer.to(head, content, was_linked=True)
    try:
        return sum([len(piece) async for piece in answer.pieces()])
    finally:
        answer.close()


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("kind", HEADS)
async def test_an_answer_is_cancelled_at_every_wait(
    storage: Storage, gcs: EmulatorHandle, kind: str, moment: Moment
) -> None:
    gcs.put(BUCKET, "object", DATA[: 300 * 1024])
    data = await BlobObject(storage, BUCKET, "object").pin()
    k = 0
    while await cancelled_at(sent(HEADS[kind], data.answer_content()), k, moment):
        await nothing_under_way(storage)
        k += 1
    assert k > 0


@pytest.mark.parametrize("moment", Moment)
async def test_a_file_is_closed_wherever_its_answer_is_cancelled(
    tmp_path: Path, moment: Moment
) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    data = BlobFile(path, "image/png")
    k = 0
    while await cancelled_at(sent(HEADS["large"], data.answer_content()), k, moment):
        await until(lambda: not open_at(path), lambda: "the file is open")
        k += 1
    assert k > 2
    assert not open_at(path)
    gc.collect()


def open_at(path: Path) -> bool:
    folder = Path("/proc/self/fd")
    links = (each for each in os.listdir(folder))  # noqa: PTH208 - Path would open one more
    return any(str(path) == target(folder / each) for each in links)


def target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # that of the listing itself
        return ""


@pytest.mark.parametrize("moment", Moment)
async def test_a_response_is_cancelled_at_every_wait(
    storage: Storage, gcs: EmulatorHandle, moment: Moment
) -> None:
    async def silence() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(_: Any) -> None:
        await asyncio.sleep(0)

    gcs.put(BUCKET, "object", DATA[: 200 * 1024])
    data = await BlobObject(storage, BUCKET, "object").pin()
    scope = {"type": "http", "method": "GET", "headers": []}
    make: Callable[[], Content] = data.answer_content
    k = 0
    while await cancelled_at(ContentResponse(make)(scope, silence, send), k, moment):
        await nothing_under_way(storage)
        k += 1
    assert k > 0


@SERVERS
async def test_the_manager_is_closed_while_it_serves(
    storage: Storage, gcs: EmulatorHandle, served: Any
) -> None:
    gcs.create_bucket(BUCKET)
    manager = BlobManager()
    blob = await Blob.from_temporary(storage, BUCKET, DATA * 4)
    path = f"/blob/{manager.add_blob(blob.data)}"
    async with served(storage, manager) as port:
        client = await BareClient.at(port)
        client.ask(path)
        assert "200" in await client.head()
        del blob
        assert await manager.close() == 0
        assert len(gcs.objects(BUCKET)) == 1, "somebody is being sent it"
        assert await client.reader.readexactly(len(DATA) * 4) == DATA * 4
        client.ask(path)
        await client.close()
    await idle(storage)
    gc.collect()
    assert await manager.close() == 0
    assert gcs.objects(BUCKET) == []


@SERVERS
async def test_what_is_overwritten_on_its_way_is_never_short(
    storage: Storage, gcs: EmulatorHandle, served: Any
) -> None:
    gcs.put(BUCKET, "object", DATA * 8)
    gcs.arm_next("storage.objects.get", "drop-at-1048576")
    async with served(storage) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object")
        assert f"content-length: {len(DATA) * 8}" in (await client.head()).lower()
        gcs.put(BUCKET, "object", b"new" * len(DATA))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reader.readexactly(len(DATA) * 8)
        await client.close()
        await idle(storage)


@pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])
async def test_who_takes_nothing_holds_no_request_for_ever(
    storage: Storage, gcs: EmulatorHandle, framework: str
) -> None:
    gcs.put(BUCKET, "object", bytes(16 * MIB))
    data = await BlobObject(storage, BUCKET, "object").pin()
    app: FastAPI | web.Application
    if framework == "fastapi":
        app = FastAPI()
        app.add_api_route("/", lambda: ContentResponse(data.answer_content, patience=0.1))
    else:

        async def serve(request: web.Request) -> web.StreamResponse:
            return await send_content(request, data.answer_content(), patience=0.1)

        app = web.Application()
        app.router.add_get("/", serve)
    async with port_of(app) as port:
        stays = await BareClient.at(port)
        stays.ask("/")
        assert " 200 " in await stays.head()
        assert free_places(storage) == 99
        await idle(storage)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await stays.reader.readexactly(16 * MIB)
        await stays.close()


async def test_handlers_that_aiohttp_cancels(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", bytes(8 * MIB))

    async def serve(request: web.Request) -> web.StreamResponse:
        return await object_response(storage, BUCKET, "object", request)

    app = web.Application()
    app.router.add_get("/objects/object", serve)
    async with port_of(app, handler_cancellation=True) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object")
        await client.head()
        await client.close()
        await idle(storage)


async def test_a_response_can_be_sent_twice(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", b"data")
    told = await object_response(storage, BUCKET, "object", Request({"type": "http"}))
    app = FastAPI()
    app.add_api_route("/", lambda: told)
    async with port_of(app) as port:
        client = await BareClient.at(port)
        for _ in range(2):
            client.ask("/")
            await client.head()
            assert await client.reader.readexactly(4) == b"data"
        await client.close()
