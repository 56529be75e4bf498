"""The emulator's console in a browser, as somebody uses it who debugs a program."""

import io
import json
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from PIL import Image
from playwright.async_api import Page, expect
from watched_page import DESKTOP, PHONE, PageMaker, overflow, violations

from storage_stream.emulator import Emulator

BUCKET = "photos"


class Service:
    """A program that uses the emulator; `own` requests stay out of its log."""

    def __init__(self, emulator: Emulator, session: ClientSession) -> None:
        self.url = emulator.url
        self._session = session
        self._own = dict(emulator.housekeeping)

    async def ask(self, method: str, path: str, *, own: bool = True, **options: Any) -> int:
        headers = {**(self._own if own else {}), **options.pop("headers", {})}
        async with self._session.request(
            method, self.url + path, headers=headers, **options
        ) as reply:
            await reply.read()
            return reply.status

    async def bucket(self, name: str = BUCKET, **resource: Any) -> None:
        body = {"name": name, **resource}
        assert await self.ask("POST", "/storage/v1/b?project=p", json=body) == 200

    async def put(self, name: str, data: bytes, media_type: str = "text/plain") -> None:
        path = f"/upload/storage/v1/b/{BUCKET}/o"
        query = {"uploadType": "media", "name": name}
        headers = {"Content-Type": media_type}
        assert await self.ask("POST", path, params=query, data=data, headers=headers) == 200

    async def get(self, name: str) -> int:
        return await self.ask("GET", f"/storage/v1/b/{BUCKET}/o/{name}", own=False)


@pytest_asyncio.fixture(loop_scope="session")
async def service(emulator: Emulator) -> AsyncIterator[Service]:
    async with ClientSession() as session:
        yield Service(emulator, session)


def folder(service: Service) -> str:
    return f"{service.url}/_console#/b/{BUCKET}/"


async def agree(page: Page, words: str) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=words).click()


async def choose(page: Page, *files: Path) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Upload", exact=True).click()
    await (await chooser.value).set_files(files)


async def test_the_whole_story(
    pages: PageMaker, service: Service, emulator: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "Grüße & <b>.json"
    file.write_text('{"id":12345678901234567890}')
    page = await pages.open(f"{service.url}/_console")
    await expect(page.get_by_text("No bucket yet.")).to_be_visible()

    await page.get_by_role("button", name="New bucket").first.click()
    await page.get_by_label("Name", exact=True).fill(BUCKET)
    await agree(page, "Make bucket")
    await expect(page.get_by_text("This bucket is empty")).to_be_visible()

    await choose(page, file)
    await expect(page.get_by_text("Uploads are done")).to_be_visible()
    await page.get_by_role("link", name=file.name, exact=True).click()
    indented = '{\n  "id": 12345678901234567890\n}'  # with every digit that was written
    await expect(page.get_by_label("Text", exact=True)).to_have_text(indented)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download", exact=True).click()
    assert (await (await download.value).path()).read_bytes() == file.read_bytes()

    await page.get_by_role("link", name="Requests").click()
    await expect(page.get_by_text("No request yet")).to_be_visible()
    await page.get_by_role("button", name="Arm", exact=True).click()
    await expect(page.locator("#armed code")).to_have_text("return-503")
    assert await service.get("anything") == 503
    await expect(page.locator("tr[data-number='1'] .fault")).to_have_text("return-503")
    await expect(page.locator("tr[data-number='1'] .status")).to_have_text("503")
    await expect(page.get_by_text("Nothing is armed")).to_be_visible()

    await page.get_by_role("link", name="Objects", exact=True).click()
    await page.get_by_role("link", name=BUCKET).first.click()
    await page.get_by_role("button", name=f"Delete {file.name}").click()
    await agree(page, "Delete object")
    await expect(page.get_by_text("This bucket is empty")).to_be_visible()
    await page.get_by_role("button", name="Delete bucket").click()
    await agree(page, "Delete bucket")
    await expect(page.get_by_text("No bucket yet.")).to_be_visible()
    assert [entry.status for entry in emulator.log] == [503], "the page's own are not logged"


async def test_files_are_dropped_and_nothing_is_replaced_unasked(
    pages: PageMaker, service: Service
) -> None:
    await service.bucket()
    await service.put("a.txt", b"old")
    page = await pages.open(folder(service))
    await expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_visible()
    dropped = await page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["new"], "a.txt", {type: "text/plain"}));
            transfer.items.add(new File(["other"], "b.txt", {type: "text/plain"}));
            return transfer;
        }"""
    )
    await page.dispatch_event("body", "dragenter", {"dataTransfer": dropped})
    await expect(page.get_by_text(f"Drop to upload into {BUCKET}/")).to_be_visible()
    await page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    await expect(page.get_by_role("link", name="b.txt", exact=True)).to_be_visible()
    await expect(page.get_by_text("It is there already.")).to_be_visible()
    await page.get_by_role("link", name="a.txt", exact=True).click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("old")
    await page.get_by_role("button", name="Replace a.txt").click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("new")


async def test_an_upload_tells_how_far_it_is_and_can_be_stopped(
    pages: PageMaker, service: Service, emulator: Emulator, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(32 << 20))
    await service.bucket()
    page = await pages.open(f"{service.url}/_console#/faults")
    await page.get_by_label("The console's own requests").check()
    emulator.arm_next("storage.objects.insert", "trickle-100000Bps")
    await page.get_by_role("link", name="Objects", exact=True).click()
    await page.get_by_role("link", name=BUCKET).first.click()
    await choose(page, large)
    await expect(page.get_by_text("Uploading, 1 left")).to_be_visible()
    await expect(page.get_by_text("of 32.0 MiB")).to_be_visible()
    progress = page.get_by_role("progressbar", name="Upload of large.bin")
    await expect(progress).not_to_have_js_property("value", 0)
    told = await progress.evaluate("bar => bar.value")
    assert 0 < told < 1
    await page.get_by_role("button", name="Stop the upload of large.bin").click()
    await expect(page.get_by_text("Stopped. Nothing was stored.")).to_be_visible()
    assert await service.ask("GET", f"/storage/v1/b/{BUCKET}/o/large.bin") == 404


HOSTILE = b"""<html><title>mine</title><script>
fetch("/storage/v1/b?project=p", {method: "POST", body: '{"name": "stolen"}'}).catch(() => 0)
    .then(() => { document.title = "ran"; });
</script>"""
HOSTILE_SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle r="20"/>
<script>document.title = "ran"; fetch("/storage/v1/b?project=p",
{method: "POST", body: '{"name": "stolen"}'}).catch(() => 0);</script></svg>"""


async def test_nothing_of_an_object_runs(
    pages: PageMaker, service: Service, emulator: Emulator
) -> None:
    await service.bucket()
    await service.put("evil.html", HOSTILE, "text/html")
    await service.put("evil.svg", HOSTILE_SVG, "image/svg+xml")
    name = "<img src=x onerror=document.title='ran'>.js"
    await service.put(name, b"document.title = 'ran'", "text/javascript")
    page = await pages.open(f"{folder(service)}")
    await page.get_by_role("link", name="evil.html", exact=True).click()
    await expect(page.get_by_label("Text", exact=True)).to_contain_text("<script>")
    await page.get_by_role("link", name="evil.svg", exact=True).click()
    picture = page.get_by_role("img", name="Preview of evil.svg")
    await expect(picture).to_be_visible()
    shown = await picture.get_attribute("src")
    await page.get_by_role("link", name=name, exact=True).click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("document.title = 'ran'")
    assert await page.title() == f"{name} \N{MIDDLE DOT} {BUCKET} \N{MIDDLE DOT} Emulator console"

    pages.expected += ["Blocked script execution", "Failed to load", "CORS", "favicon"]
    await page.goto(service.url + str(shown))  # opened by itself, an SVG is a document
    assert await page.title() != "ran"
    await page.goto(f"{service.url}/storage/v1/b/{BUCKET}/o/evil.html?alt=media")
    await expect(page).to_have_title("ran")  # a page in a bucket is still a page, but a stranger
    assert await page.evaluate("window.origin") == "null"
    assert emulator.log.select(method="POST") == []  # the stranger was not even let in
    assert await service.ask("GET", "/storage/v1/b/stolen") == 404


async def test_the_log_is_filtered_paused_and_opened(
    pages: PageMaker, service: Service, emulator: Emulator
) -> None:
    await service.bucket()
    await service.put("one", b"1")
    page = await pages.open(f"{service.url}/_console#/requests")
    rows = page.locator("tr[data-number]")
    await service.get("one")
    await service.get("missing")
    await expect(rows).to_have_count(2)
    await page.get_by_label("Outcome").select_option("failed")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("missing")
    await page.get_by_label("Outcome").select_option("all")
    await page.get_by_label("Filter requests").fill("objects.get 200")
    await expect(rows).to_contain_text(["/one"])
    await page.get_by_label("Filter requests").fill("")

    await page.get_by_role("button", name="Pause").click()
    await service.get("one")
    await expect(page.get_by_text("Paused; 1 changed since.")).to_be_visible()
    await expect(rows).to_have_count(2)
    await page.get_by_role("button", name="Go on").click()
    await expect(rows).to_have_count(3)
    await rows.first.get_by_role("button").click()
    await expect(page.locator("tr.details")).to_contain_text("User-Agent")
    await page.get_by_role("button", name="Clear").click()
    await expect(page.get_by_text("No request yet")).to_be_visible()
    assert len(emulator.log) == 0


async def test_generations_are_seen_and_brought_back(pages: PageMaker, service: Service) -> None:
    await service.bucket(versioning={"enabled": True})
    await service.put("notes.txt", b"first")
    await service.put("notes.txt", b"second")
    page = await pages.open(f"{service.url}/_console#/o/{BUCKET}/notes.txt")
    text, states = page.get_by_label("Text", exact=True), page.locator(".detail td:nth-child(2)")
    await expect(text).to_have_text("second")
    await expect(states).to_have_text(["Live", "Noncurrent"])
    await page.locator(".detail tbody button.link").nth(1).click()
    await expect(text).to_have_text("first")
    await page.get_by_role("button", name="Make live again").click()
    await expect(states).to_have_text(["Live", "Noncurrent", "Noncurrent"])
    await expect(text).to_have_text("first")

    await page.locator(".detail tbody button.icon").first.click()
    await agree(page, "Delete generation")
    await expect(states).to_have_text(["Live", "Soft-deleted", "Noncurrent"])
    await page.get_by_role("button", name="Edit").click()
    await page.get_by_label("Custom metadata").fill("camera: Ricoh: GR\n")
    await agree(page, "Save")
    await expect(page.get_by_text("Ricoh: GR", exact=True)).to_be_visible()


async def test_what_was_deleted_is_listed_and_restored(pages: PageMaker, service: Service) -> None:
    await service.bucket()
    await service.put("gone.txt", b"here again")
    assert await service.ask("DELETE", f"/storage/v1/b/{BUCKET}/o/gone.txt") == 204
    page = await pages.open(folder(service))
    await expect(page.get_by_text("This bucket is empty")).to_be_visible()
    await page.get_by_label("Deleted ones").check()
    await page.get_by_role("link", name="gone.txt", exact=True).click()
    await page.get_by_role("button", name="Make live again").click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("here again")


async def test_folders_and_pages(pages: PageMaker, service: Service) -> None:
    await service.bucket()
    for number in range(101):
        await service.put(f"a/{number:03}", b"")
    await service.put("top.bin", bytes(range(256)), "application/octet-stream")
    page = await pages.open(folder(service))
    await page.get_by_role("link", name="a/", exact=True).click()
    rows = page.locator(".objects-table tbody tr")
    await expect(rows).to_have_count(100)
    await page.get_by_role("button", name="Load more").click()
    await expect(rows).to_have_count(101)
    await page.get_by_label("Names that begin with").press_sequentially("099")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Folder").get_by_role("link", name=BUCKET).click()
    await page.get_by_role("link", name="top.bin", exact=True).click()
    await expect(page.get_by_label("Bytes", exact=True)).to_contain_text("00 01 02 03")


def wav(seconds: float) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(16000 * seconds)))
    return content.getvalue()


async def test_pictures_and_sounds_are_shown(pages: PageMaker, service: Service) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (31, 17), "teal").save(picture, "PNG")
    await service.bucket()
    # By the end of its name, too, where a client told no type.
    await service.put("a.png", picture.getvalue(), "application/octet-stream")
    await service.put("b.wav", wav(1.5), "audio/wav")
    await service.put("c.png", b"no picture", "image/png")
    page = await pages.open(f"{service.url}/_console#/o/{BUCKET}/a.png")
    await expect(page.locator(".preview img")).to_have_js_property("naturalWidth", 31)
    await page.get_by_role("link", name="b.wav", exact=True).click()
    await expect(page.locator(".preview audio")).to_have_js_property("duration", 1.5)
    await page.get_by_role("link", name="c.png", exact=True).click()
    await expect(page.get_by_text("cannot show it as image/png")).to_be_visible()


async def test_what_other_programs_change_is_shown(pages: PageMaker, service: Service) -> None:
    await service.bucket()
    page = await pages.open(folder(service))
    await expect(page.get_by_text("This bucket is empty")).to_be_visible()
    upload = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name=new.txt"
    assert await service.ask("POST", upload, own=False, data=b"1") == 200
    await page.get_by_role("link", name="new.txt", exact=True).click()
    await expect(page.get_by_label("Text", exact=True)).to_have_text("1")
    assert await service.ask("POST", upload, own=False, data=b"22") == 200
    await expect(page.get_by_label("Text", exact=True)).to_have_text("22")


async def test_what_goes_wrong_is_told_in_words(
    pages: PageMaker, service: Service, emulator: Emulator
) -> None:
    await service.bucket()
    await service.put("a", b"a")
    page = await pages.open(folder(service))
    pages.expected += ["409", "503", "ERR_", "400"]
    await page.get_by_role("button", name="Delete bucket").click()
    await agree(page, "Delete bucket")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_contain_text("not empty")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Delete bucket")).to_be_focused()

    await page.goto(f"{service.url}/_console#/faults")
    await page.get_by_label("As", exact=True).fill("return-nonsense")
    await page.get_by_role("button", name="Arm", exact=True).click()
    await expect(page.locator(".arm [role=alert]")).to_contain_text("unknown fault")
    # Those who want to see what the console does with a fault let it take part.
    await page.get_by_label("The console's own requests").check()
    emulator.arm_next("storage.objects.list", "return-503")
    await page.goto(f"{service.url}/_console#/b/{BUCKET}/nothing%2F")
    await expect(page.get_by_text("fault return-503 (503)")).to_be_visible()
    await emulator.stop()
    await expect(page.get_by_text("Not connected")).to_be_visible()
    async with Emulator(port=urlsplit(service.url).port or 0, create_buckets=False):
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await expect(page.get_by_text("No bucket yet.")).to_be_visible()  # it is another one


async def test_retry_tests_are_shown_and_ended(
    pages: PageMaker, service: Service, emulator: Emulator
) -> None:
    test_id = emulator.arm({"storage.objects.list": ["return-503", "return-503", "401-once"]})
    emulator.arm_next("storage.buckets.get", "return-429")
    page = await pages.open(f"{service.url}/_console#/faults")
    armed = page.locator("#armed")
    await expect(armed).to_contain_text("return-503 \N{MULTIPLICATION SIGN} 2")
    await expect(armed).to_contain_text("return-429")
    await page.get_by_role("button", name=f"End the retry test {test_id[:8]}").click()
    await expect(armed).not_to_contain_text("return-503")
    await page.get_by_role("button", name="Disarm storage.buckets.get").click()
    await expect(armed).to_contain_text("Nothing is armed")
    assert emulator.faults.waiting() == {}


async def test_a_person_without_a_mouse(pages: PageMaker, service: Service) -> None:
    page = await pages.open(f"{service.url}/_console")
    await expect(page.get_by_text("No bucket yet.")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(4):  # two views and the colours lie before it
        await page.keyboard.press("Tab")
    await expect(page.locator("#new-bucket")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type(BUCKET)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("This bucket is empty")).to_be_visible()
    await service.put('a "quoted" name', b"text")
    await page.reload()
    link = page.get_by_role("link", name='a "quoted" name', exact=True)
    await link.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Text", exact=True)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Text", exact=True)).to_have_count(0)
    await expect(link).to_be_focused()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_everybody_can_use_it(
    pages: PageMaker,
    service: Service,
    emulator: Emulator,
    colours: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    await service.bucket(versioning={"enabled": True})
    await service.put("a/one.json", json.dumps({"key": "value"}).encode(), "application/json")
    await service.put("a/one.json", b"{}", "application/json")
    emulator.arm_next("storage.objects.get", "return-503", "return-404", "drop-at-9")
    await service.get("one")
    page = await pages.open(f"{service.url}/_console", colours=colours, size=size)
    for address, sign in [
        ("#/", "Choose a bucket, or make one"),
        (f"#/b/{BUCKET}/a%2F", "1 entry"),
        (f"#/o/{BUCKET}/a%2Fone.json", "Noncurrent"),
        ("#/requests", "return-503"),
        ("#/faults", "drop-at-9"),
    ]:
        await page.goto(f"{service.url}/_console{address}")
        await expect(page.get_by_text(sign).locator("visible=true").first).to_be_visible()
        assert await violations(page) == [], address
        assert await overflow(page) == 0, address
