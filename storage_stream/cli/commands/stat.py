"""`storage-stream stat`: all that is known about objects."""

from typing import Any

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import matching_objects
from storage_stream.cli.output import iso_time, shown_name
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_size
from storage_stream.errors import StorageError

_TIMES = frozenset(
    {
        "timeCreated",
        "updated",
        "timeFinalized",
        "customTime",
        "retentionExpirationTime",
        "timeStorageClassUpdated",
    }
)
_HIDDEN = frozenset({"kind", "id", "selfLink", "mediaLink", "name", "bucket"})


@storage_command(
    "stat",
    examples=[
        "storage-stream stat gs://my-bucket/photos/a.jpg",
        "storage-stream stat gs://my-bucket",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
async def command(run: Run, locations: tuple[ObjectLocation, ...]) -> None:
    """Show all that is known about objects or buckets."""
    for location in locations:
        try:
            await _show(run, location)
        except StorageError as error:
            run.fail(error, str(location))


async def _show(run: Run, location: ObjectLocation) -> None:
    if location.is_bucket:
        _print(run, await run.storage.get_bucket_metadata(location.bucket, **run.options))
        return
    if location.has_wildcards:
        async for resource in matching_objects(run, location):
            _print(run, resource)
        return
    resource = await run.storage.download_metadata(
        location.bucket, location.literal_name, generation=location.generation, **run.options
    )
    _print(run, resource)


def _print(run: Run, resource: Any) -> None:
    url = (
        gs_url(resource["bucket"], resource["name"])
        if "bucket" in resource
        else (gs_url(resource["name"]))
    )
    lines = [f"{shown_name(url)}:"]
    lines += [
        f"  {name + ':':<24} {_shown(name, value)}"
        for name, value in resource.items()
        if name not in _HIDDEN
    ]
    run.output.result({"url": url, **resource}, "\n".join(lines))


def _shown(name: str, value: Any) -> str:
    if name == "size":
        return f"{value} ({human_size(int(value))})"
    return iso_time(value) if name in _TIMES else shown_name(str(value))
