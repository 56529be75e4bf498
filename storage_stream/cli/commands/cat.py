"""`storage-stream cat`: objects, or ranges of them, one behind the other on standard output."""

import re
from contextlib import aclosing

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import named_objects
from storage_stream.cli.object_bytes import Asked, object_bytes
from storage_stream.cli.running import Run
from storage_stream.cli.standard_output import StandardOutput
from storage_stream.errors import StorageError

_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)


def _range(
    _: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int | None]:
    if value is None:
        return 0, None
    found = _RANGE.fullmatch(value)
    if found is None or value == "-":
        raise click.BadParameter(f"{value!r}: write 0-99, 100- or -100.", param=parameter)
    first, last = found.groups()
    if not first:
        return -int(last), None
    if last and int(last) < int(first):
        raise click.BadParameter(f"{value!r} ends before it begins.", param=parameter)
    return int(first), int(last) + 1 if last else None


@storage_command(
    "cat",
    examples=[
        "storage-stream cat gs://my-bucket/log.txt",
        "storage-stream cat -r 0-99 'gs://my-bucket/photos/*.jpg'",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option(
    *("-r", "--range", "part"),
    callback=_range,
    metavar="RANGE",
    help="Bytes of each, as in HTTP: 0-99 the first hundred, 100- from there on, -100 the last.",
)
@click.option("--raw", is_flag=True, help="Leave gzip as it is stored.")
@click.option("--workers", type=click.IntRange(1), help="Connections for one large object.")
@click.option("--slice-size", help="Bytes in one request of a large object, as 8MiB.")
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    part: tuple[int, int | None],
    raw: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Print objects, one behind the other.

    Large objects come over several connections at once; what is printed is compared with their
    checksums. With --json, what is told goes to standard error: standard output is the objects'.
    """
    out = run.output.leave_stdout_to_data()
    for location in locations:
        try:
            async for bucket, name, generation in named_objects(run, location):
                asked = Asked(bucket, name, generation, *part, raw=raw)
                await _print(run, asked, out)
        except StorageError as error:
            run.fail(error, str(location))


async def _print(run: Run, asked: Asked, out: StandardOutput) -> None:
    size = 0
    async with aclosing(object_bytes(run, asked)) as pieces:
        async for piece in pieces:
            await out.write(piece)
            size += len(piece)
    out.flush()
    url = gs_url(asked.bucket, asked.name) if not run.output.as_json else ""
    run.output.detail(f"{url}: {size} bytes")
    run.output.result({"bucket": asked.bucket, "name": asked.name, "bytes": size})
