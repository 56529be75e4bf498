"""`storage-stream rb`: remove buckets that are empty."""

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.matching import check_buckets
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError


@storage_command("rb", examples=["storage-stream rb gs://empty-bucket"])
@click.argument("buckets", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET...")
async def command(run: Run, buckets: tuple[ObjectLocation, ...]) -> None:
    """Remove buckets that are empty."""
    check_buckets(buckets)
    for place in buckets:
        try:
            await run.storage.delete_bucket(place.bucket, **run.options)
        except StorageError as error:
            run.fail(error, str(place))
            continue
        run.output.result({"url": str(place), "removed": True})
        run.output.say(f"Removed {place}")
