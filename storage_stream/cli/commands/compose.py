"""`storage-stream compose`: objects of a bucket joined to a new one, by the service."""

from typing import Any

import click

from storage_stream import ComposeSource, Preconditions
from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.matching import named_objects
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_size


@storage_command(
    "compose",
    examples=[
        "storage-stream compose gs://my-bucket/log.txt gs://my-bucket/old.txt gs://my-bucket/new",
        "storage-stream compose 'gs://my-bucket/photos/*' gs://my-bucket/all-photos",
    ],
)
@click.argument("sources", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/SOURCE...")
@click.argument("target", type=OBJECT, metavar="gs://BUCKET/TARGET")
@click.option("--content-type", help="MIME type of the new object.")
@click.option("--no-clobber", is_flag=True, help="Fail if there is such an object.")
async def command(
    run: Run,
    sources: tuple[ObjectLocation, ...],
    target: ObjectLocation,
    content_type: str | None,
    no_clobber: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Join objects to a new object of the same bucket.

    Any number of them, in this order; those of a wildcard in the order of their names. No bytes
    come here.
    """
    if target.is_folder or target.has_wildcards or target.generation is not None:
        raise click.UsageError(f"{target} is no name for one new object.")
    if any(source.bucket != target.bucket for source in sources):
        raise click.UsageError("The service joins objects of one bucket; copy the others there.")
    parts = [
        ComposeSource(name, generation=generation)
        for source in sources
        async for _, name, generation in named_objects(run, source)
    ]
    conditions: dict[str, Any] = (
        {"preconditions": Preconditions(if_generation_match=0)} if no_clobber else {}
    )
    made = await run.storage.compose(
        target.bucket,
        target.literal_name,
        parts,
        content_type=content_type,
        **conditions,
        **run.options,
    )
    run.output.result({"url": str(target), **made})
    size = human_size(int(made.get("size", 0)))
    run.output.say(f"Joined {len(parts)} objects to {target}, {size}")
