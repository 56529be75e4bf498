"""`storage-stream stat`: all that is known about objects."""

import json
from contextlib import aclosing
from typing import Any

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of, matching_objects, nothing_matches
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
_INDENT = "  "
_COLUMN = 26  # where values begin
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
        buckets = await buckets_of(run, location)
        if not buckets:
            raise nothing_matches(location)
        for bucket in buckets:
            _print(run, await run.storage.get_bucket_metadata(bucket, **run.options))
        return
    if location.has_wildcards:
        found = False
        async with aclosing(matching_objects(run, location)) as resources:
            async for resource in resources:
                found = True
                _print(run, resource)
        if not found:
            raise nothing_matches(location)
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
    for name, value in resource.items():
        if name not in _HIDDEN:
            lines += _lines(name, value, _INDENT)
    run.output.result({"url": url, **resource}, "\n".join(lines))


def _lines(name: str, value: Any, indent: str) -> list[str]:
    """A field, and those in it, each on a line of its own."""
    title = f"{indent}{shown_name(name)}:"
    inner: Any = value
    if isinstance(value, list):
        inner = {str(at): each for at, each in enumerate(inner, 1)}
    if inner and isinstance(value, dict | list):
        return [
            title,
            *(line for key in inner for line in _lines(key, inner[key], indent + _INDENT)),
        ]
    # Only the service's own fields mean something; in `metadata` anybody's names may stand.
    return [f"{title:<{_COLUMN}} {_shown(name if indent == _INDENT else '', value)}"]


def _shown(name: str, value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if name == "size":
        return f"{value} ({human_size(int(value))})"
    return iso_time(value) if name in _TIMES else shown_name(value)
