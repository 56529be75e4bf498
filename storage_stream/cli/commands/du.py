"""`storage-stream du`: how much is stored, by "folder"."""

from contextlib import aclosing

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_size
from storage_stream.errors import StorageError


@storage_command(
    "du",
    examples=["storage-stream du gs://my-bucket", "storage-stream du -d 1 gs://my-bucket/photos/"],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option(
    "-d", "--depth", type=click.IntRange(0), default=0, help='So many levels of "folders".'
)
@click.option("-a", "--all-versions", is_flag=True, help="Noncurrent generations count, too.")
@click.option("-b", "--bytes", "exact_bytes", is_flag=True, help="Exact sizes.")
@click.option("-0", "--null", is_flag=True, help="End each line with a NUL, and escape nothing.")
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    depth: int,
    all_versions: bool,  # noqa: FBT001 - click passes by name
    exact_bytes: bool,  # noqa: FBT001 - the same
) -> None:
    """Sum up what is stored: bytes, objects, place."""
    for location in locations:
        try:
            for bucket in await buckets_of(run, location):
                place = ObjectLocation(bucket, location.name)
                sums = await _sums(run, place, depth, all_versions=all_versions)
                for url, (size, count) in sums.items():
                    text = str(size) if exact_bytes else human_size(size)
                    run.output.result(
                        {"url": url, "bytes": size, "objects": count},
                        f"{text:>12}  {count:>8}  {run.output.name(url)}",
                    )
        except StorageError as error:
            run.fail(error, str(location))


async def _sums(
    run: Run, place: ObjectLocation, depth: int, *, all_versions: bool
) -> dict[str, tuple[int, int]]:
    """Bytes and objects by place, the deeper ones first, the place itself last."""
    pattern = place.pattern
    sums: dict[str, tuple[int, int]] = {}
    whole = (0, 0)
    listed = run.storage.iter_objects(
        place.bucket,
        prefix=pattern.prefix,
        versions=all_versions,
        fields="items(name,size)",
        **run.options,
    )
    async with aclosing(listed) as resources:
        async for resource in resources:
            name = resource["name"]
            is_below = name.startswith(pattern.prefix) and (
                place.is_folder or name[len(pattern.prefix) :].startswith("/")
            )
            if not (pattern.matches(name) or (pattern.is_literal and is_below)):
                continue
            size = int(resource.get("size", 0))
            whole = (whole[0] + size, whole[1] + 1)
            for folder in _folders(name, pattern.prefix, depth):
                url = gs_url(place.bucket, folder)
                before = sums.get(url, (0, 0))
                sums[url] = (before[0] + size, before[1] + 1)
    return {**dict(sorted(sums.items())), str(place): whole}


def _folders(name: str, prefix: str, depth: int) -> list[str]:
    """The "folders" of a name, behind the prefix, so many levels deep."""
    parts = name[len(prefix) :].lstrip("/").split("/")[:-1]
    start = name[: len(name) - len(name[len(prefix) :].lstrip("/"))]
    return [start + "/".join(parts[:level]) + "/" for level in range(1, min(depth, len(parts)) + 1)]
