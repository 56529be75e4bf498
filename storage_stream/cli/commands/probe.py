"""`storage-stream probe`: what the headers of pictures say, for a few thousand bytes of each."""

from contextlib import aclosing
from dataclasses import asdict

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.pictures import Named, in_order, named_pictures
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError
from storage_stream.media import ImageInfo, UnidentifiedImage, probe


@storage_command(
    "probe",
    examples=[
        "storage-stream probe gs://my-bucket/pictures/a.jpg",
        "storage-stream probe -r --json gs://my-bucket/photos",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option("-r", "-R", "--recursive", is_flag=True, help="All pictures below; skip the rest.")
@click.option("--concurrency", type=click.IntRange(1), help="Objects at once, at most.")
@click.option("-0", "--null", is_flag=True, help="End each line with a NUL, and escape nothing.")
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    recursive: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Show size and kind of pictures without downloading them.

    JPEG, PNG, GIF, WebP, TIFF, BMP, JPEG 2000, AVIF, HEIF, PPM, TGA and QOI. The size is the one
    that is seen, with the orientation applied. One or two requests for each.
    """
    skipped = 0
    for location in locations:
        try:
            skipped += await _show_all(run, location, recursive=recursive)
        except StorageError as error:
            run.fail(error, str(location))
    if skipped:
        run.output.say(f"{skipped} {'object is' if skipped == 1 else 'objects are'} no picture.")


async def _show_all(run: Run, location: ObjectLocation, *, recursive: bool) -> int:
    """Show those of a location; returns how many others there were."""

    async def look(named: Named) -> ImageInfo:
        where = (named.bucket, named.name)
        return await probe(run.storage, *where, generation=named.generation, **run.options)

    skipped = 0
    named = named_pictures(run, location, recursive=recursive)
    async with aclosing(in_order(named, look, run.config["concurrency"])) as outcomes:
        async for outcome in outcomes:
            if outcome.value is not None:
                _show(run, outcome.item, outcome.value)
            elif recursive and isinstance(outcome.error, UnidentifiedImage):
                skipped += 1
                run.output.detail(f"{outcome.item.url}: no picture")
            elif outcome.error is not None:
                run.fail(outcome.error, outcome.item.url)
    return skipped


def _show(run: Run, picture: Named, info: ImageInfo) -> None:
    width, height = info.oriented_size
    seen = f"{width} x {height}"
    notes = ", ".join(_notes(info))
    text = f"{info.format:<8}  {seen:>13}  {info.mode:<5}  {run.output.name(picture.url)}"
    document = {"url": picture.url, **asdict(info), "oriented_size": [width, height]}
    run.output.result(document, f"{text}  ({notes})" if notes else text)


def _notes(info: ImageInfo) -> list[str]:
    counts = {"frames": info.frames, "pages": info.pages}
    words = [f"{count} {what}" for what, count in counts.items() if count is not None and count > 1]
    if info.animated and info.frames is None:
        words.append("animated")
    if info.orientation != 1:
        words.append(f"orientation {info.orientation}")
    if info.bits is not None and info.bits > 8:  # noqa: PLR2004 - what is usual is not told
        words.append(f"{info.bits} bits")
    flags = {"progressive": info.progressive, "interlaced": info.interlaced, "tiled": info.tiled}
    words += [word for word, is_so in flags.items() if is_so]
    return [*words, "colour profile"] if info.has_icc else words
