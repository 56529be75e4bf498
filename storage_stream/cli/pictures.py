"""What the commands on pictures share: which objects are meant, and several of them at once."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import click

from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of, named_objects, nothing_matches
from storage_stream.cli.running import Run
from storage_stream.errors import StorageError

__all__ = ["Named", "Outcome", "in_order", "named_pictures"]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Named:
    """An object that is meant.

    Attributes:
        bucket: Its bucket.
        name: Its name.
        generation: Which generation; None for the live one.
        below: Its name below the "folder" that was named; its last step where none was.
    """

    bucket: str
    name: str
    generation: int | None
    below: str

    @property
    def url(self) -> str:
        """As it is written."""
        return gs_url(self.bucket, self.name)


async def named_pictures(
    run: Run, location: ObjectLocation, *, recursive: bool
) -> AsyncGenerator[Named, None]:
    """The objects that are meant; with `recursive` all that are below such a name.

    Raises:
        NotFound: There is none.
        click.UsageError: A bucket is named, and no object.
    """
    if not recursive:
        if location.is_bucket:
            raise click.UsageError(f"{location} is a bucket; -r means all that is in it.")
        async with aclosing(named_objects(run, location)) as objects:
            async for bucket, name, generation in objects:
                yield Named(bucket, name, generation, name.rstrip("/").rpartition("/")[2])
        return
    if not location.pattern.is_literal:
        raise click.UsageError(f"{location}: -r takes a bucket or a folder, and no wildcard.")
    found = False
    for bucket in await buckets_of(run, location):
        async with aclosing(_below(run, bucket, location.literal_name)) as objects:
            async for named in objects:
                found = True
                yield named
    if not found:
        raise nothing_matches(location)


async def _below(run: Run, bucket: str, folder: str) -> AsyncGenerator[Named, None]:
    prefix = folder if folder.endswith("/") or not folder else f"{folder}/"
    fields = "items(name,generation)"
    listed = run.storage.iter_objects(bucket, prefix=prefix, fields=fields, **run.options)
    async with aclosing(listed) as resources:
        async for resource in resources:
            name = resource["name"]
            if not name.endswith("/"):  # what stands for a folder is no picture
                generation = int(resource.get("generation", 0)) or None
                yield Named(bucket, name, generation, name[len(prefix) :])


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T, R]):
    """What came of an item, or why nothing did."""

    item: T
    value: R | None
    error: StorageError | OSError | None = None


async def in_order(
    items: AsyncGenerator[T, None], work: Callable[[T], Coroutine[Any, Any, R]], at_once: int
) -> AsyncGenerator[Outcome[T, R], None]:
    """What comes of each item, in their order, with several under way.

    Leave it early within `contextlib.aclosing`: it ends what is under way.

    Raises:
        StorageError: The items cannot be listed to their end; what came before was yielded.
    """
    under_way: deque[tuple[T, asyncio.Task[R]]] = deque()
    failure: StorageError | None = None
    try:
        try:
            async with aclosing(items):
                async for item in items:
                    under_way.append((item, asyncio.create_task(work(item))))
                    if len(under_way) >= at_once:
                        yield await _first(under_way)
        except StorageError as error:
            failure = error
        while under_way:
            yield await _first(under_way)
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
    if failure is not None:
        raise failure


async def _first(under_way: deque[tuple[T, asyncio.Task[R]]]) -> Outcome[T, R]:
    item, task = under_way[0]
    outcome: Outcome[T, R]
    try:
        outcome = Outcome(item, await task)
    except (StorageError, OSError) as error:
        outcome = Outcome(item, None, error)
    under_way.popleft()
    return outcome
