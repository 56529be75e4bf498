"""Pictures in a bucket: thumbnails, parts and conversions without downloading or keeping files."""

import asyncio

import PIL.Image
import pyvips
from _place import place

from storage_stream import Storage
from storage_stream.errors import NotFound, StorageError
from storage_stream.media import Source, Target, transform


async def main() -> None:
    """Write a large picture, look at parts of it, convert it, and meet errors."""
    async with place() as (storage, bucket):
        tile = pyvips.Image.gaussnoise(512, 512, mean=128, sigma=40, seed=1)
        large = tile.replicate(12, 8).cast("uchar")
        target = Target.new_to_object(storage, bucket, "large.tif")
        await target.run(
            lambda given: large.write_to_target(
                given, ".tif", tile=True, pyramid=True, compression="jpeg"
            )
        )
        size = int(target.resource["size"])
        print(f"{target.filename()}: {target.resource['contentType']}")

        async with Source.new_from_object(storage, bucket, "large.tif") as source:
            await source.thumbnail(300)
            mean = await source.run(part)
            with_pillow = await source.run_reader(lambda file: PIL.Image.open(file).size)
            share = source.stats.unique_bytes / size
            print(f"average of a part: {mean:.0f}; Pillow sees {with_pillow}")
            print(f"downloaded: less than half: {share < 1 / 2}")

        async with Source.new_from_object(storage, bucket, "large.tif") as source:
            target = Target.new_to_object(storage, bucket, "large.png")
            made = await transform(source, target, lambda image: image.invert(), format=".png")
            print(f"{made['name']}: {made['contentType']}")

        await errors(storage, bucket)


def part(given: pyvips.Source) -> float:
    """What is computed belongs into the function: an image it returned would have no pixels."""
    image = pyvips.Image.new_from_source(given, "", fail_on="error")
    return float(image.crop(1000, 1000, 256, 256).avg())


async def errors(storage: Storage, bucket: str) -> None:
    """Every failure has a class of its own; none of them is a grey picture."""
    await storage.upload(bucket, "text.jpg", "no picture at all")
    made = pyvips.Image.gaussnoise(800, 600).jpegsave_buffer()
    await storage.upload(bucket, "half.jpg", made[: len(made) // 2])
    for name in ("nothing.jpg", "text.jpg", "half.jpg"):
        async with Source.new_from_object(storage, bucket, name) as source:
            try:
                await source.thumbnail(300)
            except NotFound:
                print(f"{name}: there is no such object")
            except StorageError as error:
                print(f"{name}: {type(error).__name__}")


if __name__ == "__main__":
    asyncio.run(main())
