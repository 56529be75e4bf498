"""The routes that a page of galleries needs: uploads that become images, lists, converters."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from images_house import SMALL, House, encoded, pattern
from images_web import ANY, MAX_BYTES, ONE_DATABASE, PNG, ROOT, SVG, asking, huge_png, refused

from storage_stream.images import ImageService, PreconditionFailed, ValidationError
from storage_stream.images.routes import images_router


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(house) as client:
        yield client


async def uploaded(web: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    params = {"name": "a.png", **query}
    answer = await web.post("/upload", params=params, content=encoded(pattern(8, 6)), headers=PNG)
    assert answer.status_code == 201
    image: dict[str, Any] = answer.json()
    return image


async def test_an_upload_becomes_an_image_with_its_versions(
    house: House, web: httpx.AsyncClient
) -> None:
    gallery = (await web.post("/galleries", json={"name": "Harz"})).json()
    assert (gallery["name"], gallery["images"], gallery["newest"]) == ("Harz", 0, None)
    converter = str(await house.converter())
    image = await uploaded(web, converter_id=converter, correlation_id=gallery["id"])
    assert image["versions"].keys() == {"original", "preview", "mirror"}
    original = image["versions"]["original"]
    assert (original["id"], original["metadata"]) == (image["id"], {"size": [8, 6]})
    assert image["versions"]["preview"]["metadata"]["size"] == [4, 3]
    assert original["file"]["content_type"] == "image/png"
    assert (await web.get(f"/{image['id']}/versions")).json() == image
    plain = await uploaded(web)
    assert plain["versions"].keys() == {"original"}

    page = (await web.get("/galleries/list")).json()
    assert [each["id"] for each in page["data"]] == [
        plain["versions"]["original"]["correlation_id"],
        gallery["id"],
    ]
    assert page["data"][1]["newest"] == image
    part = (await web.get(f"/galleries/{gallery['id']}/images")).json()
    assert (part["name"], part["count"], part["data"]) == ("Harz", 1, [image])
    renamed = await web.patch(f"/galleries/{gallery['id']}", json={"name": "Brocken"})
    assert (renamed.json()["name"], renamed.json()["images"]) == ("Brocken", 1)
    assert (await web.delete(f"/galleries/{gallery['id']}")).json() == {"deleted": 1}
    refused(await web.delete(f"/galleries/{gallery['id']}"), 404, "not_found")
    refused(await web.get(f"/galleries/{gallery['id']}/images"), 404, "not_found")
    gone = await web.post("/delete", json={"ids": [plain["id"], str(uuid4())]})
    assert gone.json() == {"deleted": 1}
    assert await house.counts() == (0, 0, 0)


async def test_a_gallery_is_read_in_parts(house: House, web: httpx.AsyncClient) -> None:
    first = await uploaded(web)
    gallery = first["versions"]["original"]["correlation_id"]
    second = await uploaded(web, correlation_id=gallery)
    path = f"/galleries/{gallery}/images"
    part = (await web.get(path, params={"limit": 1, "newest_first": True})).json()
    assert (part["count"], part["pages"], part["data"]) == (2, 2, [second])
    part = (await web.get(path, params={"limit": 1, "offset": 1, "newest_first": True})).json()
    assert part["data"] == [first]
    refused(await web.get(path, params={"limit": 0}), 422, "invalid")
    assert (await house.images.list())["count"] == 2


@ONE_DATABASE
async def test_images_are_listed_as_they_are_asked_for(
    house: House, web: httpx.AsyncClient
) -> None:
    ids = [(await uploaded(web))["id"] for _ in range(3)]
    params: dict[str, Any] = {"sort": "-timestamp", "columns": ["id", "revision"], "limit": 2}
    page = (await web.get(ROOT, params=params)).json()
    assert page["data"] == [{"id": each, "revision": 0} for each in reversed(ids[1:])]
    refused(await web.get(ROOT, params={"sort": "metadata"}), 422, "invalid")
    refused(await web.get(ROOT, params={"columns": "number"}), 422, "invalid")
    assert (await house.images.list())["count"] == 3


async def test_converters_are_made_changed_and_deleted(
    house: House, web: httpx.AsyncClient
) -> None:
    made = await web.post("/converters", json={"name": "web", "settings": SMALL})
    assert made.status_code == 201
    path = f"/converters/{made.json()['id']}"
    assert (await web.get(path)).json() == made.json()
    other = await web.post("/converters", json={"name": "other", "settings": SMALL})
    other_path = f"/converters/{other.json()['id']}"
    for again in (
        await web.post("/converters", json={"name": "web", "settings": SMALL}),
        await web.patch(other_path, json={"name": "web"}),
    ):
        assert refused(again, 409, "conflict")["detail"] == "there is a converter 'web' already"
    assert (await web.delete(other_path)).status_code == 204
    broken = {"versions": [{"version": "a", "format": "png", "operations": [{"name": "melt"}]}]}
    for answer in (
        await web.post("/converters", json={"name": "broken", "settings": broken}),
        await web.patch(path, json={"settings": broken}),
    ):
        assert refused(answer, 422, "invalid")["field"] == "versions[0].operations[0].name"
    changed = await web.patch(path, json={"name": "for the web"})
    assert (changed.json()["name"], changed.json()["settings"]) == ("for the web", SMALL)
    refused(await web.patch(path, json={}), 422, "invalid")
    assert (await web.delete(path)).status_code == 204
    for method in ("GET", "DELETE"):
        refused(await web.request(method, path), 404, "not_found")
    assert (await house.converters.list())["count"] == 0


async def test_who_changes_a_converter_that_is_another_by_now_is_refused(
    house: House, web: httpx.AsyncClient
) -> None:
    made = await web.post("/converters", json={"name": "web", "settings": SMALL})
    path, seen = f"/converters/{made.json()['id']}", made.headers["etag"]
    assert seen == (await web.get(path)).headers["etag"] == f'"{made.json()["revision"]}"'
    first = await web.patch(path, json={"name": "first"}, headers={"if-match": seen})
    assert first.status_code == 200
    now = first.headers["etag"]
    assert now != seen
    for stale in (seen, f"W/{now}", '"nonsense"', f'"x", {seen}'):
        for refusal in (
            await web.patch(path, json={"name": "second"}, headers={"if-match": stale}),
            await web.delete(path, headers={"if-match": stale}),
        ):
            problem = refused(refusal, 412, "precondition_failed")
            assert problem["detail"].endswith("is not what was expected: it is at revision 2 now")
    assert (await house.converters.get(made.json()["id"]))["name"] == "first"
    assert (await web.patch(path, json={"name": "a"}, headers={"if-match": "*"})).is_success
    several = f'{seen}, "3", W/"3"'
    assert (await web.patch(path, json={"name": "b"}, headers={"if-match": several})).is_success
    assert (await web.patch(path, json={"name": "c"})).json()["revision"] == 5
    broken = await web.delete(path, headers={"if-match": "5"})
    assert refused(broken, 422, "invalid")["field"] == "if-match"
    (row,) = (await web.get("/converters")).json()["data"]
    gone = await web.delete(path, headers={"if-match": f'"{row["revision"]}"'})
    assert gone.status_code == 204
    refused(await web.delete(path, headers={"if-match": seen}), 404, "not_found")


async def test_of_many_who_change_what_they_saw_one_does(house: House) -> None:
    row = await house.converters.create({"name": "web", "settings": SMALL})

    async def rename(number: int) -> bool:
        try:
            await house.converters.update(row["id"], {"name": f"{number}"}, revision=1)
        except PreconditionFailed as error:
            assert error.revision == 2  # noqa: PT017 - of those who lose
            return False
        return True

    outcomes = await asyncio.gather(*(rename(number) for number in range(8)))
    assert sum(outcomes) == 1
    found = await house.converters.get(row["id"])
    assert (found["name"], found["revision"]) == (str(outcomes.index(True)), 2)
    with pytest.raises(PreconditionFailed):
        await house.converters.delete(row["id"], revision=1)
    await house.converters.delete(row["id"], revision=2)


@ONE_DATABASE
@pytest.mark.parametrize(
    ("data", "headers", "name", "status", "code"),
    [
        (SVG, PNG, "a.png", 415, "unsupported_media_type"),
        (b"<!doctype html><script>1</script>", PNG, "a.png", 415, "unsupported_media_type"),
        (SVG, {"content-type": "text/html"}, "a.png", 415, "unsupported_media_type"),
        (huge_png(31_623), PNG, "a.png", 413, "picture_too_large"),
        (bytes(MAX_BYTES + 1), PNG, "a.png", 413, "body_too_large"),
        (encoded(pattern(8, 8)), PNG, "../../a.png", 422, "invalid"),
        (encoded(pattern(8, 8)), PNG, "a\r\nset-cookie: b.png", 422, "invalid"),
        (encoded(pattern(64, 64))[:200], PNG, "a.png", 422, "unreadable_image"),
        (encoded(pattern(64, 64))[:200] + SVG, ANY, "a.png", 422, "unreadable_image"),
    ],
    ids=[
        *("svg", "html", "as-html", "1e9-pixels", "too-many-bytes", "path", "crlf"),
        *("cut", "svg-behind-a-header"),
    ],
)
async def test_what_is_refused_leaves_nothing(  # one parameter for each thing that can be wrong
    house: House,
    web: httpx.AsyncClient,
    data: bytes,
    headers: dict[str, str],
    name: str,
    status: int,
    code: str,
) -> None:
    params = {"name": name, "converter_id": str(await house.converter())}
    answer = await web.post("/upload", params=params, content=data, headers=headers)
    refused(answer, status, code)
    assert await house.counts() == (0, 0, 0)
    assert house.objects() == set()


@ONE_DATABASE
async def test_what_cannot_be_converted_leaves_nothing(
    house: House, web: httpx.AsyncClient
) -> None:
    only_jpeg = str(await house.converter({**SMALL, "ext": ["jpg"]}))
    for converter, status, code in ((uuid4(), 404, "not_found"), (only_jpeg, 422, "invalid")):
        params = {"name": "a.png", "converter_id": str(converter)}
        answer = await web.post(
            "/upload", params=params, content=encoded(pattern(8, 8)), headers=PNG
        )
        refused(answer, status, code)
        assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
async def test_a_refused_body_is_read_to_its_end(house: House, web: httpx.AsyncClient) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10):
            sent += 1
            yield b"<html>" * 1000

    answer = await web.post("/upload", params={"name": "a.png"}, content=pieces(), headers=PNG)
    refused(answer, 415, "unsupported_media_type")
    assert sent == 10, "who is still sending would not listen to the answer"
    assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
async def test_an_upload_that_stands_still_is_given_up(house: House) -> None:
    held = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield encoded(pattern(64, 48))[:2000]
        await held.wait()

    async with asking(house, stall_seconds=0.05) as web:
        for path in ("/files", "/upload"):
            answer = await web.post(path, params={"name": "a.png"}, content=pieces(), headers=PNG)
            assert refused(answer, 408, "upload_stalled")["detail"] == "nothing came for 0.05 s"
            assert await house.counts() == (0, 0, 0)


@ONE_DATABASE
async def test_the_permissions_hold_for_converters_and_galleries(house: House) -> None:
    converter = await house.converter()
    gallery = (await house.images.create_gallery("Mine"))["id"]
    shut = ImageService(house.database, house.files, house.converters, permissions={"get": True})
    app = FastAPI()
    app.include_router(images_router(shut))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://here/images"
    ) as web:
        for method, path, body in (
            ("POST", "/converters", {"name": "x", "settings": SMALL}),
            ("GET", f"/converters/{converter}", None),
            ("PATCH", f"/converters/{converter}", {"name": "x"}),
            ("DELETE", f"/converters/{converter}", None),
            ("GET", "/galleries/list", None),
            ("POST", "/galleries", {"name": "x"}),
            ("PATCH", f"/galleries/{gallery}", {"name": "x"}),
            ("DELETE", f"/galleries/{gallery}", None),
            ("GET", f"/galleries/{gallery}/images", None),
            ("GET", f"/{uuid4()}/versions", None),
            ("POST", "/delete", {"ids": [str(uuid4())]}),
        ):
            answer = await web.request(method, path, json=body)
            refused(answer, 403, "permission_denied")
    assert (await house.converters.list())["count"] == 1


@ONE_DATABASE
@pytest.mark.parametrize(
    "limits", [{"max_upload_bytes": 0}, {"max_upload_pixels": 0}, {"stall_seconds": 0}]
)
async def test_limits_that_cannot_be(house: House, limits: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        images_router(house.images, **limits)
    assert caught.value.field == next(iter(limits))
