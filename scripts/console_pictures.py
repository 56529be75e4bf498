"""Make docs/console-objects.png and docs/console-requests.png: the console, from a real run.

    .venv/bin/python scripts/console_pictures.py [FOLDER]

A client uploads pictures and reads them back from an emulator that breaks its connections; Chromium
looks on. It needs what the tests in tests/browser need.
"""

import asyncio
import io
import sys
from dataclasses import replace
from pathlib import Path

from landscapes import SCENES, landscape
from PIL import Image
from playwright.async_api import Page, async_playwright

from storage_stream import Preconditions, RetryPolicy, Storage
from storage_stream.emulator import Emulator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/browser"))
from chromium_program import find_chromium  # noqa: E402 - it lies beside the tests

_SIZE = (1280, 760)
_BUCKET, _FOLDER = "camera-roll", "2026/harz/"


def _photo(number: int) -> bytes:
    """A picture as JPEG."""
    return landscape(replace(SCENES[number], size=(900, 560)))


async def _work(emulator: Emulator) -> None:
    """What a program does that somebody debugs."""
    async with Storage(
        api_root=emulator.url, anonymous=True, retry=RetryPolicy(initial_delay=0)
    ) as storage:
        for number in range(1, 6):
            name = f"{_FOLDER}DSC_00{number}1.jpg"
            await storage.upload(_BUCKET, name, _photo(number), content_type="image/jpeg")
        note = '{"trip": "Harz", "days": 3}'
        await storage.upload(_BUCKET, f"{_FOLDER}notes.json", note, content_type="application/json")
        await storage.upload(_BUCKET, f"{_FOLDER}raw/DSC_0011.nef", bytes(range(256)) * 4000)
        emulator.arm_next("storage.objects.get", "return-503", "drop-at-12000", "drop-at-20000")
        await storage.download(_BUCKET, f"{_FOLDER}DSC_0011.jpg")
        emulator.arm_next("storage.objects.insert", "return-503-after-8K")
        first = await storage.download_metadata(_BUCKET, f"{_FOLDER}DSC_0011.jpg")
        await storage.upload(
            _BUCKET,
            f"{_FOLDER}DSC_0011.jpg",
            _photo(7),
            content_type="image/jpeg",
            preconditions=Preconditions(if_generation_match=int(first["generation"])),
        )
        await storage.exists(_BUCKET, f"{_FOLDER}DSC_0099.jpg")
        emulator.arm_next(
            "storage.objects.get", "retry-after-2", "retry-after-2", "flip-bit-at-4096"
        )


async def _make_buckets(emulator: Emulator, page: Page) -> None:
    for name, kept in ((_BUCKET, True), ("logs", False), ("thumbnails", False)):
        made = await page.request.post(
            f"{emulator.url}/storage/v1/b?project=p",
            data={"name": name, "versioning": {"enabled": kept}},
            headers=dict(emulator.housekeeping),
        )
        if not made.ok:
            raise RuntimeError(await made.text())


def _keep(screenshot: bytes, target: Path) -> None:
    """Store a third of the bytes: a page has few colours."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    picture.quantize(160, dither=Image.Dither.NONE).save(target, optimize=True)


async def main(folder: Path) -> None:
    """Run it all, and write both pictures into `folder`."""
    async with Emulator() as emulator, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        page = await browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]})
        console = f"{emulator.url}/_console"
        await _make_buckets(emulator, page)
        await _work(emulator)
        await page.goto(f"{console}#/o/{_BUCKET}/2026%2Fharz%2FDSC_0011.jpg")
        await page.get_by_text("Noncurrent").wait_for()
        await page.wait_for_function("document.querySelector('.preview img')?.complete")
        _keep(await page.screenshot(), folder / "console-objects.png")
        await page.goto(f"{console}#/requests")
        await page.locator("tr[data-number='1']").wait_for()
        await page.get_by_text("flip-bit-at-4096").wait_for()
        _keep(await page.screenshot(), folder / "console-requests.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"))
