"""`storage-stream mb`: make buckets."""

from typing import Any

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.matching import check_buckets, project_of
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError


@storage_command(
    "mb", examples=["storage-stream mb --project my-project --location EU gs://another-bucket"]
)
@click.argument("buckets", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET...")
@click.option("-l", "--location", metavar="PLACE", help="Where the data is: EU or US-EAST1, say.")
@click.option("-c", "--storage-class", help="STANDARD, NEARLINE, COLDLINE or ARCHIVE.")
@click.option("--versioning", is_flag=True, help="Keep what is overwritten or deleted.")
@click.option("--soft-delete", type=click.IntRange(0), help="Seconds to keep what is deleted.")
@click.option(
    "--uniform-access/--fine-access", default=True, help="Access by bucket, or by object."
)
async def command(
    run: Run,
    buckets: tuple[ObjectLocation, ...],
    location: str | None,
    storage_class: str | None,
    soft_delete: int | None,
    **switches: bool,
) -> None:
    """Make buckets."""
    check_buckets(buckets)
    resource: dict[str, Any] = {}
    if location:
        resource["location"] = location.upper()
    if storage_class:
        resource["storageClass"] = storage_class.upper()
    if switches["versioning"]:
        resource["versioning"] = {"enabled": True}
    if soft_delete is not None:
        resource["softDeletePolicy"] = {"retentionDurationSeconds": str(soft_delete)}
    if switches["uniform_access"]:
        resource["iamConfiguration"] = {"uniformBucketLevelAccess": {"enabled": True}}
    for place in buckets:
        try:
            made = await run.storage.create_bucket(
                place.bucket, project_of(run), resource, **run.options
            )
        except StorageError as error:
            run.fail(error, str(place))
            continue
        run.output.result({"url": str(place), **made})
        run.output.say(f"Made {place}")
