"""`storage-stream ls`: what is in a bucket, a "folder", or behind a pattern."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of, matching_objects, nothing_matches
from storage_stream.cli.output import iso_time
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_size
from storage_stream.cli.wildcards import Pattern
from storage_stream.errors import StorageError

_FIELDS = (
    "prefixes,items(bucket,name,size,generation,updated,timeDeleted,softDeleteTime,hardDeleteTime,"
    "contentType,storageClass,crc32c,md5Hash)"
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is listed, and how it is shown."""

    long: bool
    recursive: bool
    all_versions: bool
    soft_deleted: bool
    exact_bytes: bool

    def keywords(self) -> dict[str, Any]:
        """For a list."""
        chosen: dict[str, Any] = {"fields": _FIELDS}
        if self.all_versions:
            chosen["versions"] = True
        if self.soft_deleted:
            chosen["soft_deleted"] = True
        return chosen


@storage_command(
    "ls",
    examples=[
        "storage-stream ls -l gs://my-bucket/photos/",
        "storage-stream ls -r 'gs://my-bucket/**.jpg'",
        "storage-stream ls --project my-project",
    ],
)
@click.argument("locations", nargs=-1, type=OBJECT, metavar="[gs://BUCKET/NAME]...")
@click.option("-l", "--long", is_flag=True, help="Sizes and times, too, and a sum.")
@click.option("-r", "-R", "--recursive", is_flag=True, help='Everything below "folders".')
@click.option("-a", "--all-versions", is_flag=True, help="Every generation, named as name#number.")
@click.option("--soft-deleted", is_flag=True, help="What was deleted and can be restored.")
@click.option("-b", "--bytes", "exact_bytes", is_flag=True, help="Exact sizes.")
@click.option("-0", "--null", is_flag=True, help="End each name with a NUL, and escape nothing.")
async def command(run: Run, locations: tuple[ObjectLocation, ...], **chosen: bool) -> None:
    """List buckets, "folders" and objects.

    Without a place, the buckets of the project. A name may hold *, **, ? and [...].
    """
    choice = _Choice(**chosen)
    if choice.all_versions and choice.soft_deleted:
        raise click.UsageError("--all-versions and --soft-deleted are two lists, not one.")
    for location in locations or (ObjectLocation(""),):
        try:
            await _list(run, location, choice)
        except StorageError as error:
            run.fail(error, str(location))


async def _list(run: Run, location: ObjectLocation, choice: _Choice) -> None:
    if location.is_bucket and location.means_buckets:
        buckets = await buckets_of(run, location)
        if location.bucket and not buckets:
            raise nothing_matches(location)
        if not (choice.recursive and location.bucket):
            for bucket in buckets:
                url = gs_url(bucket)
                document = {"type": "bucket", "url": url, "name": bucket}
                run.output.result(document, run.output.name(url))
            return
    count = size = 0
    async with aclosing(_entries(run, location, choice)) as entries:
        async for entry in entries:
            count += 1
            size += int(entry.get("size", 0))
            _print(run, entry, choice)
    if not count and not location.is_bucket:
        run.fail(nothing_matches(location))
    elif choice.long:
        run.output.say(f"{count} {'entry' if count == 1 else 'entries'}, {human_size(size)}")


async def _entries(
    run: Run, location: ObjectLocation, choice: _Choice
) -> AsyncGenerator[dict[str, Any], None]:
    """Resources of objects, and `{"prefix": …}` for "folders"."""
    wild = not location.pattern.is_literal
    deep = wild and not location.pattern.within_folder
    for bucket in await buckets_of(run, location):
        place = ObjectLocation(bucket, location.name, location.generation)
        if deep or (wild and choice.recursive):
            found = matching_objects(run, place, **choice.keywords())
        elif choice.recursive:
            found = _below(run, place, choice)
        else:
            found = _one_level(run, place, choice)
        async with aclosing(found) as entries:
            async for entry in entries:
                if location.generation in {None, int(entry.get("generation", 0))}:
                    yield entry


async def _below(
    run: Run, place: ObjectLocation, choice: _Choice
) -> AsyncGenerator[dict[str, Any], None]:
    """The object of that name, and all below the "folder" of that name."""
    name = place.literal_name
    below = name if place.is_folder else f"{name}/"
    listed = run.storage.iter_objects(place.bucket, prefix=name, **choice.keywords(), **run.options)
    async with aclosing(listed) as resources:
        async for resource in resources:
            if resource["name"] == name or resource["name"].startswith(below):
                yield {**resource}


async def _one_level(
    run: Run, place: ObjectLocation, choice: _Choice
) -> AsyncGenerator[dict[str, Any], None]:
    """A "folder" from inside; or an object, and the "folder" of its name from inside."""
    pattern = place.pattern
    matches = None if pattern.is_literal and place.is_folder else pattern
    opened: list[str] = []
    async with aclosing(_level(run, place.bucket, pattern.prefix, choice)) as entries:
        async for entry in entries:
            if matches is None or _is_named(matches, entry):
                if "prefix" in entry and matches is not None and matches.is_literal:
                    opened.append(entry["prefix"])
                else:
                    yield entry
    for prefix in opened:
        async with aclosing(_level(run, place.bucket, prefix, choice)) as entries:
            async for entry in entries:
                yield entry


def _is_named(pattern: Pattern, entry: dict[str, Any]) -> bool:
    if "prefix" not in entry:
        return pattern.matches(entry["name"])
    return pattern.matches(entry["prefix"]) or pattern.matches(entry["prefix"][:-1])


async def _level(
    run: Run, bucket: str, prefix: str, choice: _Choice
) -> AsyncGenerator[dict[str, Any], None]:
    pages = run.storage.iter_object_pages(
        bucket, prefix=prefix, delimiter="/", **choice.keywords(), **run.options
    )
    async with aclosing(pages):
        async for page in pages:
            for folder in page.prefixes:
                yield {"bucket": bucket, "prefix": folder}
            for resource in page.items:
                yield {**resource}


def _print(run: Run, entry: dict[str, Any], choice: _Choice) -> None:
    output = run.output
    if "prefix" in entry:
        url = gs_url(entry["bucket"], entry["prefix"])
        indent = f"{'':>12}  {'':20}  " if choice.long else ""
        output.result({"type": "prefix", "url": url}, indent + output.name(url))
        return
    numbered = choice.all_versions or choice.soft_deleted
    generation = entry["generation"] if numbered else None
    url = gs_url(entry["bucket"], entry["name"], generation)
    text = output.name(url)
    if choice.long:
        size = entry["size"] if choice.exact_bytes else human_size(int(entry["size"]))
        gone = entry.get("hardDeleteTime")
        until = f"  until {iso_time(gone)}" if gone else ""
        text = f"{size:>12}  {iso_time(entry['updated'])}  {text}{until}"
    if output.as_json:
        document = {**entry, "size": int(entry["size"]), "generation": int(entry["generation"])}
        output.result({"type": "object", "url": url, **document})
    else:
        output.result({}, text)
