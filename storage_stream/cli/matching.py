"""The objects that a location with wildcards means, listed with as few requests as possible."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import click

from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.running import Run
from storage_stream.errors import NotFound

__all__ = [
    "buckets_of",
    "check_buckets",
    "matching_objects",
    "named_objects",
    "nothing_matches",
    "project_of",
]


def project_of(run: Run) -> str:
    """The project of buckets; an emulator's may have any.

    Raises:
        click.UsageError: Nobody said it.
    """
    project = run.config["project"]
    if project:
        return str(project)
    if run.config.uses_emulator:
        return "emulator"
    raise click.UsageError("Which project? Give --project, or set GOOGLE_CLOUD_PROJECT.")


def check_buckets(locations: Iterable[ObjectLocation]) -> None:
    """Refuse what names more than a bucket, or none.

    Raises:
        click.UsageError: It does.
    """
    for location in locations:
        if not location.bucket or not location.is_bucket or location.has_wildcards:
            raise click.UsageError(f"{location} is not one bucket; write gs://bucket")


async def buckets_of(run: Run, location: ObjectLocation) -> list[str]:
    """The buckets that a location means; one request for each page if it has a wildcard there.

    Raises:
        click.UsageError: They have to be listed, and no project is known.
    """
    pattern = location.bucket_pattern
    if location.bucket and pattern.is_literal:
        return [pattern.literal]
    found = run.storage.iter_buckets(project_of(run), prefix=pattern.prefix, **run.options)
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


async def named_objects(
    run: Run, location: ObjectLocation
) -> AsyncGenerator[tuple[str, str, int | None], None]:
    """Bucket, name and generation of each object that is meant; without wildcards, no request.

    Raises:
        NotFound: Nothing matches.
        click.UsageError: A bucket is named, and no object.
    """
    if location.is_bucket:
        raise click.UsageError(f"{location} is a bucket; name its objects, {location}** say.")
    if not location.has_wildcards:
        yield location.bucket, location.literal_name, location.generation
        return
    found = False
    fields = "items(bucket,name,generation)"
    async with aclosing(matching_objects(run, location, fields=fields)) as resources:
        async for resource in resources:
            found = True
            yield resource["bucket"], resource["name"], int(resource["generation"])
    if not found:
        raise nothing_matches(location)


def nothing_matches(location: ObjectLocation) -> NotFound:
    """The error for wildcards that no name matches."""
    what = "no bucket's name matches" if location.is_bucket else "no object's name matches"
    return NotFound(what, status=404, subject=str(location))
