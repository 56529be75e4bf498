"""The gallery in a browser, as somebody uses it who keeps pictures."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest
from gallery_house import MAX_UPLOAD_BYTES, GalleryHouse, opened, pictures
from playwright.async_api import Page, Route, expect
from watched_page import DESKTOP, PATIENCE_MS, PHONE, PageMaker, overflow, violations

from storage_stream.images.conversion.operations import operation_of
from storage_stream.images.formats import FORMATS

SMALLER = {
    "versions": [
        {"version": "small", "format": "png", "operations": [{"name": "scale", "params": 0.5}]}
    ]
}


async def gallery(
    pages: PageMaker,
    house: GalleryHouse,
    colours: Literal["light", "dark"] = "light",
    size: tuple[int, int] = DESKTOP,
) -> Page:
    """A page that shows a gallery without a picture."""
    page, _ = await opened(pages, house, colours, size)
    await expect(page.get_by_text("No picture yet")).to_be_visible()
    return page


async def choose(page: Page, *files: Path) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Upload pictures").click()
    await (await chooser.value).set_files(files)


async def stored(page: Page, house: GalleryHouse, folder: Path, count: int) -> None:
    """Pictures of the page's gallery, uploaded by it."""
    await choose(page, *pictures(folder, count))
    await expect(page.locator(".tile:not([hidden]) img")).to_have_count(count)
    await expect(page.get_by_role("heading", name=f"{count} done")).to_be_visible()
    assert (await house.counts())[0] == count


async def shown(page: Page, selector: str) -> list[int]:
    """How wide the pictures are that the browser has."""
    await expect(page.locator(selector).first).to_be_visible()
    await page.wait_for_function(
        "selector => [...document.querySelectorAll(selector)].every((each) => each.naturalWidth)",
        arg=selector,
    )
    widths: list[int] = await page.locator(selector).evaluate_all(
        "found => found.map((each) => each.naturalWidth)"
    )
    return widths


async def test_the_whole_story(pages: PageMaker, house: GalleryHouse, tmp_path: Path) -> None:
    await house.images.converters.create({"name": "smaller", "settings": SMALLER})
    page = await pages.open(house.url)
    await page.get_by_role("button", name="Create the first gallery").click()
    await page.get_by_label("Name").fill("Harz & <b>")
    await page.get_by_role("button", name="Create gallery").click()
    await expect(page.get_by_role("heading", name="Harz & <b>")).to_be_focused()

    await stored(page, house, tmp_path, 5)
    assert await shown(page, ".tile img") == [320] * 5  # small ones are not enlarged
    await page.get_by_label("Select hill-1.jpg").check()
    await page.get_by_label("Select hill-2.jpg").check()
    await page.get_by_role("button", name="Convert", exact=True).click()
    await page.get_by_label("Converter").select_option(label="smaller")
    await page.get_by_role("dialog").get_by_role("button", name="Convert").click()
    await expect(page.get_by_text("1 version", exact=True)).to_have_count(2)
    assert (await house.counts())[1] == 7
    await page.get_by_role("button", name="Hide what is done").click()

    await page.get_by_role("link", name="hill-1.jpg", exact=True).click()
    assert await shown(page, ".version img") == [320, 320, 160]
    small = page.locator("[data-version='small']")
    await expect(small).to_contain_text("160 \N{MULTIPLICATION SIGN} 120")
    await expect(small).to_contain_text("PNG")
    async with page.expect_download() as download:
        await small.get_by_role("link", name="Download small").click()
    assert (await download.value).suggested_filename.endswith(".png")
    await page.reload()
    assert len(await shown(page, ".version img")) == 3

    await page.get_by_role("button", name="Delete small").click()
    await expect(small).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(small).to_have_count(1)
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("heading", name="hill-1.jpg")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await page.get_by_role("link", name="Harz & <b>").click()
    await expect(page.locator(".tile:not([hidden])")).to_have_count(5)
    assert (await house.counts())[:2] == (5, 7)

    await page.get_by_role("link", name="hill-3.jpg", exact=True).focus()
    await page.keyboard.press("Delete")
    await page.get_by_role("button", name="Dismiss").click()  # it need not be waited for
    await expect(page.locator(".tile")).to_have_count(4)
    assert (await house.counts())[:2] == (4, 6)
    await page.get_by_role("button", name="Delete gallery").click()
    await expect(page.get_by_text("No gallery yet")).to_be_visible()
    await page.close(run_before_unload=False)  # what was deleted is deleted, though nobody waits
    await gone(house)


async def gone(house: GalleryHouse) -> None:
    """Wait until nothing is there any more."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await house.counts() != (0, 0, 0):  # which takes its time
            pass


async def test_by_keyboard_alone(pages: PageMaker, house: GalleryHouse) -> None:
    await house.images.converters.create({"name": "smaller", "settings": SMALLER})
    page, _ = await opened(pages, house, pictures_in_it=3)
    keys = page.keyboard
    await page.locator(".tile a").first.focus()
    await keys.press("ArrowRight")
    await expect(page.get_by_role("link", name="hill-2.jpg", exact=True)).to_be_focused()
    await keys.press("Tab")
    await keys.press("Space")
    await expect(page.get_by_text("1 selected").first).to_be_visible()
    await page.get_by_role("button", name="Convert", exact=True).focus()
    await keys.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(page.get_by_label("Converter")).to_be_focused()
    await keys.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Convert", exact=True)).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_label("Converter")).to_be_focused()
    await keys.type("smaller")
    for _ in range(3):  # past the way to the converters, and "Cancel"
        await keys.press("Tab")
    await keys.press("Enter")
    await expect(page.get_by_text("1 version", exact=True)).to_have_count(1)

    await page.get_by_role("link", name="hill-2.jpg", exact=True).focus()
    await keys.press("Enter")
    await expect(page.get_by_role("heading", name="hill-2.jpg")).to_be_focused()
    await keys.press("ArrowRight")
    await expect(page.get_by_role("heading", name="hill-1.jpg")).to_be_focused()
    await keys.press("Escape")
    await expect(page.get_by_role("link", name="hill-1.jpg", exact=True)).to_be_focused()
    await keys.press("Delete")
    await expect(page.get_by_role("link", name="hill-2.jpg", exact=True)).to_be_focused()
    await expect(page.get_by_role("link", name="hill-1.jpg", exact=True)).to_be_hidden()
    await keys.press("Control+z")
    await expect(page.get_by_role("link", name="hill-1.jpg", exact=True)).to_be_visible()
    assert (await house.counts())[0] == 3


async def test_what_is_no_picture_is_refused(
    pages: PageMaker, house: GalleryHouse, tmp_path: Path
) -> None:
    hostile = {
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "page.png": b"<!doctype html><script>document.title = 'ran'</script>",
        "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "large.png": b"\x89PNG\r\n\x1a\n" + bytes(MAX_UPLOAD_BYTES),
        "cut.jpg": pictures(tmp_path, 1)[0].read_bytes()[:1500],
    }
    files = [tmp_path / name for name in hostile]
    for file in files:
        file.write_bytes(hostile[file.name])
    pages.expected += ["415", "422"]
    page = await gallery(pages, house)
    await choose(page, *files)
    await expect(page.get_by_role("heading", name="0 done, 5 failed")).to_be_visible()
    rows = page.get_by_role("list", name="Uploads and conversions").get_by_role("listitem")
    no_picture = "This is not a picture that can be kept here."
    for name, words in {
        "drawing.png": no_picture,
        "page.png": no_picture,
        "drawing.svg": no_picture,
        "large.png": "The file is too large. It has 293 KiB; at most 293 KiB are taken.",
        "cut.jpg": "The picture is damaged",
    }.items():
        await expect(rows.filter(has_text=name)).to_contain_text(words)
    assert await house.counts() == (0, 0, 0)
    await page.get_by_role("button", name="Hide what is done").click()
    await expect(page.get_by_text("No picture yet")).to_be_visible()


async def test_what_is_dropped_goes_into_a_new_gallery_and_can_be_stopped(
    pages: PageMaker, house: GalleryHouse
) -> None:
    held: asyncio.Queue[Route] = asyncio.Queue()
    page = await pages.open(house.url)
    await page.route("**/images/upload?*", held.put)  # nothing is answered
    await expect(page.get_by_text("No gallery yet")).to_be_visible()
    dropped = await page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            for (const name of ["one.png", "two.png"]) {
                transfer.items.add(new File([new Uint8Array(5000)], name, {type: "image/png"}));
            }
            return transfer;
        }"""
    )
    await page.dispatch_event("body", "dragenter", {"dataTransfer": dropped})
    await expect(page.get_by_text("Drop to make a new gallery")).to_be_visible()
    await page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    await expect(page.get_by_text("2 pictures will be uploaded into it.")).to_be_visible()
    await page.get_by_label("Name").fill("Dropped")
    await page.get_by_role("button", name="Create gallery").click()
    await expect(page.get_by_role("heading", name="Working: 2 items left")).to_be_visible()
    assert {(await held.get()).request.method for _ in range(2)} == {"POST"}
    await page.get_by_role("button", name="Stop one.png").click()
    await expect(page.get_by_text("Stopped. Nothing was stored.")).to_have_count(1)
    await expect(page.get_by_role("button", name="Try one.png again")).to_be_visible()
    await page.get_by_role("button", name="Stop two.png").click()
    await expect(page.get_by_role("heading", name="0 done, 2 stopped")).to_be_visible()
    assert await house.counts() == (0, 0, 0)


async def test_a_converter_is_made_by_its_form(pages: PageMaker, house: GalleryHouse) -> None:
    pages.expected.append("422")
    page = await pages.open(f"{house.url}#/converters/new")
    await page.get_by_label("Name", exact=True).fill("for the web")
    await page.get_by_label("Add to steps").select_option("resize")
    await page.get_by_label("Width (px)").fill("0")
    await page.get_by_role("button", name="Create converter").click()
    await expect(page.get_by_role("alert").filter(has_text="whole number from 1")).to_be_visible()
    await expect(page.get_by_label("Width (px)")).to_be_focused()
    assert await violations(page) == []
    await page.get_by_label("Width (px)").fill("640")
    await page.get_by_text("Settings as JSON").click()
    json_text = await page.get_by_label("Settings", exact=True).input_value()
    await page.get_by_label("Settings", exact=True).fill(json_text.replace('"web"', '"wide"'))
    await page.get_by_role("button", name="Take this JSON into the form").click()
    await expect(page.get_by_label("Version name")).to_have_value("wide")
    await page.get_by_role("button", name="Create converter").click()
    await page.get_by_role("link", name="Edit for the web").click()
    await page.get_by_label("Name", exact=True).fill("wide ones")
    await page.get_by_role("button", name="Save changes").click()
    await expect(page.get_by_role("heading", name="wide ones")).to_be_visible()
    (row,) = (await house.images.list_converters({"name": "wide ones"}))["data"]
    (version,) = row["settings"]["versions"]
    assert version["version"] == "wide"
    assert version["operations"][1] == {"name": "resize", "params": {"size": [640, 600]}}
    await page.get_by_role("button", name="Delete wide ones").click()
    await expect(page.get_by_role("heading", name="wide ones")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="wide ones")).to_be_visible()


async def test_the_form_knows_all_that_the_service_takes(
    pages: PageMaker, house: GalleryHouse
) -> None:
    page = await pages.open(house.url)
    known = await page.evaluate(
        """async () => {
            const module = await import("./assets/choices.js");
            const names = Object.keys(module.OPERATIONS);
            const formats = Object.entries(module.FORMATS);
            const settings = formats.map(([name, each]) => [name, Object.keys(each.settings)]);
            return {operations: names.map(module.newOperation), formats: settings};
        }"""
    )
    assert {name: sorted(each.settings) for name, each in FORMATS.items()} == {
        name: sorted(each) for name, each in known["formats"]
    }
    for operation in known["operations"]:
        operation_of(operation, "operation")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_it_is_good_for_everybody_and_on_a_telephone(
    pages: PageMaker,
    house: GalleryHouse,
    colours: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    page, _ = await opened(pages, house, colours, size, pictures_in_it=2)
    await shown(page, ".tile img")
    await page.get_by_label("Select hill-1.jpg").check()
    await expect(page.get_by_text("1 selected").first).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Delete", exact=True).click()
    for where, at, sign in (
        ("grid", None, page.get_by_role("button", name="Undo")),
        ("image", "image", page.get_by_role("heading", name="Original")),
        ("galleries", "#/", page.get_by_role("heading", name="Galleries")),
        ("converters", "#/converters", page.get_by_role("heading", name="Gallery previews")),
        ("form", "#/converters/new", page.get_by_role("heading", name="New converter")),
    ):
        if at == "image":
            await page.get_by_role("link", name="hill-2.jpg", exact=True).click()
        elif at is not None:
            await page.evaluate("at => { location.hash = at; }", at)
        await expect(sign).to_be_visible()
        assert await violations(page) == [], where
        assert await overflow(page) == 0, where
