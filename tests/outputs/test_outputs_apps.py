"""Managers in apps: of FastAPI and aiohttp.web, mounted ones too, and blobs seen by clients."""

import io
import uuid
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from fastapi import FastAPI
from fastapi.responses import Response
from leaks import names_in

from storage_stream import Storage
from storage_stream.media import ExtraMissing
from storage_stream.outputs import (
    Blob,
    BlobBytes,
    BlobIOContextDep,
    BlobManager,
    BlobNotFound,
    BlobNotLoaded,
    NoBlobContext,
    ServerSideBlobData,
    blob_serialisation_context_manager,
    blob_type,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

PNG = b"\x89PNG" * 100


class MyImageBlob(Blob):
    media_type = "image/png"


async def test_a_data_class_of_the_callers() -> None:
    class Own:
        id: uuid.UUID | None = None
        media_type = "image/png"
        content = PNG

        def save(self, filename: str) -> None:
            Path(filename).write_bytes(PNG)

        def open(self) -> io.BytesIO:
            return io.BytesIO(PNG)

        def response(self) -> Response:
            return Response(PNG, media_type="image/png")

    own = Own()
    assert isinstance(own, ServerSideBlobData)
    app = FastAPI()
    manager = BlobManager()
    manager.attach_to_app(app)
    link = f"/blob/{manager.add_blob(own)}"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert (await client.get(link)).content == PNG
    web_app = web.Application()
    manager.attach_to_app(web_app)
    async with TestClient(TestServer(web_app, host="127.0.0.1")) as asking:
        answer = await asking.get(link, headers={"Range": "bytes=0-3"})
        assert (answer.status, await answer.read()) == (206, PNG[:4])


async def test_the_manager_of_an_outer_app_is_found() -> None:
    async def answer(request: web.Request) -> web.Response:
        async with blob_serialisation_context_manager(request) as found:
            return web.Response(text=str(found is manager))

    manager = BlobManager()
    inner, outer = web.Application(), web.Application()
    inner.router.add_get("/", answer)
    manager.attach_to_app(outer)
    outer.add_subapp("/inner", inner)
    async with TestClient(TestServer(outer, host="127.0.0.1")) as client:
        assert await (await client.get("/inner/")).text() == "True"


async def test_the_example_with_aiohttp(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "object", PNG, contentType="image/png")
    held: list[Blob] = []

    async def get_image(request: web.Request) -> web.Response:
        async with blob_serialisation_context_manager(request):
            held.append(MyImageBlob.from_bytes(PNG))
            held.append(await Blob.from_object(storage, "bucket", "object"))
            return web.json_response([blob.to_dict() for blob in held])

    async def direct(request: web.Request) -> web.StreamResponse:
        sent: web.StreamResponse = await held[1].response(request)
        return sent

    app = web.Application()
    BlobManager().attach_to_app(app)
    app.router.add_get("/image", get_image)
    app.router.add_get("/direct", direct)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, ClientSession() as session:
        for link in await (await client.get("/image")).json():
            seen = await MyImageBlob.from_url(link["href"], session)
            assert await seen.read() == PNG
            assert await seen.read(-4, None) == PNG[-4:]
            assert await seen.read(2, 2) == b""
            with pytest.raises(BlobNotLoaded):
                _ = seen.content
            with pytest.raises(ValueError, match="image/png"):
                await blob_type("image/gif").from_url(link["href"], session)
        assert await (await client.get("/direct")).read() == PNG
        with pytest.raises(BlobNotFound):
            await Blob.from_url(str(client.make_url(f"/blob/{uuid.uuid4()}")), session)


async def test_a_client_saves_a_link(tmp_path: Path) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    app = web.Application()
    manager = BlobManager()
    manager.attach_to_app(app)
    app.router.add_get("/cut", cut, allow_head=False)
    app.router.add_head("/cut", _empty)
    data = BlobBytes(PNG, "image/png")
    target = tmp_path / "file"
    target.write_bytes(b"old")
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, ClientSession() as session:
        broken = await Blob.from_url(str(client.make_url("/cut")), session)
        with pytest.raises(Exception, match="payload"):
            await broken.save(target)
        assert target.read_bytes() == b"old"
        blob = await Blob.from_url(str(client.make_url(f"/blob/{manager.add_blob(data)}")), session)
        await blob.save(target)
    assert target.read_bytes() == PNG
    assert names_in(tmp_path) == ["file"]


async def _empty(_: web.Request) -> web.Response:
    return web.Response(content_type="image/png")


async def test_no_manager_is_told() -> None:
    app = FastAPI()

    @app.get("/")
    async def nothing(_: BlobIOContextDep) -> None: ...

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        with pytest.raises(NoBlobContext, match="attach_to_app"):
            await client.get("/")


async def test_links_lead_into_mounted_apps() -> None:
    blob = MyImageBlob.from_bytes(PNG)
    inner, outer = FastAPI(), FastAPI()
    BlobManager().attach_to_app(inner, "/bytes")

    @inner.post("/image")
    async def image(_: BlobIOContextDep) -> MyImageBlob:
        return blob

    outer.mount("/inner", inner)
    transport = httpx.ASGITransport(outer)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        link = (await client.post("/inner/image")).json()["href"]
        assert link.startswith("http://here/inner/bytes/")
        assert (await client.get(link)).content == PNG


async def test_links_lead_into_added_apps_of_aiohttp() -> None:
    blob = MyImageBlob.from_bytes(PNG)

    async def image(request: web.Request) -> web.Response:
        async with blob_serialisation_context_manager(request):
            return web.json_response(blob.to_dict())

    inner, outer = web.Application(), web.Application()
    inner.router.add_get("/image", image)
    BlobManager().attach_to_app(inner)
    outer.add_subapp("/inner", inner)
    async with (
        TestClient(TestServer(outer, host="127.0.0.1")) as client,
        ClientSession() as session,
    ):
        link = (await (await client.get("/inner/image")).json())["href"]
        assert "/inner/blob/" in link
        async with session.get(link) as answer:
            assert await answer.read() == PNG


def test_the_missing_extra_is_an_import_error() -> None:
    assert issubclass(ExtraMissing, ImportError)
