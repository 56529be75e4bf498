"""`storage-stream restore`: soft-deleted objects brought back."""

from contextlib import aclosing
from typing import Any

import click

from storage_stream import Preconditions
from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import matching_objects, nothing_matches
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError


@storage_command(
    "restore",
    examples=["storage-stream restore gs://kept-bucket/deleted.txt"],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option("--replace", is_flag=True, help="Replace the object that has the name now.")
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    replace: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Bring back soft-deleted objects.

    The newest generation of each, or the one that is named by `#number`. `ls --soft-deleted` shows
    what there is.
    """
    conditions: dict[str, Any] = (
        {} if replace else {"preconditions": Preconditions(if_generation_match=0)}
    )
    for location in locations:
        try:
            newest = await _newest(run, location)
            if not newest:
                raise nothing_matches(location)
        except StorageError as error:
            run.fail(error, str(location))
            continue
        for (bucket, name), generation in newest.items():
            url = gs_url(bucket, name)
            try:
                made = await run.storage.restore(
                    bucket, name, generation, **conditions, **run.options
                )
            except StorageError as error:
                run.fail(error, url)
                continue
            run.output.result({"url": url, "restored": generation, **made})
            run.output.say(f"Restored {url}")


async def _newest(run: Run, location: ObjectLocation) -> dict[tuple[str, str], int]:
    """The generation to restore of each object."""
    if location.generation is not None:
        return {(location.bucket, location.literal_name): location.generation}
    newest: dict[tuple[str, str], int] = {}
    found: Any = matching_objects(run, location, soft_deleted=True)
    async with aclosing(found) as resources:
        async for resource in resources:
            key = resource["bucket"], resource["name"]
            newest[key] = max(newest.get(key, 0), int(resource["generation"]))
    return newest
