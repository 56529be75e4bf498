"""`storage-stream cp`: copy files and objects, to, from and between buckets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from storage_stream import Preconditions
from storage_stream.cli.command import GENERATION, LOCATION, storage_command
from storage_stream.cli.locations import Location, ObjectLocation, StandardStream
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.options import run_options, transfer_options


@storage_command(
    "cp",
    examples=[
        "storage-stream cp -r photos gs://my-bucket/backup",
        "storage-stream cp 'gs://my-bucket/logs/*.gz' logs/",
        "echo hello | storage-stream cp - gs://my-bucket/hello.txt",
    ],
)
@click.argument("places", nargs=-1, required=True, type=LOCATION, metavar="SOURCE... TARGET")
@click.option("-n", "--no-clobber", is_flag=True, help="Leave alone what is there already.")
@click.option(
    "--if-generation-match",
    type=GENERATION,
    metavar="GENERATION",
    help="Only if the object is this generation; 0: only if there is none.",
)
@click.option("--content-type", metavar="TYPE", help="MIME type of what is uploaded.")
@click.option("--gzip", is_flag=True, help="Compress uploads; the objects say that they are.")
@click.option("--parts", is_flag=True, help="Upload one large file in parts, several at once.")
@click.option("--workers", type=click.IntRange(1), help="Connections for one large object.")
@click.option("--slice-size", help="Bytes in one request of a large object, or in a part, as 8MiB.")
@click.option("--dask", metavar="ADDRESS", help="Have the Dask cluster of this scheduler do it.")
@transfer_options
async def command(
    run: Run,
    places: tuple[Location, ...],
    dask: str | None,
    no_clobber: bool,  # noqa: FBT001 - click passes by name
    if_generation_match: int | None,
    content_type: str | None,
    gzip: bool,  # noqa: FBT001 - the same
    parts: bool,  # noqa: FBT001 - the same
    resume: bool,  # noqa: FBT001 - the same
    manifest: Path | None,
    **how: Any,
) -> None:
    """Copy files and objects, to, from and between buckets.

    A target that ends with a slash, that is a folder already, or that several sources go to, is a
    folder, and what comes keeps its name in it; else the target is the new name. `-` is standard
    input or output. Names that would leave the target folder are refused.
    """
    # They load the client, which `cp --help` does not need.
    from storage_stream.cli.transfers import copying, jobs, order, standard  # noqa: PLC0415

    if len(places) < 2:  # noqa: PLR2004 - source and target
        raise click.UsageError("name a source and a target")
    *sources, target = places
    if dask is not None:
        how["if_generation_match"] = if_generation_match is not None
        how |= {"content_type": content_type, "gzip": gzip, "parts": parts, "manifest": manifest}
        await _on_cluster(run, dask, places, how, overwrite=not no_clobber)
        return
    _check_of_uploads(sources, target, gzip=gzip, parts=parts)
    said = Preconditions(if_generation_match=if_generation_match)
    precondition = {} if if_generation_match is None else {"preconditions": said}
    choices = jobs.Choices(
        overwrite=not no_clobber,
        metadata={} if content_type is None else {"contentType": content_type},
        zipped=gzip,
        options={**run_options(run), **precondition},
        requests=run.options,
        **how,
    )
    if any(isinstance(source, StandardStream) for source in sources):
        await standard.upload_input(run, sources, target, choices)
    elif isinstance(target, StandardStream):
        await standard.copy_to_output(run, sources)
    else:
        wanted = order.Order("cp", sources, target, choices, resume, manifest, parts)
        await copying.carry_out(run, wanted)


async def _on_cluster(
    run: Run, address: str, places: Sequence[Location], how: dict[str, Any], *, overwrite: bool
) -> None:
    from storage_stream.cli.transfers import on_cluster  # noqa: PLC0415 - it loads the client

    if not how.pop("recursive") or len(places) != 2:  # noqa: PLR2004 - source and target
        raise click.UsageError("--dask copies one folder: say -r, a source and a target.")
    on_cluster.refuse(how)
    source, target = places[0], await on_cluster.copy_target(run, *places)
    await on_cluster.carry_out(
        *(run, address, source, target), overwrite=overwrite, verbs="Copying Copied"
    )


def _check_of_uploads(
    sources: Sequence[Location], target: Location, *, gzip: bool, parts: bool
) -> None:
    is_upload = isinstance(target, ObjectLocation) and not any(
        isinstance(source, ObjectLocation) for source in sources
    )
    for said, flag in ((gzip, "--gzip"), (parts, "--parts")):
        if said and not is_upload:
            raise click.UsageError(f"{flag} is for uploads.")
