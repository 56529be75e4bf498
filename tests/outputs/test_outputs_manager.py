"""Managers in their apps, under middlewares, in several threads and loops."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from aiohttp import web
from fastapi import APIRouter, FastAPI, Request, Response
from leaks import until
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint

from storage_stream import Storage
from storage_stream.errors import InvalidArgument
from storage_stream.outputs import (
    Blob,
    BlobBytes,
    BlobIOContextDep,
    BlobManager,
    BlobNotFound,
)
from storage_stream.outputs.temporary import reaper_of
from storage_stream.testing.emulator_handle import EmulatorHandle

BUCKET = "temporary"


class MyImageBlob(Blob):
    media_type = "image/png"


@pytest.mark.parametrize("make", [FastAPI, web.Application])
def test_an_app_has_one_manager(make: type[FastAPI] | type[web.Application]) -> None:
    app = make()
    manager = BlobManager()
    manager.attach_to_app(app)
    for second in (manager, BlobManager()):
        with pytest.raises(InvalidArgument, match="already"):
            second.attach_to_app(app)
    with pytest.raises(InvalidArgument, match="begin with /blob"):
        manager.attach_to_app(make(), "/other")
    manager.attach_to_app(make())


@pytest.mark.parametrize("prefix", ["", "blob", "/blob/", "/a/../b", "/.", "/a b", "/{id}", "//"])
def test_a_prefix_is_a_plain_path(prefix: str) -> None:
    for app in (FastAPI(), web.Application()):
        with pytest.raises(InvalidArgument, match="no path"):
            BlobManager().attach_to_app(app, prefix)


def test_a_link_that_is_given_again_works_again() -> None:
    times = [0.0]
    manager = BlobManager(max_age=60, clock=lambda: times[0])
    data = BlobBytes(b"", "image/png")
    own = manager.add_blob(data)
    times[0] = 100.0
    with pytest.raises(BlobNotFound):
        manager.get_blob(own)
    assert manager.add_blob(data) == own
    assert manager.get_blob(own) is data


def test_many_threads_at_once() -> None:
    manager = BlobManager()
    shared = [BlobBytes(b"", "image/png") for _ in range(20)]

    def work(number: int) -> None:
        for each in shared:
            assert manager.get_blob(manager.add_blob(each)) is each
            manager.add_blob(BlobBytes(b"", "image/png"))
            if number == 0:
                gc.collect(0)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert len({each.id for each in shared}) == 20


class Noisy:
    """Asks its manager when it is collected."""

    def __init__(self, manager: BlobManager) -> None:
        self.manager = manager
        self.circle = self

    def __del__(self) -> None:
        self.manager.add_blob(BlobBytes(b"", "image/png"))


def test_a_manager_is_asked_by_what_is_collected_meanwhile() -> None:
    manager = BlobManager()
    limits = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(200):
            Noisy(manager)
            data = BlobBytes(b"", "image/png")
            assert manager.get_blob(manager.add_blob(data)) is data
    finally:
        gc.set_threshold(*limits)


@pytest.mark.parametrize("under_middleware", [False, True], ids=["plain", "middleware"])
async def test_both_kinds_of_endpoints_in_a_router(*, under_middleware: bool) -> None:
    async def passing(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    held: list[MyImageBlob] = []
    router = APIRouter(prefix="/api")

    @router.post("/async")
    async def first(_: BlobIOContextDep) -> list[MyImageBlob]:
        held.append(MyImageBlob.from_bytes(b"async"))
        return held[-1:]

    @router.post("/sync")
    def second(_: BlobIOContextDep) -> list[MyImageBlob]:
        held.append(MyImageBlob.from_bytes(b"sync"))
        return held[-1:]

    @router.post("/sizes")
    def sizes(blobs: list[MyImageBlob], _: BlobIOContextDep) -> list[int]:
        return [len(blob.content) for blob in blobs]

    app = FastAPI()
    if under_middleware:
        app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    app.include_router(router)
    BlobManager().attach_to_app(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        links = [(await client.post(f"/api/{kind}")).json()[0] for kind in ("async", "sync")]
        assert [(await client.get(each["href"])).content for each in links] == [b"async", b"sync"]
        assert (await client.post("/api/sizes", json=links)).json() == [5, 4]
        forged = [{**links[0], "href": "x"}]
        assert (await client.post("/api/sizes", json=forged)).status_code == 422
        assert (await client.head(links[0]["href"])).headers["content-length"] == "5"


@pytest.fixture
async def bare_client() -> AsyncIterator[httpx.AsyncClient]:
    """Of an app with a blob that nobody holds."""
    app = FastAPI()
    BlobManager().attach_to_app(app)

    @app.post("/dropped")
    async def dropped(_: BlobIOContextDep) -> MyImageBlob:
        return MyImageBlob.from_bytes(b"for nobody")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client


async def test_what_nobody_holds_is_gone_at_once(bare_client: httpx.AsyncClient) -> None:
    link = (await bare_client.post("/dropped")).json()["href"]
    gc.collect()
    assert (await bare_client.get(link)).status_code == 404


async def test_each_loop_deletes_its_own(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket(BUCKET)
    here = await Blob.from_temporary(storage, BUCKET, b"here")
    told: list[int] = []
    ready, go_on = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        async with Storage(api_root=gcs.url, anonymous=True) as own:
            there = await Blob.from_temporary(own, BUCKET, b"there")
            del there
            ready.set()
            await asyncio.to_thread(go_on.wait, 10)
            told.append(await BlobManager().close())

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    await asyncio.to_thread(ready.wait, 10)
    del here
    assert await BlobManager().close() == 0
    go_on.set()
    await asyncio.to_thread(thread.join, 10)
    assert told == [0]
    assert gcs.objects(BUCKET) == []


async def test_what_failed_is_not_tried_at_once_but_with_the_next_after_a_while(
    storage: Storage, gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    gcs.create_bucket(BUCKET)
    reaper = reaper_of(storage)
    first = await Blob.from_temporary(storage, BUCKET, b"first")
    second = await Blob.from_temporary(storage, BUCKET, b"second")
    gcs.arm_next("storage.objects.delete", "return-403")
    del first
    gc.collect()
    await until(lambda: len(reaper._failed) == 1, lambda: "it was deleted")
    assert "not deleted yet" in caplog.text
    reaper._again_at = 0.0  # the while is over
    del second
    gc.collect()
    await until(lambda: not gcs.objects(BUCKET), lambda: "they are still there")
    assert await BlobManager().close() == 0


async def test_a_client_that_was_closed_leaves_them_to_be_swept(
    gcs: EmulatorHandle, caplog: pytest.LogCaptureFixture
) -> None:
    gcs.create_bucket(BUCKET)
    async with Storage(api_root=gcs.url, anonymous=True) as own:
        blob = await Blob.from_temporary(own, BUCKET, b"data")
    del blob
    gc.collect()
    assert await BlobManager().close() == 1
    assert "not deleted yet" in caplog.text
    assert len(gcs.objects(BUCKET)) == 1


async def test_closing_is_cancelled_and_it_goes_on(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket(BUCKET)
    blobs = [await Blob.from_temporary(storage, BUCKET, b"data") for _ in range(5)]
    blobs.clear()
    gc.collect()
    closing = asyncio.create_task(BlobManager().close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    await until(lambda: not gcs.objects(BUCKET), lambda: "they are still there")
    assert await BlobManager().close() == 0
