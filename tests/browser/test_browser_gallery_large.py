"""The gallery in a browser, with more pictures than a window shows, and with other people in it."""

from contextlib import suppress

from gallery_house import GalleryHouse
from playwright.async_api import Error, Route, expect
from watched_page import PageMaker, overflow

MANY = 130  # more than two pages of sixty
NEAR = 90
"""More than are so near to a window of usual size that they are loaded."""


async def test_what_is_scrolled_past_is_not_waited_for(
    pages: PageMaker, house: GalleryHouse
) -> None:
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)  # as if the network were slow

    made = await house.images.create_gallery("Many")
    await house.add(made["id"], MANY)
    page = await pages.open(house.url)
    await page.route("**/content", hold)
    await page.evaluate("at => { location.hash = at; }", f"#/g/{made['id']}")
    loading, tiles = page.locator(".tile img[src]"), page.locator(".tile")
    await expect(tiles).to_have_count(60)
    await expect(tiles.first.locator("img[src]")).to_have_count(1)
    assert await loading.count() < NEAR
    while await tiles.count() < MANY:
        count = await tiles.count()
        await tiles.last.scroll_into_view_if_needed()
        await expect(tiles.nth(count)).to_be_attached()
    await tiles.last.scroll_into_view_if_needed()
    await expect(tiles.last.locator("img[src]")).to_have_count(1)
    await expect(tiles.first.locator("img[src]")).to_have_count(0)
    assert await loading.count() < NEAR
    await tiles.first.scroll_into_view_if_needed()
    await expect(tiles.first.locator("img[src]")).to_have_count(1)
    for each in held:
        with suppress(Error):  # the page has given it up
            await each.fulfill(status=200, body="")


async def test_a_large_screen_is_filled_and_all_can_be_chosen(
    pages: PageMaker, house: GalleryHouse
) -> None:
    made = await house.images.create_gallery("Many")
    await house.add_unseen(made["id"], MANY)
    page = await pages.open(f"{house.url}#/g/{made['id']}", size=(1680, 3000))
    await expect(page.locator(".tile")).to_have_count(MANY)  # nobody scrolled
    await page.locator(".tile input").first.check()
    await page.get_by_role("button", name="Select all", exact=True).click()
    await expect(page.get_by_text(f"{MANY} selected").first).to_be_visible()
    await page.get_by_role("button", name="Delete", exact=True).click()
    async with page.expect_response("**/images/delete"):
        await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_text("No picture yet")).to_be_visible()
    assert (await house.counts())[0] == 0


async def test_what_others_add_meanwhile_holds_up_nothing(
    pages: PageMaker, house: GalleryHouse
) -> None:
    """The next page is then one that was seen already."""
    made = await house.images.create_gallery("Ours")
    await house.add_unseen(made["id"], 70)
    page = await pages.open(f"{house.url}#/g/{made['id']}")
    await expect(page.locator(".tile")).to_have_count(60)
    await house.add_unseen(made["id"], 60)
    await page.locator(".tile").last.scroll_into_view_if_needed()
    await expect(page.locator(".tile")).to_have_count(70)


async def test_what_is_gone_leads_back(pages: PageMaker, house: GalleryHouse) -> None:
    pages.expected.append("404")
    made = await house.images.create_gallery("Ours")
    (image,) = await house.add(made["id"], 1)
    page = await pages.open(f"{house.url}#/g/{made['id']}")
    picture = page.locator(".tile img")
    await expect(picture).to_have_js_property("naturalWidth", 320)  # else its preview is gone, too
    await house.images.delete(image)
    await page.get_by_role("link", name="hill-1.jpg", exact=True).click()
    await expect(page.get_by_role("heading", name="It cannot be shown")).to_be_focused()
    await page.get_by_role("link", name="To its gallery").click()
    await expect(page.get_by_text("No picture yet")).to_be_visible()
    await house.images.delete_gallery(made["id"])
    await page.reload()
    await expect(page.get_by_text("It is not there any more.")).to_be_visible()
    await page.get_by_role("link", name="All galleries").click()
    await expect(page.get_by_text("No gallery yet")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_text("It is not there any more.")).to_be_visible()


async def test_names_that_nobody_expects(pages: PageMaker, house: GalleryHouse) -> None:
    page = await pages.open(house.url, size=(320, 640))
    names = {
        "Screenshot\u202f1.png": "Screenshot\u202f1.png",
        "<img src=x onerror=alert(1)>.png": "<img src=x onerror=alert(1)>.png",
        "\u202egnp.exe": "gnp.exe",
        "a\\b\nc.png": "a_b_c.png",
        "folder/" + "\N{GRINNING FACE}" * 300 + ".png": "\N{GRINNING FACE}" * 196 + ".png",
        "../..//x.png": "x.png",
        "..": "picture",
        "half \ud800.png": "half _.png",
    }
    told = await page.evaluate(
        """async names => {
            const { storable } = await import("./assets/uploads.js");
            return names.map((each) => storable(JSON.parse(each)));
        }""",
        [ascii_json(name) for name in names],
    )
    assert told == list(names.values())
    for name in [*told, "\N{ARABIC LETTER ALEF}\u200c" * 50]:
        made = await house.images.create_gallery(name)
        file = await house.images.file_service.create(name, "png")
        assert (file["name"], made["name"]) == (name, name)
    await page.reload()
    await expect(page.locator(".cover")).to_have_count(len(told) + 1)
    await expect(page.get_by_text("<img src=x onerror=alert(1)>.png")).to_be_visible()
    assert await overflow(page) == 0


def ascii_json(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    return '"' + "".join(f"\\u{each}" for each in pairs) + '"'
