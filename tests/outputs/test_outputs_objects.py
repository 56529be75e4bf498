"""Objects in a bucket: as few requests as the question allows, and never other bytes."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp.client_exceptions import ClientPayloadError
from fastapi import Request, Response
from leaks import names_in
from outputs_servers import (
    BUCKET,
    Ask,
    aiohttp_app,
    asking,
    asking_aiohttp,
    fastapi_app,
)

from storage_stream import Storage
from storage_stream.errors import IntegrityError, InvalidArgument, NotFound, StorageError
from storage_stream.outputs import Blob, BlobManager, BlobNotLoaded, BlobObject, object_response
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = bytes(range(256)) * 4096  # 1 MiB
FRAMEWORKS = pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])


@pytest.fixture(params=["fastapi", "aiohttp"])
async def ask(request: pytest.FixtureRequest, storage: Storage) -> AsyncIterator[Ask]:
    async with asking(request.param, storage, BlobManager()) as asks:
        yield asks


async def test_a_range_is_one_ranged_request(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", DATA)
    for header, asked in [
        ("bytes=100000-100099", "bytes=100000-100099"),
        ("bytes=-100", "bytes=-100"),
        ("bytes=1048000-", "bytes=1048000-"),
    ]:
        seen = len(gcs.log)
        told = await ask("/objects/object", {"Range": header})
        assert told.status == 206
        (request,) = list(gcs.log)[seen:]
        assert request.headers["range"] == asked
        assert request.bytes_out == len(told.body)


async def test_of_a_large_object_only_the_range_is_fetched(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", bytes(100_000_000))
    seen = len(gcs.log)
    told = await ask("/objects/object", {"Range": "bytes=1000000-1000099"})
    assert (told.status, len(told.body)) == (206, 100)
    (request,) = list(gcs.log)[seen:]
    assert request.bytes_out <= 64 * 1024


async def test_a_pinned_blob_is_one_request_whatever_is_asked(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    manager = BlobManager()
    blob = await Blob.from_object(storage, BUCKET, "object")
    path = f"/blob/{manager.add_blob(blob.data)}"
    async with asking("fastapi", storage, manager) as ask:
        tag = (await ask(path)).headers["etag"]
        for headers, method in [
            ({}, "GET"),
            ({}, "HEAD"),
            ({"Range": "bytes=0-9"}, "GET"),
            ({"Range": "bytes=0-9", "If-Range": tag}, "GET"),
            ({"If-None-Match": tag}, "GET"),
            ({"Range": "bytes=9999999-"}, "GET"),
        ]:
            seen = len(gcs.log)
            await ask(path, headers, method)
            assert len(gcs.log) == seen + 1


@FRAMEWORKS
@pytest.mark.parametrize("how", ["overwritten", "deleted"])
async def test_what_was_linked_is_gone_and_never_something_else(
    storage: Storage, gcs: EmulatorHandle, framework: str, how: str
) -> None:
    gcs.put(BUCKET, "object", b"old")
    manager = BlobManager()
    blob = await Blob.from_object(storage, BUCKET, "object")
    path = f"/blob/{manager.add_blob(blob.data)}"
    async with asking(framework, storage, manager) as ask:
        tag = (await ask(path)).headers["etag"]
        if how == "deleted":
            await storage.delete(BUCKET, "object")
        else:
            gcs.put(BUCKET, "object", b"new")
        for headers, method in [
            ({}, "GET"),
            ({}, "HEAD"),
            ({"Range": "bytes=0-0"}, "GET"),
            ({"Range": "bytes=9-"}, "GET"),
            ({"If-None-Match": tag}, "GET"),
            ({"If-Match": '"x"'}, "GET"),
        ]:
            told = await ask(path, headers, method)
            assert told.status == 410
            assert b"new" not in told.body
    with pytest.raises(NotFound):
        await blob.read()


async def test_what_is_not_there_is_404(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.create_bucket(BUCKET)
    for name in ("nothing", "a%0d%0ab", "..", "x" * 2000):
        for headers in ({}, {"Range": "bytes=0-1"}, {"If-Match": '"a"'}):
            told = await ask(f"/objects/{name}", headers)
            assert told.status == 404


async def test_a_name_of_any_signs_is_served(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "grüße/ü 1?.txt", b"data")
    told = await ask("/objects/gr%C3%BC%C3%9Fe/%C3%BC%201%3F.txt")
    assert (told.status, told.body) == (200, b"data")


async def test_a_bucket_that_fails_is_502(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", *["return-503"] * 20)
    told = await ask("/objects/object")
    assert (told.status, told.headers["cache-control"]) == (502, "no-store")
    assert BUCKET.encode() not in told.body


@FRAMEWORKS
async def test_a_failure_in_the_middle_is_no_short_answer(
    gcs: EmulatorHandle, framework: str, storage: Storage
) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "drop-at-262144", *["return-503"] * 20)
    async with asking(framework, storage, BlobManager()) as ask:
        if framework == "fastapi":  # a server breaks the connection off when an app raises
            with pytest.raises(StorageError):
                await ask("/objects/object")
        else:
            with pytest.raises(ClientPayloadError):
                await ask("/objects/object")


async def test_a_small_one_that_fails_is_a_status(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", b"a small object")
    gcs.arm_next("storage.objects.get", "drop-at-5", *["return-503"] * 20)
    assert (await ask("/objects/object")).status == 502


async def test_a_broken_connection_is_resumed(ask: Ask, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", DATA)
    gcs.arm_next("storage.objects.get", "drop-at-262144")
    told = await ask("/objects/object")
    assert (told.status, told.body == DATA) == (200, True)


async def test_stored_gzip(ask: Ask, gcs: EmulatorHandle) -> None:
    packed = gzip.compress(DATA)
    gcs.put(BUCKET, "object", packed, contentEncoding="gzip", contentType="text/plain")
    told = await ask("/objects/object", {"Accept-Encoding": "gzip"})
    assert (told.body == packed, told.headers["content-encoding"]) == (True, "gzip")
    assert (told.headers["vary"], told.headers["accept-ranges"]) == ("Accept-Encoding", "bytes")
    part = await ask("/objects/object", {"Accept-Encoding": "gzip", "Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, packed[5:10])
    for accepted in ("identity", "gzip;q=0", "br"):
        plain = await ask("/objects/object", {"Accept-Encoding": accepted, "Range": "bytes=5-9"})
        assert (plain.status, plain.body == DATA) == (200, True)
        assert "content-encoding" not in plain.headers
        assert "content-length" not in plain.headers
        assert plain.headers["accept-ranges"] == "none"
        assert plain.headers["etag"] != told.headers["etag"]


@FRAMEWORKS
async def test_names_types_and_generations_are_told(
    storage: Storage, gcs: EmulatorHandle, framework: str
) -> None:
    first = gcs.put(BUCKET, "object", b"old", contentType="text/plain")
    options: dict[str, Any] = {
        "filename": 'ü"x\r\nSet-Cookie: a=b.png',
        "inline": False,
        "generation": int(first["generation"]),
    }
    async with asking(framework, storage, BlobManager(), **options) as ask:
        told = await ask("/objects/object")
        assert told.headers["content-disposition"] == (
            'attachment; filename="__xSet-Cookie: a=b.png"; '
            "filename*=UTF-8''%C3%BC%22xSet-Cookie%3A%20a%3Db.png"
        )
        assert "set-cookie" not in told.headers
        gcs.put(BUCKET, "object", b"new")
        assert (await ask("/objects/object")).status == 410
    async with asking(framework, storage, BlobManager(), media_type="image/png") as ask:
        assert (await ask("/objects/object")).headers["content-type"] == "image/png"


async def test_headers_that_an_endpoint_adds_are_sent(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", b"data")
    app = fastapi_app(storage, BlobManager())

    async def serve(request: Request) -> Response:
        answer = await object_response(storage, BUCKET, "object", request)
        answer.headers["Cache-Control"] = "max-age=60"
        answer.set_cookie("seen", "yes")
        return answer

    app.add_api_route("/cached", serve)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        told = await client.get("/cached")
    assert told.headers["cache-control"] == "max-age=60"
    assert told.headers["set-cookie"].startswith("seen=yes")
    assert told.content == b"data"


async def test_reading_a_blob_of_an_object(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    gcs.put(BUCKET, "object", DATA, contentType="image/png")
    blob = await Blob.from_object(storage, BUCKET, "object")
    assert blob.media_type == "image/png"
    assert blob.data.size == len(DATA)
    for wrong in (lambda: blob.content, lambda: blob.data.save("x"), blob.data.open):
        with pytest.raises(BlobNotLoaded, match=r"await|async"):
            wrong()
    assert await blob.read() == DATA
    assert await blob.read(5, 10) == DATA[5:10]
    async with blob.open(1000) as stream:
        assert await stream.read(24) == DATA[1000:1024]
    assert [len(chunk) async for chunk in blob.iter_chunks(1 << 19)] == [1 << 19, 1 << 19]
    await blob.save(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA
    with (tmp_path / "other").open("wb") as file:
        await blob.save(file)
    assert (tmp_path / "other").read_bytes() == DATA


async def test_a_failed_save_leaves_nothing(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    gcs.put(BUCKET, "object", DATA)
    blob = await Blob.from_object(storage, BUCKET, "object")
    target = tmp_path / "file"
    gcs.arm_next("storage.objects.get", "drop-at-262144", *["return-503"] * 20)
    with pytest.raises(StorageError):
        await blob.save(target)
    assert names_in(tmp_path) == []
    target.write_bytes(b"old")
    gcs.arm_next("storage.objects.get", *["wrong-hash"] * 5)
    with pytest.raises((IntegrityError, StorageError)):
        await blob.save(target)
    assert names_in(tmp_path) == ["file"]
    assert target.read_bytes() == b"old"


def test_what_is_owned_names_its_generation() -> None:
    with pytest.raises(InvalidArgument, match="generation"):
        BlobObject(Storage(), "bucket", "name", owned=True)


async def test_aiohttp_answers_head_by_itself(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", DATA)
    async with asking_aiohttp(aiohttp_app(storage, BlobManager())) as ask:
        told = await ask("/objects/object", method="HEAD")
    assert (told.status, told.headers["content-length"]) == (200, str(len(DATA)))


async def test_a_blob_that_comes_in_and_goes_out_moves_no_byte(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put(BUCKET, "object", DATA)
    manager = BlobManager()
    blob = await Blob.from_object(storage, BUCKET, "object")
    seen = len(gcs.log)
    with manager.context("http://here"):
        told = blob.to_dict()
        for fields in (told, {**told, "href": "http://here/blob/" + "0" * 8}):
            try:
                again = Blob.from_dict(fields)
            except ValueError:
                assert fields is not told
            else:
                assert again.data is blob.data
                assert again.to_dict() == told
    assert len(gcs.log) == seen
