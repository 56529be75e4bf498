"""Blobs as programs of labthings_fastapi use them, and what their links let nobody do."""

import copy
import gc
import io
import pickle
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest
from fastapi import FastAPI
from fastapi.responses import Response

from storage_stream import Storage
from storage_stream.errors import InvalidArgument
from storage_stream.outputs import (
    Blob,
    BlobBytes,
    BlobData,
    BlobDataManager,
    BlobFile,
    BlobIOContextDep,
    BlobManager,
    BlobNotFound,
    BlobObject,
    ForeignHref,
    NoBlobContext,
    NotAServedBlob,
    ServerSideBlobData,
    blob_type,
    blobdata_to_url_ctx,
    url_to_blobdata_ctx,
)

PNG = b"\x89PNG" * 100


class MyImageBlob(Blob):
    media_type = "image/png"


class AnyThing(pydantic.BaseModel):
    pictures: list[MyImageBlob]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    BlobManager().attach_to_app(app)
    app.state.held = []

    @app.post("/image")
    async def image(_: BlobIOContextDep) -> MyImageBlob:
        app.state.held.append(MyImageBlob.from_bytes(PNG))
        made: MyImageBlob = app.state.held[-1]
        return made

    @app.post("/image-in-thread")
    def image_in_thread(_: BlobIOContextDep) -> AnyThing:
        app.state.held.append(MyImageBlob.from_bytes(PNG))
        return AnyThing(pictures=app.state.held[-1:])

    @app.post("/echo")
    async def echo(blob: MyImageBlob, _: BlobIOContextDep) -> MyImageBlob:
        assert blob.content == PNG
        return blob

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as made:
        yield made


async def test_a_result_is_a_link_that_can_be_followed_many_times(
    client: httpx.AsyncClient,
) -> None:
    told = (await client.post("/image")).json()
    assert told.keys() == {"href", "media_type", "rel", "description"}
    assert (told["media_type"], told["rel"]) == ("image/png", "output")
    nested = (await client.post("/image-in-thread")).json()["pictures"][0]
    for link in (told, told, nested):
        answer = await client.get(link["href"])
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"


async def test_blob_in_is_blob_out(client: httpx.AsyncClient) -> None:
    told = (await client.post("/image")).json()
    assert (await client.post("/echo", json=told)).json() == told
    assert (await client.post("/echo", json={"href": told["href"]})).json() == told


@pytest.mark.parametrize(
    ("href", "status"),
    [
        ("http://here/blob/{id}", 200),
        ("http://here/blob/00000000-0000-4000-8000-000000000000", 404),
        ("http://elsewhere/blob/{id}", 422),
        ("https://here/blob/{id}", 422),
        ("http://here:81/blob/{id}", 422),
        ("http://here@elsewhere/blob/{id}", 422),
        ("http://here/other/{id}", 422),
        ("http://here/blob/{id}/", 422),
        ("http://here/blob/{id}?a=b", 422),
        ("http://here/blob/{id}\n", 422),
        ("http://here/blob/../blob/{id}", 422),
        ("http://here//blob/{id}", 422),
        ("/blob/{id}", 422),
        ("ftp://here/blob/{id}", 422),
        ("file:///etc/passwd", 422),
        ("blob://local", 422),
        ("", 422),
    ],
)
async def test_only_own_links_are_taken(client: httpx.AsyncClient, href: str, status: int) -> None:
    told = (await client.post("/image")).json()
    own = told["href"].rpartition("/")[2]
    assert own == str(uuid.UUID(own))
    answer = await client.post("/echo", json={"href": href.replace("{id}", own)})
    assert answer.status_code == status


async def test_another_media_type_is_refused(client: httpx.AsyncClient) -> None:
    told = (await client.post("/image")).json()
    answer = await client.post("/echo", json={**told, "media_type": "image/gif"})
    assert answer.status_code == 422
    with BlobManager().context("http://here"):
        text = blob_type("text/plain").from_bytes(b"text")
        link = text.to_dict()["href"]
        with pytest.raises(pydantic.ValidationError, match="does not lead to image/png"):
            MyImageBlob(href=link)
        assert Blob(href=link).data is text.data


async def test_unknown_ids_are_404(client: httpx.AsyncClient) -> None:
    for wrong in (str(uuid.uuid4()), "nonsense", "..%2f..", "%0d%0a", "a" * 5000):
        for method in ("GET", "HEAD"):
            answer = await client.request(method, f"/blob/{wrong}")
            assert answer.status_code == 404


async def test_the_openapi_names_media_type_and_errors(client: httpx.AsyncClient) -> None:
    openapi = (await client.get("/openapi.json")).json()
    schema = openapi["components"]["schemas"]["MyImageBlob"]
    assert schema["properties"]["media_type"]["const"] == "image/png"
    route = openapi["paths"]["/blob/{blob_id}"]["get"]["responses"]
    assert {"200", "206", "304", "404", "410", "412", "416", "502"} <= route.keys()


def test_a_bare_media_type_is_a_field_with_a_default() -> None:
    class Child(MyImageBlob):
        pass

    class Annotated(Blob):
        media_type: str = "image/gif"

    kinds = (MyImageBlob, Child, Annotated, Blob, blob_type("text/plain"))
    expected = ["image/png", "image/png", "image/gif", "*/*", "text/plain"]
    assert [kind.default_media_type() for kind in kinds] == expected
    assert [kind.from_bytes(b"").media_type for kind in kinds] == expected
    with pytest.raises(InvalidArgument, match="media type"):

        class Wrong(Blob):
            media_type = "no media type"


@pytest.mark.parametrize("wrong", ["", "png", "a'b", "image\\png", "image/png/x", "a/b\r\nc: d"])
def test_blob_type_takes_media_types(wrong: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        blob_type(wrong)


def test_outside_a_request_links_are_refused() -> None:
    blob = MyImageBlob.from_bytes(PNG)
    assert blob.href == "blob://local"
    with pytest.raises(LookupError):
        MyImageBlob(href="http://here/blob/x")
    with pytest.raises(NoBlobContext, match="BlobIOContextDep"):
        blob.to_dict()
    with pytest.raises(pydantic.ValidationError):
        MyImageBlob(href="blob://local")
    for context in (blobdata_to_url_ctx, url_to_blobdata_ctx):
        with pytest.raises(LookupError):
            context.get()


async def test_local_data(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    folder = tempfile.TemporaryDirectory()
    (Path(folder.name) / "a.png").write_bytes(PNG)
    blobs = (
        MyImageBlob.from_bytes(PNG),
        MyImageBlob.from_file(tmp_path / "a.png"),
        MyImageBlob.from_temporary_directory(folder, "a.png"),
    )
    for blob in blobs:
        assert isinstance(blob.data, BlobData)
        assert isinstance(blob.data, ServerSideBlobData)
        assert blob.content == await blob.read() == PNG
        assert await blob.read(1, 4) == b"PNG"
        assert await blob.read(-3) == b"PNG"
        assert await blob.read(3, 3) == b""
        with pytest.raises(InvalidArgument):
            await blob.read(4, 3)
        async with blob.open(4) as stream:
            assert await stream.read(4) == PNG[4:8]
            assert await stream.read() == PNG[8:]
        with blob.open() as file:
            assert file.read() == PNG
        with blob.data.open() as file:
            assert file.read() == PNG
        assert [len(chunk) async for chunk in blob.iter_chunks(300)] == [300, 100]
        await blob.save(tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == PNG
        into = io.BytesIO()
        await blob.save(into)
        assert into.getvalue() == PNG
        assert isinstance(blob.response(), Response)
    folder.cleanup()


def test_without_a_loop_it_is_saved_at_once(tmp_path: Path) -> None:
    MyImageBlob.from_bytes(PNG).save(str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == PNG


def test_a_temporary_folder_lives_as_long_as_the_blob() -> None:
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "a.png"
    path.write_bytes(PNG)
    blob = MyImageBlob.from_temporary_directory(folder, "a.png")
    del folder
    gc.collect()
    assert blob.content == PNG
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Python's, about the folder
        del blob
        gc.collect()
    assert not path.exists()


def test_a_missing_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="there is no file"):
        Blob.from_file(tmp_path / "nothing")
    with tempfile.TemporaryDirectory() as name, pytest.raises(OSError, match="there is no file"):
        BlobFile(Path(name) / "nothing", "image/png")


def test_a_blob_without_data_says_so() -> None:
    blob = Blob.model_construct(href="blob://local")
    with pytest.raises(ValueError, match="has no data"):
        _ = blob.data


def test_copies_share_the_data() -> None:
    blob = MyImageBlob.from_bytes(PNG)
    assert copy.deepcopy(blob).data is blob.data
    assert copy.deepcopy(blob) == blob


def test_an_instance_of_a_class_that_is_written_out_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(MyImageBlob.from_bytes(PNG)))  # noqa: S301 - our own
    assert again.content == PNG


def test_the_manager_is_weak_and_knows_its_own() -> None:
    manager = BlobDataManager()
    data = BlobBytes(PNG, "image/png")
    assert manager.add_blob(data) == manager.add_blob(data) == data.id
    assert data.id is not None
    assert manager.get_blob(data.id) is manager.get_blob(str(data.id)) is data
    with pytest.raises(ValueError, match="another manager"):
        BlobManager().add_blob(data)
    lost = data.id
    del data
    gc.collect()
    with pytest.raises(KeyError):
        manager.get_blob(lost)


def test_what_cannot_be_served_gets_no_link() -> None:
    manager: Any = BlobManager()
    for wrong in (object(), b"bytes", BlobObject(Storage(), "bucket", "name")):
        with pytest.raises(NotAServedBlob):
            manager.add_blob(wrong)


def test_links_can_have_an_age_and_addresses_of_their_own() -> None:
    times = [0.0]
    manager = BlobManager(
        base_urls=["https://a.example/api/", "http://b.example"], max_age=60, clock=lambda: times[0]
    )
    blob = MyImageBlob.from_bytes(PNG)
    with manager.context("http://forged.example"):
        link = blob.to_dict()["href"]
        assert link == f"https://a.example/api/blob/{blob.data.id}"
        assert MyImageBlob(href=f"http://b.example/blob/{blob.data.id}").data is blob.data
        with pytest.raises(pydantic.ValidationError):
            MyImageBlob(href=f"http://forged.example/blob/{blob.data.id}")
        times[0] = 61
        with pytest.raises(BlobNotFound):
            MyImageBlob(href=link)
    assert issubclass(ForeignHref, ValueError)


@pytest.mark.parametrize("wrong", [{"base_urls": "http://x"}, {"base_urls": ["x"]}, {"max_age": 0}])
def test_a_manager_is_told_what_is_wrong(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        BlobManager(**wrong)
    with pytest.raises(InvalidArgument):
        BlobManager().attach_to_app(FastAPI(), "no path")


def test_thousands_of_ids_do_not_pile_up() -> None:
    manager = BlobManager()
    for _ in range(1000):
        manager.add_blob(BlobBytes(b"", "image/png"))
    assert len(manager._added) < 200
