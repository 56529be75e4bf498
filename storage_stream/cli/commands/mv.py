"""`storage-stream mv`: move files and objects; a source goes when its target is verified."""

from pathlib import Path
from typing import Any

import click

from storage_stream.cli.command import LOCATION, storage_command
from storage_stream.cli.locations import Location
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.options import run_options, transfer_options


@storage_command(
    "mv",
    examples=[
        "storage-stream mv gs://my-bucket/draft.txt gs://my-bucket/final.txt",
        "storage-stream mv -r gs://my-bucket/incoming done/",
    ],
)
@click.argument("places", nargs=-1, required=True, type=LOCATION, metavar="SOURCE... TARGET")
@transfer_options
async def command(
    run: Run,
    places: tuple[Location, ...],
    resume: bool,  # noqa: FBT001 - click passes by name
    manifest: Path | None,
    **how: Any,
) -> None:
    """Move files and objects, to, from and between buckets.

    Targets are named as by cp. Within a bucket the service renames each object at once. Else each
    source is deleted when its target holds what it holds: a file after its checksum was compared
    with the object's, an object only if it still is the generation that was copied.
    """
    # They load the client, which `mv --help` does not need.
    from storage_stream.cli.transfers import copying, jobs, order  # noqa: PLC0415

    if len(places) < 2:  # noqa: PLR2004 - source and target
        raise click.UsageError("name a source and a target")
    *sources, target = places
    choices = jobs.Choices(options=run_options(run), requests=run.options, move=True, **how)
    wanted = order.Order("mv", sources, target, choices, resume, manifest)
    await copying.carry_out(run, wanted)
