"""The objects that a location with wildcards means, listed with as few requests as possible."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import click

from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.running import Run

__all__ = ["buckets_of", "matching_objects"]


async def buckets_of(run: Run, location: ObjectLocation) -> list[str]:
    """The buckets that a location means; one request for each page if it has a wildcard there.

    Raises:
        click.UsageError: They have to be listed, and no project is known.
    """
    pattern = location.bucket_pattern
    if location.bucket and pattern.is_literal:
        return [pattern.literal]
    project = run.config["project"]
    if not project:
        raise click.UsageError("Which project's buckets? Give --project, or set it (`config`).")
    found = run.storage.iter_buckets(project, prefix=pattern.prefix, **run.options)
    return [
        bucket["name"]
        async for bucket in found
        if not location.bucket or pattern.matches(bucket["name"])
    ]


async def matching_objects(
    run: Run, location: ObjectLocation, **options: Any
) -> AsyncGenerator[Any, None]:
    """The resources of the objects whose names match, in the order of their names.

    Args:
        run: The command.
        location: Where, with wildcards or without.
        **options: As `Storage.iter_objects` takes them: `versions`, `soft_deleted`, `fields`.
    """
    pattern = location.pattern
    if pattern.within_folder and not pattern.is_literal:
        options["delimiter"] = "/"  # what lies deeper cannot match, and is not listed
        options["include_trailing_delimiter"] = True
    for bucket in await buckets_of(run, location):
        listed = run.storage.iter_objects(bucket, prefix=pattern.prefix, **options, **run.options)
        async with aclosing(listed) as resources:
            async for resource in resources:
                if pattern.matches(resource["name"]):
                    yield resource
