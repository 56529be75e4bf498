"""`--dask`: a copy or a sync that a cluster does; here it is only asked for, and told of.

What the cluster cannot do is refused before anything is begun: it knows folders of a bucket, no
patterns, and deletes nothing.
"""

import asyncio
import os
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import click

import storage_stream.integrations.dask as cluster
from storage_stream import ProgressSnapshot, RetryPolicy
from storage_stream.cli.locations import LocalLocation, Location, ObjectLocation, gs_url
from storage_stream.cli.progress import Display
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_rate, human_size
from storage_stream.cli.transfers.naming import Target, leaf_of
from storage_stream.cli.transfers.sources import is_folder_there
from storage_stream.cli.wording import plain_words
from storage_stream.errors import TransferError, UsageError

__all__ = ["carry_out", "copy_target", "refuse"]


def refuse(given: Mapping[str, Any]) -> None:
    """Refuse flags that a cluster does not know.

    Args:
        given: What was said, by its parameter's name or in words; what is false was not.

    Raises:
        click.UsageError: There are some.
    """
    flags = [name if " " in name else f"--{name.replace('_', '-')}" for name in given]
    if said := sorted(flag for flag, value in zip(flags, given.values(), strict=True) if value):
        raise click.UsageError(f"{' and '.join(said)} cannot go with --dask.")


async def copy_target(run: Run, source: Location, target: Location) -> Location:
    """Where a folder goes, by the rules of `cp`. Up to one request.

    Raises:
        click.UsageError: The source is no folder of a bucket.
    """
    if not isinstance(source, ObjectLocation):
        raise click.UsageError(f"{source} is not in a bucket, and --dask copies from one.")
    leaf = leaf_of(source.literal_name) or source.bucket
    if isinstance(target, LocalLocation):
        into = target.is_folder or await asyncio.to_thread(os.path.isdir, target.path)
        return LocalLocation(Target(None, target.path, into).folder_of(leaf))
    if not isinstance(target, ObjectLocation):
        raise click.UsageError("- cannot go with --dask.")
    name = target.literal_name
    into = target.is_folder or await is_folder_there(run.storage, target.bucket, name, run.options)
    return ObjectLocation(target.bucket, Target(target.bucket, name, into).prefix_of(leaf))


async def carry_out(
    run: Run, address: str, source: Location, target: Location, *, overwrite: bool, verbs: str
) -> None:
    """Have a folder copied, and tell of it.

    Cancelling ends it: what workers have under way they still do, and the manifest knows the rest.

    Args:
        run: The command's.
        address: Of the scheduler.
        source: A folder of a bucket.
        target: A folder, or one of a bucket.
        overwrite: Whether what is there and differs is replaced.
        verbs: What is being done and was done, as `Copying Copied`.

    Raises:
        click.UsageError: It cannot be meant.
        StorageError: The cluster was lost, or a list failed.
    """
    origin, goal = _folder(source), _folder(target)
    if not isinstance(source, ObjectLocation):
        raise click.UsageError(f"{source} is not in a bucket, and --dask copies from one.")
    run.go_on = "The same command goes on: what is done is not done again."
    doing, done = verbs.split()
    cancel = threading.Event()
    async with Display(run.output, doing) as display:
        transferred = partial(
            _transferred,
            *(address, origin, goal),
            overwrite=overwrite,
            literal=True,  # what is a pattern was refused
            concurrency=min(run.config["concurrency"], 32),
            storage_options=_storage_options(run),
            request_options=run.options,
            progress=_Feed(display, asyncio.get_running_loop()).tell,
            cancel=cancel,
        )
        work = asyncio.create_task(asyncio.to_thread(transferred))
        try:
            summary = await asyncio.shield(work)
        except asyncio.CancelledError:
            cancel.set()
            await asyncio.wait([work])
            raise
        except UsageError as error:
            if isinstance(error, ImportError):  # an extra is missing: the words were right
                raise
            raise click.UsageError(plain_words(str(error))) from error
    _conclude(run, summary, done)


def _transferred(address: str, source: str, target: str, **how: Any) -> cluster.ClusterSummary:
    with cluster.connect(address) as client:
        return cluster.transfer(client, source, target, **how)


class _Feed:
    """Carries what the cluster's thread counts to the display, in the loop's own thread."""

    def __init__(self, display: Display, loop: asyncio.AbstractEventLoop) -> None:
        self._progress = display.total
        self._loop = loop
        self._last = ProgressSnapshot()
        self._progress.run_begins()

    def tell(self, now: ProgressSnapshot) -> None:
        """Called from the other thread."""
        self._loop.call_soon_threadsafe(self._add, now)

    def _add(self, now: ProgressSnapshot) -> None:
        last, self._last = self._last, now
        counts = {
            "done": now.objects_done - last.objects_done,
            "skipped": now.objects_skipped - last.objects_skipped,
            "failed": now.objects_failed - last.objects_failed,
        }
        size = now.bytes_confirmed - last.bytes_confirmed
        self._progress.found(sum(counts.values()), size)
        for outcome, count in counts.items():
            for _ in range(count):
                self._progress.object_settled(outcome)
        self._progress.moved(size)
        self._progress.gained(size)


def _conclude(run: Run, summary: cluster.ClusterSummary, verb: str) -> None:
    for failure in summary.failures:
        run.fail(TransferError(f"{failure.error}: {failure.message}"), failure.source)
    run.output.event(
        "summary",
        done=summary.done,
        skipped=summary.skipped,
        failed=summary.failed,
        deleted=0,
        bytes=summary.bytes,
        seconds=round(summary.seconds, 3),
        units=summary.units,
        manifest=summary.manifest,
    )
    rate = f", {human_rate(summary.bytes / summary.seconds)}" if summary.bytes else ""
    rest = f"; {summary.skipped} alike" if summary.skipped else ""
    rest += f"; {summary.failed} failed" if summary.failed else ""
    noun = "object" if summary.done == 1 else "objects"
    run.output.say(
        f"{verb} {summary.done} {noun}, {human_size(summary.bytes)} in"
        f" {summary.seconds:.1f} s{rate}{rest}."
    )
    if summary.failed > len(summary.failures):
        run.output.say(f"{summary.manifest} has all that failed.")
        run.failures = max(1, run.failures)


def _storage_options(run: Run) -> dict[str, Any]:
    """As the command's own client is made; a worker finds a file of credentials on its machine."""
    return {
        **run.config.storage_arguments(),
        "retry": RetryPolicy(retries=run.config["retries"]),
    }


def _folder(location: Location) -> str:
    if isinstance(location, LocalLocation):
        return location.path
    if not isinstance(location, ObjectLocation):
        raise click.UsageError("- cannot go with --dask.")
    if location.has_wildcards or location.generation is not None or not location.bucket:
        raise click.UsageError(f"{location}: --dask takes one folder, without wildcards.")
    name = location.literal_name
    return gs_url(location.bucket, name if not name or name.endswith("/") else f"{name}/")
