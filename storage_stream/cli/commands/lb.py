"""`storage-stream lb`: list the buckets of a project."""

import click

from storage_stream.cli.command import storage_command
from storage_stream.cli.locations import gs_url
from storage_stream.cli.matching import project_of
from storage_stream.cli.output import iso_time
from storage_stream.cli.running import Run


@storage_command("lb", examples=["storage-stream lb -l --project my-project"])
@click.argument("prefix", default="")
@click.option("-l", "--long", is_flag=True, help="Place, class and time of creation, too.")
async def command(
    run: Run,
    prefix: str,
    long: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """List the buckets of a project.

    With PREFIX, those whose names begin so.
    """
    found = run.storage.iter_buckets(
        project_of(run), prefix=prefix.removeprefix("gs://"), **run.options
    )
    async for bucket in found:
        url = gs_url(bucket["name"])
        text = url
        if long:
            place, kind = bucket.get("location", ""), bucket.get("storageClass", "")
            text = f"{iso_time(bucket.get('timeCreated'))}  {place:<14}  {kind:<9}  {url}"
        run.output.result({"url": url, **bucket}, text)
