"""Blobs' bytes wherever they are: read, opened, saved and copied in the same way."""

import copy
import io
import os
import pickle
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from leaks import names_in
from PIL import Image

from storage_stream import Storage
from storage_stream.errors import InvalidArgument, NotFound, ObjectChanged, ProtocolError
from storage_stream.outputs import (
    Blob,
    BlobBytes,
    BlobError,
    BlobFile,
    BlobManager,
    BlobNotLoaded,
    blob_type,
)
from storage_stream.outputs.contents.base import PIECE_BYTES
from storage_stream.outputs.planning.byte_ranges import Span
from storage_stream.outputs.planning.representation import RequestHead
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = bytes(range(250)) * 4  # 1000 bytes
KINDS = ["bytes", "file", "object", "url"]


class MyImageBlob(Blob):
    media_type = "image/png"


@pytest.fixture
async def made(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> AsyncIterator[dict[tuple[str, bool], Blob]]:
    """A blob of each kind, with bytes and empty."""
    manager, app = BlobManager(), web.Application()
    manager.attach_to_app(app)
    found: dict[tuple[str, bool], Blob] = {}
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, ClientSession() as session:
        for data in (DATA, b""):
            name = f"object {len(data)}"
            gcs.put("bucket", name, data)
            (tmp_path / name).write_bytes(data)
            local = MyImageBlob.from_bytes(data)
            link = str(client.make_url(f"/blob/{manager.add_blob(local.data)}"))
            found["bytes", bool(data)] = local
            found["file", bool(data)] = MyImageBlob.from_file(tmp_path / name)
            found["object", bool(data)] = await MyImageBlob.from_object(storage, "bucket", name)
            found["url", bool(data)] = await MyImageBlob.from_url(link, session)
        yield found


@pytest.mark.parametrize("kind", KINDS)
async def test_ranges_are_slices(made: dict[tuple[str, bool], Blob], kind: str) -> None:
    for data in (DATA, b""):
        blob = made[kind, bool(data)]
        for start, stop in [
            *((0, None), (5, 10), (-3, None), (2, 2), (0, 0), (999, None), (990, 2000)),
            *((1000, None), (5000, None), (5000, 6000), (-5000, None)),
        ]:
            assert await blob.read(start, stop) == data[start:stop], (start, stop)
        for start, stop in [(4, 3), (-3, -1), (-3, 5)]:
            with pytest.raises(InvalidArgument):
                await blob.read(start, stop)
        for start in (0, 990, 5000, -7):
            async with blob.open(start) as stream:
                assert await stream.read(3) == data[start:][:3]
                assert b"".join([piece async for piece in stream]) == data[start:][3:]
        assert b"".join([chunk async for chunk in blob.iter_chunks(7)]) == data


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_saved_is_everybodys_to_read(
    made: dict[tuple[str, bool], Blob], kind: str, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "by open").write_bytes(b"")
    await made[kind, True].save(folder / "file")
    assert (folder / "file").read_bytes() == DATA
    assert (folder / "file").stat().st_mode == (folder / "by open").stat().st_mode
    assert names_in(folder) == ["by open", "file"]


@pytest.mark.parametrize("kind", ["bytes", "file"])
async def test_who_does_not_await_has_saved_it(
    made: dict[tuple[str, bool], Blob], kind: str, tmp_path: Path
) -> None:
    """As programs of labthings_fastapi do, in coroutines too."""
    blob, into = made[kind, True], io.BytesIO()
    blob.save(filepath=str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == DATA
    blob.save(into)
    assert into.getvalue() == DATA


class AsyncFile:
    """A file of aiofiles' kind."""

    def __init__(self) -> None:
        self.written = b""

    async def write(self, data: bytes) -> None:
        self.written += data


@pytest.mark.parametrize("kind", KINDS)
async def test_files_whose_write_is_awaited(made: dict[tuple[str, bool], Blob], kind: str) -> None:
    file = AsyncFile()
    await made[kind, True].save(file)
    assert file.written == DATA


@pytest.mark.parametrize("kind", ["bytes", "file"])
async def test_it_is_opened_as_a_file(made: dict[tuple[str, bool], Blob], kind: str) -> None:
    blob = made[kind, True]
    file = blob.open()
    assert file.read(4) == DATA[:4]
    assert file.tell() == 4
    file.close()
    with blob.open(-3) as plain:
        assert plain.read() == DATA[-3:]
    with blob.open(990) as plain:
        assert plain.read() == DATA[990:]
    file = blob.open()
    assert b"".join(file) == DATA
    file.close()
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "png")
    with Image.open(MyImageBlob.from_bytes(picture.getvalue()).open()) as seen:
        assert seen.size == (4, 3)


@pytest.mark.parametrize("kind", ["object", "url"])
async def test_what_is_elsewhere_is_no_file(made: dict[tuple[str, bool], Blob], kind: str) -> None:
    opened = made[kind, True].open()
    with pytest.raises(BlobNotLoaded, match="async with"):
        opened.read()
    with pytest.raises(BlobNotLoaded), opened:
        pass
    assert copy.copy(opened) is not None


def test_what_a_file_shall_keep_is_its_attributes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    with tempfile.TemporaryDirectory() as name:
        data = BlobFile(tmp_path / "file", "image/png", folder=name, note=5)
        assert (data.folder, data.note) == (name, 5)  # type: ignore[attr-defined]  # the caller's


@pytest.mark.parametrize("kind", [MyImageBlob, blob_type("image/png"), Blob])
def test_what_is_pickled_is_served_again(kind: type[Blob]) -> None:
    manager = BlobManager()
    with manager.context("http://here"):
        blob = kind.from_bytes(DATA)
        link = blob.to_dict()["href"]
        again = pickle.loads(pickle.dumps(blob))  # noqa: S301 - our own
        assert type(again) is type(blob)
        assert again.content == DATA
        assert again.to_dict()["href"] != link
        assert copy.deepcopy(blob).to_dict()["href"] == link


def test_a_link_tells_a_blob_its_media_type() -> None:
    with BlobManager().context("http://here"):
        held = MyImageBlob.from_bytes(DATA)
        link = held.to_dict()
        found = Blob(href=link["href"])
        assert (found.media_type, found.to_dict()) == ("image/png", link)


@pytest.mark.parametrize("status", [405, 501])
async def test_servers_that_know_no_head_are_asked_otherwise(status: int) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=DATA, content_type="image/png")

    app = web.Application()
    app.router.add_get("/blob", give, allow_head=False)
    app.router.add_head("/blob", refuse)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, ClientSession() as session:
        blob = await MyImageBlob.from_url(str(client.make_url("/blob")), session)
        assert await blob.read() == DATA
        with pytest.raises(ProtocolError, match="ranges"):
            await blob.read(5)
        with pytest.raises(BlobError, match=str(status)):
            await Blob.from_url(str(client.make_url("/blob")), _NoGet(session))


class _NoGet:
    """A session whose GET is a HEAD, as a server's that refuses both."""

    def __init__(self, session: ClientSession) -> None:
        self.head = self.get = session.head


async def test_an_object_that_is_not_there(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    with pytest.raises(NotFound):
        await Blob.from_object(storage, "bucket", "nothing")


@pytest.mark.parametrize("how", ["overwritten", "appended"])
async def test_a_file_that_is_written_to_is_not_sent_in_two_versions(
    tmp_path: Path, how: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10 * PIECE_BYTES))
    content = BlobFile(path, "image/png").answer_content()
    there = await content.representation(RequestHead("GET"))
    assert there.size == 10 * PIECE_BYTES
    pieces = await content.open(Span(0, there.size))
    assert len(await pieces.next()) == PIECE_BYTES
    with path.open("r+b" if how == "overwritten" else "ab") as file:
        file.write(b"new")
    os.utime(path, (5, 5))  # two clocks may show the same moment
    for _ in range(3):  # what was read ahead
        await pieces.next()
    with pytest.raises(ObjectChanged):
        await pieces.next()
    content.close()


def test_the_json_schema_of_a_model_with_blobs() -> None:
    class Result(MyImageBlob):
        pass

    import pydantic  # noqa: PLC0415

    adapter = pydantic.TypeAdapter(list[Result])
    schemas = [adapter.json_schema(mode=mode) for mode in ("validation", "serialization")]
    assert schemas[0] == schemas[1]
    fields = schemas[0]["$defs"]["Result"]
    assert fields["required"] == ["href"]
    assert fields["properties"]["media_type"]["const"] == "image/png"
    assert "const" not in Blob.model_json_schema()["properties"]["media_type"]


def test_data_that_nobody_can_hold_weakly_gets_no_id() -> None:
    class Slotted:
        __slots__ = ("id",)
        media_type, content = "image/png", b""

        def __init__(self) -> None:
            self.id = None

        def response(self) -> None: ...

    data: Any = Slotted()
    with pytest.raises(ValueError, match="weakly"):
        BlobManager().add_blob(data)
    assert data.id is None
    assert BlobBytes(b"", "image/png").id is None
