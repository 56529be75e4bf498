"""The services together, hands for their data, and pictures made by Pillow."""

import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from PIL import Image

from storage_stream import Storage
from storage_stream.images import ConverterService, Database, FileService, ImageRow, ImageService
from storage_stream.testing.emulator_handle import EmulatorHandle

Pixels = NDArray[np.int16]

SETTINGS: dict[str, Any] = {
    "ext": ["jpg", "jpeg", "png"],
    "filename_mask": "image[0-9]*",
    "directory_mask": None,
    "meta": {"some_meta": True},
    "operations": [{"name": "blur"}],
    "versions": [
        {
            "version": "resized",
            "format": "png",
            "source": "unprocessed_original",
            "operations": [{"name": "resize", "params": [200, 200]}],
        },
        {
            "version": "scaled",
            "format": "jpeg",
            "source": "processed_original",
            "operations": [{"name": "scale", "params": 0.5}, {"name": "flip_vertical"}],
            "save_settings": {"quality": 90},
        },
        {
            "version": "cropped",
            "format": "png",
            "source": "previous_version",
            "operations": [
                {"name": "aspect_crop", "params": {"ratio": [1, 1], "rel_shift": [0.5, 0.5]}}
            ],
            "meta": {"type": "crop"},
        },
    ],
}
"""As the documentation of the library that this takes after has them."""

SMALL: dict[str, Any] = {
    "versions": [
        {"version": "preview", "format": "png", "operations": [{"name": "scale", "params": 0.5}]},
        {"version": "mirror", "format": "png", "operations": [{"name": "flip_horizontal"}]},
    ]
}
"""Two small versions."""


@dataclass(frozen=True)
class House:
    storage: Storage
    database: Database
    files: FileService
    converters: ConverterService
    images: ImageService
    gcs: EmulatorHandle
    bucket: str

    async def converter(self, settings: Any = None, name: str = "converter") -> UUID:
        data = {"cls": "ImageConverter", "name": name, "settings": settings or SMALL}
        return (await self.converters.create(data))["id"]

    async def file(self, data: bytes, name: str = "image1", extension: str = "png") -> UUID:
        row = await self.files.create(name, extension)
        return (await self.files.upload(row["id"], data))["id"]

    async def picture(self, row: ImageRow) -> Image.Image:
        async with await self.files.open(row["file_id"]) as stream:
            return Image.open(io.BytesIO(await stream.read()))

    def objects(self) -> set[str]:
        return {each["name"] for each in self.gcs.objects(self.bucket)}

    async def counts(self) -> tuple[int, int, int]:
        """How many images, files and objects there are; every ready file has its object."""
        async with self.database.reading() as connection:
            images = (await connection.execute(sa.text("SELECT count(*) FROM images"))).scalar_one()
            found = await connection.execute(
                sa.text("SELECT object_name FROM image_files WHERE state = 'ready'")
            )
            ready = set(found.scalars())
            files = await connection.execute(sa.text("SELECT count(*) FROM image_files"))
            count = int(files.scalar_one())
        objects = self.objects()
        assert ready <= objects
        return int(images), count, len(objects)


def pattern(width: int = 640, height: int = 480) -> Image.Image:
    """A picture with slopes and waves, in which no part is like another."""
    y, x = np.mgrid[0:height, 0:width]
    waves = 128 + 100 * np.sin(x / 20) * np.cos(y / 15)
    planes = np.stack([x * 255 / width, y * 255 / height, waves], -1)
    return Image.fromarray(planes.astype(np.uint8))


def encoded(image: Image.Image, image_format: str = "png", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.int16)


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest of any level of any pixel."""
    assert (one.size, one.mode) == (other.size, other.mode)
    return int(np.abs(pixels(one) - pixels(other)).max())
