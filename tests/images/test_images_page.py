"""The gallery's application: its own files, its headers, and whom it keeps away."""

import re
from collections.abc import AsyncIterator
from importlib import resources

import httpx
import pytest
from fastapi import FastAPI, Request
from images_house import House, encoded, pattern
from images_web import ONE_DATABASE, refused

from storage_stream.images.page import gallery_app

pytestmark = ONE_DATABASE

HERE = "http://127.0.0.1:8000"


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(gallery_app(house.images, max_upload_bytes=100_000))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        yield client


def assets() -> list[str]:
    folder = resources.files("storage_stream.images.page") / "assets"
    return sorted(file.name for file in folder.iterdir())


async def test_the_page_and_its_files(web: httpx.AsyncClient) -> None:
    page = await web.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    for name in re.findall(r'(?:href|src)="(assets/[^"]+)"', page.text):
        assert (await web.get(name)).status_code == 200
    for name in assets():
        answer = await web.get(f"/assets/{name}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        again = await web.get(f"/assets/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    head = await web.head("/")
    assert (head.status_code, head.content) == (200, b"")


async def test_every_import_of_a_script_is_there(web: httpx.AsyncClient) -> None:
    names = set(assets())
    for name in names:
        if not name.endswith(".js"):
            continue
        text = (await web.get(f"/assets/{name}")).text
        assert set(re.findall(r'from "\./([^"]+)"', text)) <= names
        assert "innerHTML" not in text
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text


@pytest.mark.parametrize("name", ["nothing.js", "..%2fapp.py", "%2e%2e/app.py", ""])
async def test_other_files_are_not_served(web: httpx.AsyncClient, name: str) -> None:
    assert (await web.get(f"/assets/{name}")).status_code == 404


async def test_what_the_page_is_told(house: House, web: httpx.AsyncClient) -> None:
    about = (await web.get("/about.json")).json()
    assert about == (await web.get("/about.json")).json()
    assert (about["api"], about["max_upload_bytes"]) == ("images", 100_000)
    previews = await house.converters.get(about["preview"])
    assert [each["version"] for each in previews["settings"]["versions"]] == ["thumbnail"]
    await house.converters.delete(about["preview"])
    assert (await web.get("/about.json")).json()["preview"] != about["preview"]
    assert (await house.converters.list())["count"] == 1


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:8001", "http://[", ""]
)
async def test_a_page_of_another_site_changes_nothing(
    house: House, web: httpx.AsyncClient, origin: str
) -> None:
    theirs = {"origin": origin}
    answer = await web.post("/images/galleries", json={"name": "x"}, headers=theirs)
    refused(answer, 403, "permission_denied")
    headers = {**theirs, "content-type": "image/png"}
    data = encoded(pattern(8, 8))
    answer = await web.post("/images/upload?name=a.png", content=data, headers=headers)
    refused(answer, 403, "permission_denied")
    assert (await house.images.list_galleries())["count"] == 0
    assert await house.counts() == (0, 0, 0)
    ours = await web.post("/images/galleries", json={"name": "x"}, headers={"origin": HERE})
    assert ours.status_code == 201


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("192.168.1.5:8000", 200),
        ("localhost:8000", 200),
        ("gallery.localhost", 200),
        ("Pictures.Example", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("[", 403),
        ("", 403),
    ],
)
async def test_only_our_names_are_served(house: House, host: str, status: int) -> None:
    transport = httpx.ASGITransport(gallery_app(house.images, hosts=["pictures.example"]))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as web:
        for path in ("/", "/images"):
            assert (await web.get(path, headers={"host": host})).status_code == status


async def test_it_can_be_mounted_and_guarded(house: House) -> None:
    def authorize(request: Request, action: str) -> bool:
        del request
        return action in {"about", "galleries.list"}

    app = FastAPI()
    app.mount("/gallery", gallery_app(house.images, hosts=["*"], authorize=authorize))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as web:
        assert (await web.get("/gallery/")).status_code == 200
        assert (await web.get("/gallery/about.json")).json()["api"] == "images"
        assert (await web.get("/gallery/images/galleries/list")).status_code == 200
        refused(await web.get("/gallery/images/converters"), 403, "permission_denied")
