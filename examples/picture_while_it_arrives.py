"""A picture decoded by Pillow while it is downloaded: its header, its rows, and half of one."""

import asyncio
import io

from _place import place
from PIL import Image, ImageStat

from storage_stream import Storage
from storage_stream.media import (
    ImageInfo,
    StreamingProcessor,
    StreamParser,
    TruncatedImage,
    parse_object,
)


async def main() -> None:
    """Parse the same picture in four ways."""
    async with place() as (storage, bucket):
        photo = made(1600, 1200)
        await storage.upload(bucket, "photo.jpg", photo)
        await storage.upload(bucket, "half.jpg", photo[: len(photo) // 2])

        await in_a_loop(storage, bucket)
        await in_a_thread(storage, bucket)
        await row_by_row(storage, bucket)
        await half_of_one(storage, bucket)


def made(width: int, height: int) -> bytes:
    """A JPEG."""
    tones = [Image.linear_gradient("L").resize((width, height)).rotate(90 * i) for i in range(3)]
    file = io.BytesIO()
    Image.merge("RGB", tones).save(file, "JPEG", quality=90)
    return file.getvalue()


async def in_a_loop(storage: Storage, bucket: str) -> None:
    """Feed what arrives: for small pictures, or in programs that have nothing else to do."""
    parser = StreamParser()
    async with storage.download_stream(bucket, "photo.jpg") as stream:
        async for chunk in stream:
            parser.feed(chunk)
            if parser.image is not None and not parser.finished:
                parser.preview(100)  # a small picture of what has come, to be shown meanwhile
    image = parser.close()
    print(f"fed: {image.format} {image.width} x {image.height}, whole: {parser.finished}")


async def in_a_thread(storage: Storage, bucket: str) -> None:
    """The event loop goes on meanwhile; the JPEG is decoded at a quarter of its size at once."""

    def header(info: ImageInfo) -> None:
        print(f"the header: {info.mime}, {info.width} x {info.height}")

    image = await parse_object(storage, bucket, "photo.jpg", target_size=400, on_header=header)
    print(f"parse_object: {image.width} x {image.height}")


async def row_by_row(storage: Storage, bucket: str) -> None:
    """An operation on every 200 rows, each as soon as they are there."""

    def brightness(image: Image.Image, upper: int, lower: int) -> float:
        band = image.crop((0, upper, image.width, lower)).convert("L")
        return ImageStat.Stat(band).mean[0]

    processor = StreamingProcessor(brightness, min_rows=200)
    image = await parse_object(storage, bucket, "photo.jpg", chunk_size=4096, parser=processor)
    print(f"bands of at least 200 rows of {image.height}: {len(processor.results)}")


async def half_of_one(storage: Storage, bucket: str) -> None:
    """What was cut never passes for a whole picture, unless it is allowed."""
    try:
        await parse_object(storage, bucket, "half.jpg")
    except TruncatedImage as error:
        print(f"cut: {error.height} rows, some are there: {error.rows_ready > 0}")
    parser = StreamParser(allow_truncated=True)
    image = await parse_object(storage, bucket, "half.jpg", parser=parser)
    print(f"allowed: {image.width} x {image.height}, truncated: {parser.truncated}")


if __name__ == "__main__":
    asyncio.run(main())
