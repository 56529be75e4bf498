"""A gallery that is served in the test's loop, and pictures for it."""

import asyncio
import io
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

import uvicorn
from PIL import Image, ImageDraw
from playwright.async_api import Page, expect
from watched_page import DESKTOP, PageMaker

from storage_stream import Storage
from storage_stream.emulator import Emulator
from storage_stream.images import (
    Database,
    FileService,
    ImageRow,
    ImageService,
    NotFound,
    gallery_app,
)
from storage_stream.images.page.previews import PreviewConverter

MAX_UPLOAD_BYTES = 300_000
_BUCKET = "pictures"


@dataclass(frozen=True)
class GalleryHouse:
    """A running gallery.

    Attributes:
        url: Of its page.
        images: What it serves.
        storage: Where the bytes are.
    """

    url: str
    images: ImageService
    storage: Storage

    async def counts(self) -> tuple[int, int, int]:
        """How many originals, versions and objects there are."""
        rows = (await self.images.list(limit=1000))["data"]
        originals = sum(row["original_id"] is None for row in rows)
        objects = [each async for each in self.storage.iter_objects(_BUCKET)]
        return originals, len(rows) - originals, len(objects)

    async def add(self, gallery: UUID, count: int, sources: int = 1) -> list[UUID]:
        """Pictures of some files, `hill-1.jpg` and on, with their previews; the last is newest."""
        files = self.images.file_service
        preview = await PreviewConverter(self.images.converters).id()
        found: list[list[ImageRow]] = []
        for number in range(1, sources + 1):
            file = await files.create(f"hill-{number}.jpg", "jpg")
            await files.upload(file["id"], picture(number))
            rows = await self.images.convert_from_file(
                file["id"], preview, metadata={"size": [320, 240]}, correlation_id=gallery
            )
            found.append(rows)
        more = [found[number % sources] for number in range(count - sources)]
        same = [{"file_id": rows[0]["file_id"], "correlation_id": gallery} for rows in more]
        originals = await self.images.m_create(same)
        await self.images.m_create(
            [
                {"file_id": rows[1]["file_id"], "version": "thumbnail", "original_id": each["id"]}
                for rows, each in zip(more, originals, strict=True)
            ]
        )
        return [rows[0]["id"] for rows in found] + [each["id"] for each in originals]

    async def add_unseen(self, gallery: UUID, count: int) -> None:
        """Pictures as browsers do not show them, so that nothing of them has to be loaded."""
        files = self.images.file_service
        file = await files.create("scan.tiff", "tiff")
        await files.upload(file["id"], picture(1, kind="TIFF"))
        row = {"file_id": file["id"], "correlation_id": gallery}
        await self.images.m_create([row] * count)

    async def empty(self) -> None:
        """Delete everything."""
        for gallery in (await self.images.list_galleries(limit=1000))["data"]:
            with suppress(NotFound):  # a page that was closed may be deleting it, too
                await self.images.delete_gallery(gallery["id"])
        for converter in (await self.images.list_converters(limit=1000))["data"]:
            await self.images.converters.delete(converter["id"])


@asynccontextmanager
async def served(
    folder: Path, max_upload_bytes: int = MAX_UPLOAD_BYTES
) -> AsyncGenerator[GalleryHouse]:
    """Serve one until the block ends."""
    bound = socket.create_server(("127.0.0.1", 0))
    async with (
        Emulator() as emulator,
        Storage(api_root=emulator.url, anonymous=True) as storage,
        Database.sqlite(folder / "gallery.db") as database,
    ):
        await storage.create_bucket(_BUCKET, "p")
        async with ImageService(database, FileService(database, storage, _BUCKET)) as images:
            app = gallery_app(images, max_upload_bytes=max_upload_bytes)
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            serving = asyncio.create_task(server._serve([bound]))  # without its signals
            yield GalleryHouse(f"http://127.0.0.1:{bound.getsockname()[1]}/", images, storage)
            server.should_exit = server.force_exit = True
            await serving
    bound.close()


async def opened(
    pages: PageMaker,
    house: GalleryHouse,
    colours: Literal["light", "dark"] = "light",
    size: tuple[int, int] = DESKTOP,
    pictures_in_it: int = 0,
) -> tuple[Page, UUID]:
    """A page that shows a gallery, and its id."""
    made = await house.images.create_gallery("Harz")
    if pictures_in_it:
        await house.add(made["id"], pictures_in_it, pictures_in_it)
    page = await pages.open(f"{house.url}#/g/{made['id']}", colours=colours, size=size)
    await expect(page.locator(".tile")).to_have_count(pictures_in_it)
    return page, made["id"]


def picture(number: int, size: tuple[int, int] = (320, 240), kind: str = "JPEG") -> bytes:
    """A picture of hills, unlike the others."""
    image = Image.new("RGB", size, (120 + 20 * number, 170, 230 - 30 * number))
    draw = ImageDraw.Draw(image)
    for at in range(3):
        top = size[1] * (5 + at) // 10
        peak = (size[0] * (number + at + 1) // 9, top - 40)
        shade = (40 + 30 * at, 90 - 10 * number, 80)
        draw.polygon([(0, size[1]), (0, top), peak, (size[0], top), size], fill=shade)
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def pictures(folder: Path, count: int) -> list[Path]:
    """Files with them."""
    found = [folder / f"hill-{number}.jpg" for number in range(1, count + 1)]
    for number, file in enumerate(found, 1):
        file.write_bytes(picture(number))
    return found
