"""One converter in two tabs: nobody's changes are lost in silence."""

from typing import Any

import pytest
from gallery_house import GalleryHouse
from playwright.async_api import Page, expect
from watched_page import PHONE, PageMaker, overflow, violations

SETTINGS = {"versions": [{"version": "web", "format": "webp", "operations": []}]}
TOLD = "changed elsewhere meanwhile"


@pytest.fixture(autouse=True)
def _refusals_are_expected(pages: PageMaker) -> None:
    pages.expected.append("412")  # browsers tell every refusal in the console


async def made(house: GalleryHouse) -> Any:
    return await house.images.converters.create({"name": "web", "settings": SETTINGS})


async def form_of(pages: PageMaker, house: GalleryHouse, row: Any, **how: Any) -> Page:
    page = await pages.open(f"{house.url}#/converters/{row['id']}", **how)
    await expect(page.get_by_label("Name", exact=True)).to_have_value(row["name"])
    return page


async def rename(page: Page, name: str) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Save changes").click()


async def test_the_second_of_two_tabs_is_told_and_loads_what_is_there(
    pages: PageMaker, house: GalleryHouse
) -> None:
    row = await made(house)
    first = await form_of(pages, house, row)
    second = await form_of(pages, house, row, size=PHONE)
    await rename(first, "by the first")
    await expect(first.get_by_role("heading", name="by the first")).to_be_visible()
    await second.get_by_label("Version name").fill("mine")
    await rename(second, "by the second")
    await expect(second.get_by_role("alert").filter(has_text=TOLD)).to_be_visible()
    await expect(second.get_by_label("Name", exact=True)).to_have_value("by the second")
    assert (await house.images.converters.get(row["id"]))["name"] == "by the first"
    assert await violations(second) == []
    assert await overflow(second) == 0
    await second.get_by_role("button", name="Load what is there now").click()
    await expect(second.get_by_label("Name", exact=True)).to_have_value("by the first")
    await expect(second.get_by_label("Name", exact=True)).to_be_focused()
    await expect(second.get_by_label("Version name")).to_have_value("web")
    await expect(second.get_by_text(TOLD)).to_be_hidden()
    await rename(second, "by both")
    await expect(second.get_by_role("heading", name="by both")).to_be_visible()
    assert (await house.images.converters.get(row["id"]))["revision"] == 3


async def test_who_wants_it_so_saves_over_what_is_there(
    pages: PageMaker, house: GalleryHouse
) -> None:
    row = await made(house)
    page = await form_of(pages, house, row)
    await house.images.converters.update(row["id"], {"name": "elsewhere"})
    await rename(page, "mine")
    await page.get_by_role("button", name="Save mine over it").click()
    await expect(page.get_by_role("heading", name="mine")).to_be_visible()
    found = await house.images.converters.get(row["id"])
    assert (found["name"], found["revision"]) == ("mine", 3)


async def test_what_was_changed_elsewhere_is_not_deleted(
    pages: PageMaker, house: GalleryHouse
) -> None:
    row = await made(house)
    page = await pages.open(f"{house.url}#/converters")
    await expect(page.get_by_role("heading", name="web")).to_be_visible()
    await house.images.converters.update(row["id"], {"name": "elsewhere"})
    await page.get_by_role("button", name="Delete web").click()
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_role("alert").filter(has_text=TOLD)).to_be_visible()
    await expect(page.get_by_role("heading", name="elsewhere")).to_be_visible()
    await page.get_by_role("button", name="Delete elsewhere").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("heading", name="elsewhere")).to_be_visible()
    assert (await house.images.converters.get(row["id"]))["name"] == "elsewhere"
