"""The console's files, and objects' bytes as it shows them."""

import gzip
import re
from pathlib import Path

import pytest
from aiohttp import ClientSession
from wire_client import WireClient

import storage_stream.emulator.console
from storage_stream.emulator import Emulator

ASSETS = Path(storage_stream.emulator.console.__file__).parent / "assets"
VIEW = "/_console/view/{type}/b/bucket/o/{name}"


def policy(header: str) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in header.split(";"))
    return {name: value for name, _, value in pairs}


async def test_the_page_may_load_its_own_files_and_nothing_else(wire: WireClient) -> None:
    for path in ("/_console", "/_console/"):
        page = await wire.send("GET", path)
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        allowed = policy(page.headers["Content-Security-Policy"])
        assert allowed["default-src"] == "'none'"
        assert allowed["frame-ancestors"] == "'none'"
        assert set(allowed.values()) == {"'none'", "'self'", "'script'"}


@pytest.mark.parametrize("name", sorted(path.name for path in ASSETS.iterdir()))
async def test_every_file_is_served_as_what_it_is(wire: WireClient, name: str) -> None:
    file = await wire.send("GET", f"/_console/assets/{name}")
    assert (file.status, file.body) == (200, (ASSETS / name).read_bytes())
    wanted = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg"}
    assert file.headers["Content-Type"].startswith(wanted[name.rpartition(".")[2]])
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_the_files_name_each_other_and_no_other_address() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in ASSETS.iterdir()}
    for name, text in texts.items():
        others = set(re.findall(r"https?://[^\s\"'`)]+", text))
        assert others <= {"http://www.w3.org/2000/svg"}, name  # a namespace, never asked
        for named in re.findall(r'from "\./([\w.]+)"|/_console/assets/([\w.]+)', text):
            assert set(filter(None, named)) <= texts.keys(), name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", text), name
        assert len(text.splitlines()) <= 400, name


@pytest.mark.parametrize(
    "path",
    ["nothing", "assets/nothing.js", "assets/..%2Fpages.py", "assets/", "view/text/plain/b/bucket"],
)
async def test_what_is_not_there_is_no_object_either(wire: WireClient, path: str) -> None:
    answer = await wire.send("GET", f"/_console/{path}")
    assert answer.status == 404
    assert answer.reason == "notFound"
    assert (await wire.send("PUT", f"/_console/{path}", body=b"x")).status in {404, 405}
    assert (await wire.send("GET", "/storage/v1/b/_console")).status == 400


async def test_an_object_is_shown_as_the_page_says_and_not_as_itself(wire: WireClient) -> None:
    await wire.upload("a/ä.html", b"<script>", headers={"Content-Type": "text/html"})
    path = VIEW.format(type="text/plain", name="a%2F%C3%A4.html")
    shown = await wire.send("GET", path, headers={"Range": "bytes=1-3"})
    assert (shown.status, shown.body) == (206, b"scr")
    assert shown.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert shown.headers["Content-Disposition"] == "inline"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    allowed = policy(shown.headers["Content-Security-Policy"])
    assert allowed["default-src"] == "'none'"
    assert "sandbox" in allowed
    assert "script-src" not in allowed


@pytest.mark.parametrize("media_type", ["text/html", "application/xhtml+xml", "text/javascript"])
async def test_what_runs_is_never_shown_as_such(wire: WireClient, media_type: str) -> None:
    await wire.upload("x", b"<script>", headers={"Content-Type": media_type})
    refused = await wire.send("GET", VIEW.format(type=media_type, name="x"))
    assert refused.status == 415
    assert "nosniff" in refused.headers.get("X-Content-Type-Options", "nosniff")


async def test_the_generation_that_was_asked_for_is_shown(wire: WireClient) -> None:
    first = (await wire.upload("x", b"1")).json["generation"]
    await wire.upload("x", b"2")
    path = VIEW.format(type="text/plain", name="x")
    assert (await wire.send("GET", path)).body == b"2"
    gone = await wire.send("GET", path, generation=first)
    assert gone.status == 404
    assert gone.headers["Content-Type"].startswith("text/plain")
    assert "sandbox" in gone.headers["Content-Security-Policy"]
    assert (await wire.send("GET", path, generation="first")).status == 400


async def test_gzip_is_left_to_the_browser(wire: WireClient) -> None:
    packed = gzip.compress(b"text")
    await wire.upload("x", packed, contentEncoding="gzip")
    path = VIEW.format(type="text/plain", name="x")
    answer = await wire.send("GET", path, headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], answer.body) == ("gzip", packed)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a/b.txt", "b.txt"),
        ('q";x', "q%22%3Bx"),
        ("ä/ü", "%C3%BC"),
        ("folder/", "folder"),
        ("/", "object"),
    ],
)
async def test_a_download_has_the_name_of_its_object(
    wire: WireClient, name: str, told: str
) -> None:
    stored = await wire.upload(name, b"bytes", headers={"Content-Type": "text/html"})
    place = stored.json["selfLink"].rpartition("/o/")[2]
    answer = await wire.send("GET", f"/_console/download/b/bucket/o/{place}")
    assert (answer.status, answer.body) == (200, b"bytes")
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{told}"
    assert answer.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("place", ["document", "iframe"])
async def test_a_page_in_a_bucket_is_a_stranger_to_the_emulator(
    wire: WireClient, place: str
) -> None:
    await wire.upload("page.html", b"<p>", headers={"Content-Type": "text/html"})
    headers = {"Sec-Fetch-Dest": place}
    for path in ("/storage/v1/b/bucket/o/page.html?alt=media", "/bucket/page.html"):
        opened = await wire.send("GET", path, headers=headers)
        assert opened.headers["Content-Type"] == "text/html"
        allowed = policy(opened.headers["Content-Security-Policy"])
        assert "allow-scripts" in allowed["sandbox"]
        assert "allow-same-origin" not in allowed["sandbox"]
        asked_by_a_client = await wire.send("GET", path)
        assert "Content-Security-Policy" not in asked_by_a_client.headers
    console = await wire.send("GET", "/_console", headers=headers)
    assert "sandbox" not in console.headers["Content-Security-Policy"]


async def test_the_console_tells_nothing_to_other_pages(wire: WireClient) -> None:
    for path in ("/_console/about", "/_console/events", "/_console/view/text/plain/b/b/o/x"):
        foreign = await wire.send("GET", path, headers={"Origin": "https://elsewhere.example"})
        assert foreign.status == 403
    assert "Access-Control-Allow-Origin" not in (await wire.send("GET", "/_console/about")).headers


async def test_the_console_needs_no_token() -> None:
    async with Emulator(require_auth=True) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        assert (await wire.upload("x", b"x")).status == 401
        own = (await wire.send("GET", "/_console/about")).json["housekeeping"]
        assert (await wire.upload("x", b"x", headers=own)).status == 200
        shown = await wire.send("GET", VIEW.format(type="text/plain", name="x"))
        assert (shown.status, shown.body) == (200, b"x")


async def test_what_the_console_asks_is_not_logged_and_meets_no_fault(
    emulator: Emulator, wire: WireClient
) -> None:
    await wire.upload("x", b"x", headers=emulator.housekeeping)
    emulator.arm_next("storage.objects.get", "return-503")
    about = (await wire.send("GET", "/_console/about")).json
    assert about["housekeeping"] == dict(emulator.housekeeping)
    assert {"spelling": "pass", "meaning": "Lets one request through unharmed."} in about["words"]
    assert "storage.objects.get" in about["operations"]
    assert (await wire.send("GET", VIEW.format(type="text/plain", name="x"))).status == 200
    assert (await wire.send("GET", "/_console")).status == 200
    assert len(emulator.log) == 0
    assert emulator.faults.waiting() == {"storage.objects.get": ["return-503"]}
