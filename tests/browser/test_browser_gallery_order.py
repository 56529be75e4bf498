"""The gallery in a browser: which picture is beside which, and what deleting makes of that."""

from gallery_house import GalleryHouse, opened
from playwright.async_api import expect
from watched_page import PageMaker


async def test_what_is_stored_at_once_has_one_order(pages: PageMaker, house: GalleryHouse) -> None:
    """Which of several is stored first is chance; but it is the same one in every view."""
    page, gallery = await opened(pages, house)
    await house.add(gallery, 4, 4)
    await page.evaluate(
        """async (gallery) => {
            const { ask } = await import("./assets/api.js");
            const query = { newest_first: true };
            const { data } = await ask("GET", `/galleries/${gallery}/images`, { query });
            for (const at of [2, 0, 3, 1]) { // told of in another order than they were stored
                const detail = { gallery, image: data[at] };
                dispatchEvent(new CustomEvent("arrived", { detail }));
            }
        }""",
        str(gallery),
    )
    names, stored_in = page.locator(".tile .name"), [f"hill-{number}.jpg" for number in range(1, 5)]
    await expect(names).to_have_text(stored_in[::-1])
    await page.get_by_label("Order").select_option("old")
    await expect(names).to_have_text(stored_in)
    await house.add(gallery, 1)
    places = await page.evaluate(
        """async (gallery) => {
            const { Shelf } = await import("./assets/shelf.js");
            const shelf = new Shelf(gallery, false);
            const listed = await shelf.more();
            const again = Object.assign(new Shelf(gallery, false), { isComplete: true });
            for (const at of [2, 4, 0, 3, 1]) again.add(listed[at]);
            return again.items.map((item) => listed.indexOf(item));
        }""",
        str(gallery),
    )
    assert places == [0, 1, 2, 3, 4]


async def test_who_deletes_what_he_sees_sees_the_next_one(
    pages: PageMaker, house: GalleryHouse
) -> None:
    page, _ = await opened(pages, house, pictures_in_it=3)
    await page.get_by_role("link", name="hill-2.jpg", exact=True).click()
    await expect(page.get_by_role("heading", name="hill-2.jpg")).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(page.get_by_role("heading", name="hill-1.jpg")).to_be_focused()
    await page.keyboard.press("Delete")  # it was the last: the one before it
    await expect(page.get_by_role("heading", name="hill-3.jpg")).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(page.get_by_text("No picture yet")).to_be_visible()
    for left in (1, 2, 3):
        await page.keyboard.press("Control+z")
        await expect(page.locator(".tile:not([hidden])")).to_have_count(left)
    assert (await house.counts())[0] == 3


async def test_what_nobody_undoes_is_done_when_its_time_is_over(
    pages: PageMaker, house: GalleryHouse
) -> None:
    made = await house.images.create_gallery("Harz")
    await house.add(made["id"], 2, 2)
    page = await pages.open("about:blank", hurried=True)
    await page.clock.install()
    await page.goto(f"{house.url}#/g/{made['id']}")
    await page.get_by_role("link", name="hill-1.jpg", exact=True).focus()
    await page.keyboard.press("Delete")
    undo = page.get_by_role("button", name="Undo")
    await undo.focus()  # time stands still for who is about to undo it
    await page.clock.run_for(20_000)
    await expect(undo).to_be_focused()
    async with page.expect_response("**/images/delete"):
        await page.get_by_role("link", name="hill-2.jpg", exact=True).focus()
        await page.clock.run_for(10_000)
    await expect(page.locator(".tile")).to_have_count(1)
    await expect(undo).to_have_count(0)
    assert (await house.counts())[0] == 1
