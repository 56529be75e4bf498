"""`storage-stream head`: the first bytes or lines of objects, and no more requested than that."""

from contextlib import aclosing

import click

from storage_stream.cli.command import OBJECT, SIZE, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import named_objects
from storage_stream.cli.object_bytes import Asked, object_bytes
from storage_stream.cli.output import shown_name
from storage_stream.cli.running import Run
from storage_stream.cli.standard_output import StandardOutput
from storage_stream.errors import StorageError

_LINES = 10  # as POSIX has it


@storage_command(
    "head",
    examples=[
        "storage-stream head -n 3 gs://my-bucket/log.txt",
        "storage-stream head -c 1KiB gs://my-bucket/photos/a.jpg",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option("-n", "--lines", type=click.IntRange(0), help=f"Lines of each. Default: {_LINES}.")
@click.option("-c", "--bytes", "size", type=SIZE, help="Bytes of each, in place of lines.")
async def command(
    run: Run, locations: tuple[ObjectLocation, ...], lines: int | None, size: int | None
) -> None:
    """Print the first lines or bytes of objects.

    Objects that are stored as gzip are decompressed.
    """
    if lines is not None and size is not None:
        raise click.UsageError("Lines or bytes, not both.")
    out = run.output.leave_stdout_to_data()
    count = 0
    for location in locations:
        try:
            async for bucket, name, generation in named_objects(run, location):
                title = ""
                if len(locations) > 1 or location.has_wildcards:
                    title = f"==> {shown_name(gs_url(bucket, name))} <==\n"
                asked = Asked(bucket, name, generation, 0, size)
                wanted = _LINES if lines is None else lines
                await _print(run, asked, out, wanted, ("\n" if count and title else "") + title)
                count += 1
        except StorageError as error:
            run.fail(error, str(location))


async def _print(run: Run, asked: Asked, out: StandardOutput, lines: int, title: str) -> None:
    size = 0
    if asked.end != 0 and (asked.end is not None or lines):
        async with aclosing(object_bytes(run, asked)) as pieces:
            async for piece in pieces:
                await out.write(title.encode())  # above the bytes, not above an error
                title = ""
                wanted = piece if asked.end is not None else _first_lines(piece, lines)
                await out.write(wanted)
                size += len(wanted)
                if asked.end is None and not (lines := lines - wanted.count(b"\n")):
                    break
    await out.write(title.encode())  # an empty object has one, too
    out.flush()
    run.output.result({"bucket": asked.bucket, "name": asked.name, "bytes": size})


def _first_lines(data: bytes, count: int) -> bytes:
    end = 0
    for _ in range(count):
        at = data.find(b"\n", end)
        if at < 0:
            return data
        end = at + 1
    return data[:end]
