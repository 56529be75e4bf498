"""Standard input into an object, objects to standard output."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import click

from storage_stream import Preconditions, TransferResult
from storage_stream.cli.locations import Location, ObjectLocation
from storage_stream.cli.matching import named_objects
from storage_stream.cli.object_bytes import Asked, object_bytes
from storage_stream.cli.progress import Display
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import standard_input
from storage_stream.cli.transfers.jobs import Choices
from storage_stream.cli.transfers.telling import Teller
from storage_stream.errors import PreconditionFailed, StorageError

__all__ = ["copy_to_output", "upload_input"]


async def upload_input(
    run: Run, sources: Sequence[Location], target: Location, choices: Choices
) -> None:
    """Make an object of standard input. Cancelling leaves none.

    Raises:
        click.UsageError: There are other sources, or the target is no name of an object.
        StorageError: It could not be made.
    """
    if len(sources) > 1 or not isinstance(target, ObjectLocation) or target.is_folder:
        raise click.UsageError("standard input needs one object's name: gs://bucket/name")
    if target.has_wildcards or target.generation is not None:
        raise click.UsageError(f"{target}: a target is one object")
    said: Preconditions | None = choices.options.get("preconditions")
    teller = Teller(run, "Copied")
    async with Display(run.output, "Copying") as display:
        with display.transfer(str(target)) as progress:
            result = TransferResult("upload", "-", str(target))
            try:
                resource: Any = await run.storage.upload(
                    *(target.bucket, target.literal_name, standard_input()),
                    metadata=choices.metadata or None,
                    zipped=choices.zipped,
                    preconditions=said if choices.overwrite else Preconditions(0),
                    progress=progress,
                    **run.options,
                )
            except PreconditionFailed:
                if choices.overwrite:
                    raise
                result = TransferResult("upload", "-", str(target), skipped="it is there already")
            else:
                result = TransferResult(
                    *("upload", "-", str(target)),
                    *(int(resource["size"]), int(resource["generation"])),
                    crc32c=resource.get("crc32c"),
                )
    teller.tell(result)
    teller.conclude()


async def copy_to_output(run: Run, sources: Sequence[Location]) -> None:
    """Print objects, one behind the other; what is told goes to standard error.

    Raises:
        click.UsageError: A source is no object.
    """
    out = run.output.leave_stdout_to_data()
    for source in sources:
        if not isinstance(source, ObjectLocation):
            raise click.UsageError(f"{source}: only objects are copied to standard output")
        try:
            async for bucket, name, generation in named_objects(run, source):
                asked, size = Asked(bucket, name, generation), 0
                async with aclosing(object_bytes(run, asked)) as pieces:
                    async for piece in pieces:
                        await out.write(piece)
                        size += len(piece)
                run.output.result({"bucket": bucket, "name": name, "bytes": size})
        except StorageError as error:
            run.fail(error, str(source))
    out.flush()
