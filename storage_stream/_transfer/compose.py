"""Any number of objects joined to one: levels of temporary objects, which never stay."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.compose import (
    MAX_SOURCES,
    ComposeSource,
    compose_object,
    groups_of,
    temporary_prefix,
)
from storage_stream._shielding import to_its_end
from storage_stream._transfer.deletion import delete_listed
from storage_stream.errors import ProtocolError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender

__all__ = ["Composition", "compose"]

_CONCURRENCY = 8  # requests under way; the service itself limits writes of one bucket, not these
_CLEANING_SECONDS = 30.0  # for removing temporary objects, once somebody cancels
_KEPT_PARAMETERS = frozenset({"userProject", "kmsKeyName"})


@dataclass(frozen=True, slots=True)
class Composition:
    """What to make.

    Attributes:
        bucket: Of the sources and of the new object.
        name: Of the new object.
        sources: What it is made of, in order.
        metadata: Fields of its resource.
    """

    bucket: str
    name: str
    sources: Sequence[ComposeSource]
    metadata: Mapping[str, Any]


async def compose(
    sender: Sender, composition: Composition, options: RequestOptions
) -> ObjectResource:
    """Join the sources.

    One request for up to 32 of them. For more, one for every 32 of each level, and two or more to
    remove the temporary objects: also when it fails or is cancelled, which therefore waits for
    the requests that are under way, up to 30 seconds.

    Raises:
        NotFound: A source, or a generation of one, is not there.
        PreconditionFailed: The target or a source is not in the state that was named. Where there
            was to be no target and `attempts` is more than 1, the target may be this one, made by
            an attempt whose answer was lost: what it would consist of is not known here.
    """
    if len(composition.sources) <= MAX_SOURCES:
        return await _join(sender, composition, options)
    levels = _Levels(sender, composition.bucket, options)
    try:
        sources = await levels.reduce(composition.sources)
        resource = await _join(sender, replace(composition, sources=sources), options)
    except BaseException as error:
        await to_its_end(levels.remove(error), grace=_CLEANING_SECONDS)
        raise
    await to_its_end(levels.remove(None), grace=_CLEANING_SECONDS)
    return resource


async def _join(
    sender: Sender, composition: Composition, options: RequestOptions
) -> ObjectResource:
    operation = compose_object(
        composition.bucket, composition.name, composition.sources, composition.metadata
    )
    return await sender.send(operation, options)


class _Levels:
    """The temporary objects of one composition."""

    def __init__(self, sender: Sender, bucket: str, options: RequestOptions) -> None:
        self._sender = sender
        self._bucket = bucket
        self._prefix = temporary_prefix(secrets.token_hex(16))
        kept = tuple(pair for pair in options.params if pair[0] in _KEPT_PARAMETERS)
        # Nobody else knows these names, so that making one twice does no harm.
        self._options = replace(options, params=kept, retry=replace(options.retry, always=True))
        self._places = asyncio.Semaphore(_CONCURRENCY)
        self._under_way: set[asyncio.Task[ObjectResource]] = set()
        self._made = 0

    async def reduce(self, sources: Sequence[ComposeSource]) -> Sequence[ComposeSource]:
        """Level by level, until one call can take the rest."""
        while len(sources) > MAX_SOURCES:
            sources = await self._level(sources)
        return sources

    async def _level(self, sources: Sequence[ComposeSource]) -> Sequence[ComposeSource]:
        tasks = [asyncio.create_task(self._temporary(part)) for part in groups_of(sources)]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise

    async def _temporary(self, sources: Sequence[ComposeSource]) -> ComposeSource:
        if len(sources) == 1:
            return sources[0]
        async with self._places:
            self._made += 1
            name = f"{self._prefix}{self._made}"
            part = Composition(self._bucket, name, sources, {})
            # A request that is broken off may be carried out after the removal: let it end.
            task = asyncio.create_task(_join(self._sender, part, self._options))
            self._under_way.add(task)
            await asyncio.wait([task])
            resource = task.result()
        return ComposeSource(name, _generation(resource))

    async def remove(self, error: BaseException | None) -> None:
        """Remove whatever was made, unknown repeats included; failures become notes."""
        try:
            await self._settled()
        except asyncio.CancelledError as broken_off:
            for task in self._under_way:
                task.cancel()
            told = broken_off if error is None else error
            told.add_note(f"temporary objects may be left below {self._prefix!r}")
            raise
        for failure in await self._delete_all():
            if error is None:
                failure.add_note("the object was composed; a temporary one could not be removed")
                raise failure
            error.add_note(f"a temporary object of the composition is left: {failure}")

    async def _settled(self) -> None:
        """Until no request that makes one is under way."""
        if self._under_way:
            await asyncio.wait(self._under_way)
        for task in self._under_way:
            if not task.cancelled():
                task.exception()  # taken note of; the first of them is being raised

    async def _delete_all(self) -> list[StorageError]:
        # The key of the content and the like are no matter of these requests.
        connection = self._options.only_connection()
        removal = delete_listed(self._sender, self._bucket, self._prefix, connection, versions=True)
        try:
            await removal
        except StorageError as failure:
            return [failure]
        return [result.error for result in removal.failures if result.error is not None]


def _generation(resource: ObjectResource) -> int:
    try:
        return int(resource.get("generation", ""))
    except ValueError:
        raise ProtocolError("a composed object has no generation") from None
