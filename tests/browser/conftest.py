"""One Chromium for all tests of web pages, and a fresh page for each."""

import inspect
import os
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from chromium_program import ChromiumMissing, find_chromium
from gallery_house import GalleryHouse, served
from playwright.async_api import Browser, async_playwright
from watched_page import PageMaker

from storage_stream.emulator import Emulator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests share an event loop: the browser speaks to the one it was started in."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - compared with strings
    for item in items:
        if str(item.path).startswith(here) and _is_asynchronous(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            # Each of its many steps has the patience of `watched_page`.
            item.add_marker(pytest.mark.timeout(900), append=False)


def _is_asynchronous(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        program = find_chromium()
    except ChromiumMissing as missing:
        if sys.platform == "linux":
            raise  # where it can be had, pages that nobody looked at are no success
        pytest.skip(str(missing))
    async with async_playwright() as playwright:
        # Chromium's own sandbox needs rights that containers do not give; it sees our pages only.
        launched = await playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            # It keeps a socket there, and dies where the path of that is too long for one.
            env={**os.environ, "TMPDIR": "/tmp"},  # noqa: S108 - the name in it is Chromium's
        )
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser) -> AsyncIterator[PageMaker]:
    """Opens pages; at the end none of them may have complained in its console."""
    maker = PageMaker(browser)
    yield maker
    await maker.close()
    maker.judge()


@pytest_asyncio.fixture(loop_scope="session")
async def emulator(pages: PageMaker) -> AsyncIterator[Emulator]:
    async with Emulator(create_buckets=False, soft_delete_seconds=3600) as running:
        yield running
        await pages.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def served_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GalleryHouse]:
    async with served(tmp_path_factory.mktemp("gallery")) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(served_house: GalleryHouse, pages: PageMaker) -> AsyncIterator[GalleryHouse]:
    """A gallery with nothing in it."""
    yield served_house
    await pages.close()
    await served_house.empty()
