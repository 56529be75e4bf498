"""The routes over HTTP: what is stored, what is shown, what is refused before it is kept."""

import asyncio
import io
import struct
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request
from images_house import House, encoded, pattern
from images_web import ANY, MAX_BYTES, ONE_DATABASE, PNG, ROOT, SVG, asking, huge_png, refused
from PIL import Image

from storage_stream.images import ImageService, PermissionDenied
from storage_stream.images.routes import images_router


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(house) as client:
        yield client


async def test_from_an_upload_to_a_gallery_and_back(house: House, web: httpx.AsyncClient) -> None:
    data = encoded(pattern(64, 48))
    converter_id = str(await house.converter())
    page = (await web.get("/converters")).json()
    assert [each["id"] for each in page["data"]] == [converter_id]

    uploaded = await web.post("/files", params={"name": "a/photo.png"}, content=data, headers=ANY)
    assert uploaded.status_code == 201
    file = uploaded.json()
    assert (file["name"], file["extension"], file["state"]) == ("a/photo.png", "png", "ready")
    assert (file["content_type"], file["size"]) == ("image/png", len(data))
    assert "object_name" not in file
    assert (await web.get(f"/files/{file['id']}")).json() == file

    body = {"file_id": file["id"], "converter_id": converter_id, "metadata": {"test": True}}
    made = await web.post("/convert_from_file", json=body)
    assert made.status_code == 201
    original, preview, _ = made.json()
    assert original["metadata"] == {"test": True}
    assert (
        await web.post(f"/{original['id']}/convert", json={"converter_id": converter_id})
    ).json()[1]["revision"] == 2

    gallery = (await web.get(f"/galleries/{original['correlation_id']}")).json()
    assert gallery["versions"].keys() == {"original", "preview", "mirror"}
    several = await web.get("/galleries", params={"gallery_id": [str(uuid4()), gallery["id"]]})
    assert several.json() == [gallery]
    refused(await web.get(f"/galleries/{uuid4()}"), 404, "not_found")

    shown = await web.get(f"/{preview['id']}/content")
    assert Image.open(io.BytesIO(shown.content)).size == (32, 24)
    changed = await web.patch(f"/{original['id']}", json={"metadata": {"title": "ü"}})
    assert changed.json()["metadata"] == {"title": "ü"}
    listed = await web.get(ROOT, params={"originals": True})
    assert [row["id"] for row in listed.json()["data"]] == [original["id"]]
    refused(await web.delete(f"/files/{file['id']}"), 409, "conflict")
    gone = await web.request(
        "DELETE", f"/{original['id']}/versions", params={"version": ["preview", "mirror"]}
    )
    assert len(gone.json()) == 4
    assert (await web.get(f"/{original['id']}/exists")).json() == {"exists": True}
    assert (await web.delete(f"/{original['id']}")).json()["id"] == original["id"]
    assert (await web.get(f"/{original['id']}/exists")).json() == {"exists": False}
    assert await house.counts() == (0, 0, 0)


async def test_an_image_of_a_file(house: House, web: httpx.AsyncClient) -> None:
    file_id = str(await house.file(encoded(pattern(8, 8))))
    made = await web.post(ROOT, json={"file_id": file_id, "metadata": {"mine": 1}})
    assert made.status_code == 201
    assert (await web.get(f"/{made.json()['id']}")).json() == made.json()
    refused(await web.post(ROOT, json={"file_id": str(uuid4())}), 404, "not_found")
    problem = refused(await web.post(ROOT, json={"file_id": "../x"}), 422, "invalid")
    assert problem["field"] == "file_id"
    assert "../x" not in problem["detail"]


@ONE_DATABASE
async def test_ranges_and_conditions(house: House, web: httpx.AsyncClient) -> None:
    data = encoded(pattern(64, 48))
    path = f"/files/{await house.file(data)}/content"
    whole = await web.get(path)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "image/png"
    assert whole.headers["content-disposition"] == 'inline; filename="image1.png"'
    some = await web.get(path, headers={"range": "bytes=10-19"})
    assert (some.status_code, some.content) == (206, data[10:20])
    same = await web.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    beyond = await web.get(path, headers={"range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    head = await web.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
    assert head.content == b""
    for answer in (whole, some, same, beyond, head):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@ONE_DATABASE
@pytest.mark.parametrize("mime", ["image/svg+xml", "text/html", "image/png+xml", ""])
async def test_what_could_run_is_only_saved(
    house: House, web: httpx.AsyncClient, mime: str
) -> None:
    row = await house.files.create("drawing", "svg")
    await house.files.upload(row["id"], SVG, content_type=mime or None)
    image = await house.images.create({"file_id": row["id"]})
    for path in (f"/files/{row['id']}/content", f"/{image['id']}/content"):
        answer = await web.get(path)
        assert answer.content == SVG
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == 'attachment; filename="drawing.svg"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@ONE_DATABASE
async def test_a_name_ends_as_its_format(house: House, web: httpx.AsyncClient) -> None:
    del house
    data = encoded(pattern(8, 8))
    file = await web.post("/files", params={"name": "x.html"}, content=data, headers=PNG)
    shown = await web.get(f"/files/{file.json()['id']}/content")
    assert shown.headers["content-disposition"] == 'inline; filename="x.html.png"'


@ONE_DATABASE
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/../b.png",
        "/root.png",
        "a//b.png",
        "a\\b.png",
        "..",
        "a\r\nset-cookie: x=1.png",
        "a\0.png",
        "a\u202egnp.exe",
        "x" * 201,
        "",
    ],
)
async def test_names_that_cannot_be(house: House, web: httpx.AsyncClient, name: str) -> None:
    data = encoded(pattern(8, 8))
    answer = await web.post("/files", params={"name": name}, content=data, headers=PNG)
    assert refused(answer, 422, "invalid")["field"] == "name"
    assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (SVG, {"content-type": "image/svg+xml"}, 415, "unsupported_media_type"),
        (SVG, PNG, 415, "unsupported_media_type"),
        (b"<!doctype html><script>1</script>", ANY, 415, "unsupported_media_type"),
        (b"", PNG, 415, "unsupported_media_type"),
        (encoded(pattern(8, 8)), {"content-type": "image/jpeg"}, 415, "unsupported_media_type"),
        (encoded(pattern(8, 8)), {"content-type": "text/html"}, 415, "unsupported_media_type"),
        (encoded(pattern(8, 8)), {}, 415, "unsupported_media_type"),
        (encoded(pattern(8, 8), "tga"), ANY, 415, "unsupported_media_type"),
        (encoded(pattern(8, 8))[:20], PNG, 415, "unsupported_media_type"),
        (huge_png(31_623), PNG, 413, "picture_too_large"),
        (huge_png(2**31 - 1), ANY, 413, "picture_too_large"),
    ],
    ids=[
        *("svg", "svg-as-png", "html", "empty", "png-as-jpeg", "png-as-html", "no-type"),
        *("tga", "cut", "1e9-pixels", "4e18-pixels"),
    ],
)
async def test_uploads_that_are_refused(
    house: House,
    web: httpx.AsyncClient,
    data: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = await web.post("/files", params={"name": "x.png"}, content=data, headers=headers)
    refused(answer, status, code)
    assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
@pytest.mark.parametrize("tells", [True, False])
async def test_too_many_bytes(house: House, web: httpx.AsyncClient, *, tells: bool) -> None:
    data = encoded(pattern(8, 8)) + bytes(MAX_BYTES)
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for start in range(0, len(data) * 10, 10_000):
            taken += 1
            yield data[start : start + 10_000] or bytes(10_000)

    told = {"content-length": str(len(data) * 10)} if tells else {}
    answer = await web.post(
        "/files", params={"name": "x.png"}, content=pieces(), headers={**PNG, **told}
    )
    refused(answer, 413, "body_too_large")
    assert await house.counts() == (0, 0, 0)
    assert house.objects() == set()


@ONE_DATABASE
async def test_a_header_behind_the_data(house: House, web: httpx.AsyncClient) -> None:
    tiff = bytearray(encoded(pattern(8, 8), "tiff"))
    start = struct.unpack_from("<I", tiff, 4)[0]
    # The directory moves behind so many bytes that it cannot be waited for.
    moved = start + (1 << 20)
    far = bytes(tiff[:4]) + struct.pack("<I", moved) + bytes(tiff[8:start]) + bytes(1 << 20)
    far += bytes(tiff[start:])
    async with asking(house) as small:
        said = {"content-type": "image/tiff"}
        answer = await small.post("/files", params={"name": "x.tif"}, content=far, headers=said)
        refused(answer, 413, "body_too_large")
    app = FastAPI()
    app.include_router(images_router(house.images))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here/images"
    ) as large:
        params = {"name": "x.tif"}
        answer = await large.post("/files", params=params, content=far, headers=ANY)
        refused(answer, 415, "unsupported_media_type")
        lie = far[:moved] + bytes(len(far) - moved)
        answer = await large.post("/files", params=params, content=lie, headers=said)
        refused(answer, 415, "unsupported_media_type")
        assert await house.counts() == (0, 0, 0)
        answer = await large.post("/files", params=params, content=far, headers=said)
        assert (answer.status_code, answer.json()["content_type"]) == (201, "image/tiff")
    del web


class Uploading:
    """A server's side of one upload, whose body does not come to its end."""

    def __init__(self, house: House) -> None:
        self.app = FastAPI()
        self.app.include_router(images_router(house.images))
        self.waits = asyncio.Event()
        self.gone = asyncio.Event()
        self._pieces = [encoded(pattern(64, 48))[:2000], bytes(1 << 20), bytes(1 << 20)]

    async def run(self) -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/images/files",
            "query_string": b"name=x.png",
            "headers": [(b"content-type", b"image/png")],
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": True}
        self.waits.set()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: object) -> None:
        del message


async def test_who_goes_away_leaves_nothing(house: House) -> None:
    uploading = Uploading(house)
    uploading.gone.set()
    await uploading.run()
    assert await house.counts() == (0, 0, 0)


async def test_cancelling_leaves_nothing(house: House) -> None:
    uploading = Uploading(house)
    task = asyncio.create_task(uploading.run())
    await uploading.waits.wait()
    assert (await house.files.list())["count"] == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
async def test_what_fails_here_is_told_without_names(
    house: House, web: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    data = encoded(pattern(8, 8))
    house.gcs.arm_next("storage.objects.insert", "return-403")
    answer = await web.post("/files", params={"name": "x.png"}, content=data, headers=PNG)
    problem = refused(answer, 502, "storage_failed")
    assert house.bucket not in answer.text
    assert problem["detail"] == "what keeps the bytes did not do its work"
    assert house.bucket in caplog.text
    assert await house.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    "metadata",
    [b'{"a":"\\ud800"}', b'{"a":' * 101 + b"1" + b"}" * 101, b'{"a":NaN}', b'{"a":"\\u0000"}'],
    ids=["half-a-surrogate", "deep", "nan", "nul"],
)
async def test_metadata_that_cannot_be_given_back(
    house: House, web: httpx.AsyncClient, metadata: bytes
) -> None:
    file_id = await house.file(encoded(pattern(8, 8)))
    body = b'{"file_id":"%s","metadata":%s}' % (str(file_id).encode(), metadata)
    answer = await web.post(ROOT, content=body, headers={"content-type": "application/json"})
    refused(answer, 422, "invalid")
    assert await house.counts() == (0, 1, 1)


@ONE_DATABASE
async def test_json_that_is_too_long_or_broken(house: House, web: httpx.AsyncClient) -> None:
    said = {"content-type": "application/json"}
    refused(await web.post(ROOT, content=b" " * (2 << 20), headers=said), 413, "body_too_large")
    refused(await web.post(ROOT, content=b"[" * 500_000, headers=said), 400, "bad_request")
    refused(await web.post(ROOT, content=b"{", headers=said), 422, "invalid")
    refused(await web.post(ROOT, json={"file_id": str(uuid4()), "x": 1}), 422, "invalid")
    assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
async def test_who_may_not_is_told_before_anything_is_read(house: House) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    async def authorize(request: Request, action: str) -> bool:
        await asyncio.sleep(0)
        asked.append((action, request.path_params))
        if "authorization" not in request.headers:
            raise HTTPException(401, "who are you?", {"www-authenticate": "Bearer"})
        return request.headers["authorization"] == "Bearer yes"

    async def never() -> AsyncIterator[bytes]:
        asked.append(("the body was read", {}))
        yield b""

    app = FastAPI()
    app.include_router(images_router(house.images, authorize=authorize))
    image_id = str(uuid4())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here/images"
    ) as web:
        answer = await web.post("/files", params={"name": "x"}, content=never(), headers=PNG)
        refused(answer, 401, "not_authenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        no = {"authorization": "Bearer no"}
        refused(await web.get(f"/{image_id}", headers=no), 403, "permission_denied")
        yes = {"authorization": "Bearer yes"}
        refused(await web.get(f"/{image_id}", headers=yes), 404, "not_found")
    assert asked == [
        ("files.upload", {}),
        ("get", {"image_id": image_id}),
        ("get", {"image_id": image_id}),
    ]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("raised", "media_type"),
    [
        (HTTPException(499, {"why": "so"}), "application/problem+json"),
        (HTTPException(307, headers={"location": "/login"}), "application/json"),
        (HTTPException(503), "application/json"),
    ],
    ids=["odd", "redirection", "outage"],
)
async def test_what_an_authorizer_raises(
    house: House, raised: HTTPException, media_type: str
) -> None:
    def authorize(request: Request, action: str) -> bool:
        del request, action
        raise raised

    async with asking(house, authorize=authorize) as web:
        answer = await web.get(ROOT)
    assert answer.status_code == raised.status_code
    assert answer.headers["content-type"] == media_type
    assert answer.headers.get("location") == (raised.headers or {}).get("location")


async def test_the_permissions_of_the_service_hold_for_files_too(house: House) -> None:
    shut = ImageService(house.database, house.files, house.converters, permissions={"get": True})
    app = FastAPI()
    app.include_router(images_router(shut))
    file_id = await house.file(encoded(pattern(8, 8)))
    with pytest.raises(PermissionDenied):
        await shut.create({"file_id": file_id})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here/images"
    ) as web:
        for method, path in (
            ("POST", "/files?name=x"),
            ("GET", f"/files/{file_id}"),
            ("GET", f"/files/{file_id}/content"),
            ("DELETE", f"/files/{file_id}"),
        ):
            answer = await web.request(method, path, headers=PNG)
            refused(answer, 403, "permission_denied")
        refused(await web.get(f"/{UUID(int=1)}"), 404, "not_found")
    assert await house.counts() == (0, 1, 1)
