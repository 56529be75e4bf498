"""Photos in a bucket, their versions and galleries in a database: an album for the web."""

import asyncio
import io
import tempfile
from pathlib import Path
from uuid import uuid4

import pyvips
from _place import place
from PIL import Image

from storage_stream.images import (
    ConverterService,
    Database,
    FileService,
    ImageService,
    UnreadableImage,
)

FOR_THE_WEB = {
    "versions": [
        {
            "version": "page",
            "format": "webp",
            "operations": [{"name": "abs_scale", "params": 800}],
            "save_settings": {"quality": 80},
        },
        {
            "version": "square",
            "format": "jpeg",
            "source": "previous_version",
            "operations": [
                {"name": "aspect_crop", "params": {"ratio": [1, 1]}},
                {"name": "resize", "params": [160, 160]},
            ],
        },
    ]
}


def photo(width: int, height: int) -> bytes:
    """A JPEG, as a camera would give it."""
    noise = pyvips.Image.gaussnoise(width, height, mean=128, sigma=30).cast("uchar")
    data: bytes = noise.jpegsave_buffer(Q=85)
    return data


async def album(images: ImageService, files: FileService, converters: ConverterService) -> None:
    """Two photos in one gallery, looked at, converted again, deleted."""
    converter = await converters.create({"name": "web", "settings": FOR_THE_WEB})
    gallery_id = uuid4()
    for number, size in enumerate([(2000, 1500), (1500, 2000)], 1):
        file = await files.create(f"photo{number}", "jpg")
        await files.upload(file["id"], photo(*size))
        await images.convert_from_file(
            file["id"], converter["id"], metadata={"number": number}, correlation_id=gallery_id
        )

    (gallery,) = await images.get_gallery(gallery_id)
    for image in gallery["images"]:
        for name, version in image["versions"].items():
            async with await files.open(version["file_id"]) as stream:
                picture = Image.open(io.BytesIO(await stream.read()))
            print(f"{name}: {picture.format} {picture.width} x {picture.height}")

    first = gallery["images"][0]["id"]
    grey_ground = {"versions": [{"version": "square", "format": "png"}]}
    again = await images.convert_image(first, converter["id"], grey_ground)
    print(f"revision {again[1]['revision']} of {again[1]['version']}")

    broken = await files.create("broken", "jpg")
    await files.upload(broken["id"], b"no picture")
    try:
        await images.convert_from_file(broken["id"], converter["id"])
    except UnreadableImage as error:
        print("not converted:", type(error.__cause__).__name__)
    await files.delete(broken["id"])

    await images.m_delete([image["id"] for image in gallery["images"]])


async def main() -> None:
    """Everything in one process; `Database("postgresql+asyncpg://…")` serves many."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.sqlite(Path(folder) / "album.db")
        async with place() as (storage, bucket), database:
            files = FileService(database, storage, bucket)
            converters = ConverterService(database, files)
            async with ImageService(database, files, converters) as images:
                await album(images, files, converters)
            left = [item async for item in storage.iter_objects(bucket, prefix="images/")]
            print(f"left in the bucket: {len(left)}")


if __name__ == "__main__":
    asyncio.run(main())
