"""`storage-stream sync`: make one tree like another, moving only what differs."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

from storage_stream.cli.command import LOCATION, storage_command
from storage_stream.cli.locations import (
    LocalLocation,
    Location,
    ObjectLocation,
    StandardStream,
    gs_url,
)
from storage_stream.cli.progress import Display
from storage_stream.cli.running import Run
from storage_stream.cli.transfers import on_cluster
from storage_stream.cli.transfers.manifest import Manifest
from storage_stream.cli.transfers.options import name_options, run_options
from storage_stream.cli.transfers.sources import SourceError, is_folder_there
from storage_stream.cli.transfers.telling import Teller
from storage_stream.cli.wording import plain_words
from storage_stream.errors import UsageError


@storage_command(
    "sync",
    examples=[
        "storage-stream sync site gs://my-bucket/www",
        "storage-stream sync --delete --dry-run gs://my-bucket/www site",
    ],
)
@click.argument("source", type=LOCATION)
@click.argument("target", type=LOCATION)
@click.option("--delete", is_flag=True, help="Delete what only the target has.")
@click.option(
    "--allow-empty-source", is_flag=True, help="With --delete, also if the source has nothing."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--checksum", is_flag=True, help="Compare sizes and checksums, not times.")
@click.option("--size-only", is_flag=True, help="Compare sizes only.")
@click.option("--empty-folders", is_flag=True, help="Make objects of empty folders, too.")
@click.option("--dask", metavar="ADDRESS", help="Have the Dask cluster of this scheduler do it.")
@name_options
async def command(
    run: Run,
    source: Location,
    target: Location,
    dask: str | None,
    checksum: bool,  # noqa: FBT001 - click passes by name
    size_only: bool,  # noqa: FBT001 - the same
    manifest: Path | None,
    **how: Any,
) -> None:
    """Make a folder or a prefix like another, moving only what differs.

    By default two are the same if size and time of change agree. A prefix is a folder, with a
    slash at its end or without.
    """
    compare = _compare(checksum=checksum, size_only=size_only)
    if dask is not None:
        await _on_cluster(run, dask, (source, target), {**how, "manifest": manifest}, compare)
        return
    how |= {name: how[name] or None for name in ("include", "exclude")}
    origin, goal = _place(source), _place(target)
    await _check_source(source)
    run.go_on = "The same command goes on: what is the same is not transferred again."
    verb = "Comparing" if how["dry_run"] else "Syncing"
    async with AsyncExitStack() as stack:
        book = None if manifest is None else stack.enter_context(Manifest(manifest))
        teller = Teller(run, "Synced", book)
        display = await stack.enter_async_context(Display(run.output, verb))
        try:
            many = run.storage.sync(
                origin,
                goal,
                compare=compare,
                progress=display.total,
                **how,
                **run_options(run),
                **run.options,
            )
        except UsageError as error:  # nothing was begun
            raise click.UsageError(plain_words(str(error))) from error
        async with teller.results(many) as results:
            async for _ in results:
                pass  # each is told of as it comes
    await _conclude(run, teller, source, how)


async def _on_cluster(
    run: Run,
    address: str,
    places: tuple[Location, Location],
    unknown: dict[str, Any],
    compare: str,
) -> None:
    """Have a cluster do it, which compares objects by size and checksum, and files by the time."""
    own = "mtime" if isinstance(places[1], LocalLocation) else "crc32c"
    unknown[f"comparing by {compare}"] = compare not in {"mtime", own}
    on_cluster.refuse(unknown)
    await on_cluster.carry_out(*(run, address, *places), overwrite=True, verbs="Syncing Synced")


async def _conclude(run: Run, teller: Teller, source: Location, how: dict[str, Any]) -> None:
    if not teller.has_told and not how["allow_empty_source"]:
        await _check_not_mistyped(run, source)
    (teller.conclude_plan if how["dry_run"] else teller.conclude)()


def _compare(*, checksum: bool, size_only: bool) -> str:
    """How two are compared, as the library calls it."""
    if checksum and size_only:
        raise click.UsageError("--checksum or --size-only, not both.")
    return "crc32c" if checksum else "size" if size_only else "mtime"


async def _check_source(source: Location) -> None:
    """Refuse what is no folder."""
    if not isinstance(source, LocalLocation):
        return
    if not await asyncio.to_thread(os.path.lexists, source.path):
        raise click.UsageError(f"{source}: there is no such folder.")
    if not await asyncio.to_thread(os.path.isdir, source.path):
        raise click.UsageError(f"{source} is no folder; `storage-stream cp` copies one file.")


async def _check_not_mistyped(run: Run, source: Location) -> None:
    """A "folder" of a bucket is there if anything is in it: where nothing is, it may be a typo."""
    if not isinstance(source, ObjectLocation) or source.is_bucket:
        return
    if not await is_folder_there(run.storage, source.bucket, source.literal_name, run.options):
        run.fail(SourceError(f"{source}: nothing is there; is the name right?"))


def _place(location: Location) -> str:
    if isinstance(location, StandardStream):
        raise click.UsageError("- is no folder")
    if isinstance(location, ObjectLocation):
        if location.has_wildcards or location.generation is not None:
            raise click.UsageError(f"{location}: sync takes one folder; --include picks names")
        return gs_url(location.bucket, location.literal_name)
    return location.path
