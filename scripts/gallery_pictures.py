"""Make docs/gallery-*.png: the gallery's page, from a real run.

    .venv/bin/python scripts/gallery_pictures.py [FOLDER]

Landscapes are uploaded, converted and looked at in Chromium, in a gallery that is served from this
program. It needs what the tests in tests/browser need.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from landscapes import SCENES, landscape
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/browser"))
from chromium_program import find_chromium  # noqa: E402 - it lies beside the tests
from gallery_house import GalleryHouse, served  # noqa: E402 - the same

_SIZE = (1280, 800)
_PHONE = (390, 844)
_FOR_THE_WEB: dict[str, Any] = {
    "versions": [
        {
            "version": "page",
            "format": "webp",
            "operations": [{"name": "abs_scale", "params": {"size": 1280}}],
            "save_settings": {"quality": 80},
        },
        {
            "version": "square",
            "format": "jpeg",
            "operations": [
                {"name": "aspect_crop", "params": {"ratio": [1, 1]}},
                {"name": "resize", "params": {"size": [400, 400]}},
            ],
        },
    ]
}


async def _upload(page: Page, files: list[Path]) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Upload pictures").click()
    await (await chooser.value).set_files(files)
    await page.get_by_role("heading", name=f"{len(files)} done", exact=True).wait_for()
    await page.get_by_role("button", name="Hide what is done").click()


async def _new_gallery(page: Page, url: str, name: str, files: list[Path]) -> None:
    await page.goto(f"{url}#/")
    await page.get_by_role("button", name="New gallery").first.click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Create gallery").click()
    await _upload(page, files)


async def _settled(page: Page) -> None:
    """All pictures are there, and nothing moves any more."""
    await page.mouse.move(5, 300)
    await page.wait_for_function("() => [...document.images].every((each) => each.complete)")
    await page.evaluate("document.activeElement.blur()")
    await page.wait_for_timeout(300)


def _keep(screenshot: bytes, target: Path) -> None:
    """Without the alpha channel; a palette would make steps of the skies."""
    Image.open(io.BytesIO(screenshot)).convert("RGB").save(target, optimize=True)


async def _desktop(browser: Browser, house: GalleryHouse, files: list[Path], folder: Path) -> str:
    """The grid and the versions; gives the address of the gallery."""
    page = await browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]})
    await _new_gallery(page, house.url, "Northern light", files[8:])
    await _new_gallery(page, house.url, "Journeys 2026", files)
    address = page.url
    for name in ("tarn", "red-ridges", "spring-hills"):
        await page.get_by_label(f"Select {name}.jpg").check()
    await page.get_by_role("button", name="Convert", exact=True).click()
    await page.get_by_label("Converter").select_option(label="For the web")
    await page.get_by_role("dialog").get_by_role("button", name="Convert").click()
    await page.get_by_role("heading", name="3 done", exact=True).wait_for()
    await page.get_by_role("button", name="Hide what is done").click()
    await _settled(page)
    _keep(await page.screenshot(), folder / "gallery-grid.png")
    await page.get_by_role("link", name="red-ridges.jpg").click()
    await page.get_by_role("heading", name="square").wait_for()
    await page.get_by_role("button", name="Delete thumbnail").click()
    await _settled(page)
    _keep(await page.screenshot(), folder / "gallery-versions.png")
    await page.get_by_role("button", name="Undo").click()
    await page.close()
    return address


async def _phone(browser: Browser, address: str, folder: Path) -> None:
    """The grid and a converter, side by side."""
    context = await browser.new_context(
        viewport={"width": _PHONE[0], "height": _PHONE[1]},
        color_scheme="dark",
        device_scale_factor=1.5,
        has_touch=True,
        is_mobile=True,
    )
    page = await context.new_page()
    both = Image.new("RGB", (_PHONE[0] * 3 + 30, int(_PHONE[1] * 1.5)), "white")
    for at, place in enumerate((address, f"{address.partition('#')[0]}#/converters")):
        await page.goto(place)
        await page.get_by_role("heading", level=1).wait_for()
        await _settled(page)
        shot = Image.open(io.BytesIO(await page.screenshot()))
        both.paste(shot, (at * (int(_PHONE[0] * 1.5) + 30), 0))
    content = io.BytesIO()
    both.save(content, "PNG")
    _keep(content.getvalue(), folder / "gallery-phone.png")
    await context.close()


async def main(folder: Path) -> None:
    """Run it all, and write the pictures into `folder`."""
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"{scene.name}.jpg" for scene in SCENES]
        for file, scene in zip(files, SCENES, strict=True):
            file.write_bytes(landscape(scene))
        async with served(Path(name), max_upload_bytes=10 << 20) as house:
            await house.images.converters.create({"name": "For the web", "settings": _FOR_THE_WEB})
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=find_chromium(), args=["--no-sandbox"]
                )
                address = await _desktop(browser, house, files, folder)
                await _phone(browser, address, folder)
                await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"))
