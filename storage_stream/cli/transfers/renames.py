"""Moves within one bucket: the service gives each object another name at once, and copies nothing.

https://cloud.google.com/storage/docs/json_api/v1/objects/move. Nothing is left to be deleted, and
what was moved is not found again by who goes on. It knows nothing of how the names were chosen.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from storage_stream import Preconditions, Progress, Storage, TransferResult
from storage_stream.cli.locations import gs_url
from storage_stream.errors import NotFound, PreconditionFailed, ResponseError, StorageError

__all__ = ["ACTION", "Renames"]

ACTION = "move"
"""As results call it."""

Pair = tuple[Any, str]
"""The resource of an object, and what it is to be called."""


@dataclass(frozen=True)
class Renames:
    """How objects of a bucket are renamed.

    Attributes:
        storage: The client.
        bucket: Of both names.
        concurrency: At most so many at once.
        progress: Counts them.
        requests: Keywords of each request.
    """

    storage: Storage
    bucket: str
    concurrency: int
    progress: Progress = field(default_factory=Progress)
    requests: dict[str, Any] = field(default_factory=dict[str, Any])

    async def all(self, pairs: AsyncGenerator[Pair, None]) -> AsyncGenerator[TransferResult, None]:
        """Rename them, and tell of each as it is done; one request each.

        Each only if it still is the generation that was listed. Leaving early cancels those under
        way: then each has the one name or the other.
        """
        under_way: set[asyncio.Task[TransferResult]] = set()
        self.progress.run_begins()
        try:
            async with aclosing(pairs):
                async for resource, name in pairs:
                    while len(under_way) >= self.concurrency:
                        for result in await _next_of(under_way):
                            yield result
                    self.progress.found(1, int(resource.get("size", 0)))
                    under_way.add(asyncio.create_task(self._one(resource, name)))
            self.progress.all_found()
            while under_way:
                for result in await _next_of(under_way):
                    yield result
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
            self.progress.run_ends()

    async def _one(self, resource: Any, name: str) -> TransferResult:
        source, target = gs_url(self.bucket, resource["name"]), gs_url(self.bucket, name)
        generation = int(resource["generation"])
        try:
            made = await self._renamed(resource, name, generation)
        except (StorageError, ValueError) as error:
            self.progress.object_settled("failed")
            return TransferResult(
                *(ACTION, source, target), error=error, source_generation=generation
            )
        size = int(made.get("size", 0))
        self.progress.gained(size)
        self.progress.object_settled("done")
        return TransferResult(
            *(ACTION, source, target, size, int(made["generation"])),
            source_generation=generation,
            crc32c=made.get("crc32c"),
        )

    async def _renamed(self, resource: Any, name: str, generation: int) -> Any:
        unchanged = Preconditions(if_source_generation_match=generation)
        try:
            return await self.storage.rename(
                self.bucket, resource["name"], name, preconditions=unchanged, **self.requests
            )
        except (NotFound, PreconditionFailed) as error:
            if (made := await self._made_before(error, resource, name)) is not None:
                return made
            raise

    async def _made_before(self, error: ResponseError, resource: Any, name: str) -> Any:
        """What an attempt made whose answer was lost, or None: then it was refused indeed."""
        if (error.attempts or 0) < 2:  # noqa: PLR2004 - the first answer of all is the only one
            return None
        try:
            found = await self.storage.download_metadata(self.bucket, name, **self.requests)
        except NotFound:
            return None
        return found if found.get("crc32c") == resource.get("crc32c") else None


async def _next_of(under_way: set[asyncio.Task[TransferResult]]) -> list[TransferResult]:
    """Wait for some to end; takes them out."""
    ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    under_way -= ended
    return [task.result() for task in ended]
