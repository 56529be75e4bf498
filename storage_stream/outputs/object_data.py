"""A blob's data in a bucket, or behind a URL that the caller named."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self, cast

from storage_stream import ObjectStat, Preconditions
from storage_stream.errors import InvalidArgument, RangeNotSatisfiable
from storage_stream.outputs.blob_streams import check_bounds, no_bytes
from storage_stream.outputs.contents.facts import DEFAULT_MEDIA_TYPE, ObjectFacts
from storage_stream.outputs.contents.objects import ObjectContent, ServedObject
from storage_stream.outputs.data import Servable
from storage_stream.outputs.errors import BlobNotLoaded
from storage_stream.outputs.temporary import EXPIRES, Doomed, reaper_of

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from storage_stream import DownloadKeywords, Storage
    from storage_stream.outputs.blob_streams import BlobStream

__all__ = ["BlobObject"]


class BlobObject(Servable):
    """An object in a bucket: one generation of it, which is what every answer sends.

    Args:
        storage: The client, which outlives this; it stays the caller's.
        bucket: The bucket.
        name: The object's name.
        media_type: What it is served as; None: as the bucket knows it.
        generation: Which version; None until `pin` asks.
        filename: What a browser shall call it when it is saved.
        owned: Delete this generation when nobody holds this any more; only inside an event loop.

    Raises:
        InvalidArgument: It is to be owned, and has no generation.
    """

    def __init__(
        self,
        storage: Storage,
        bucket: str,
        name: str,
        media_type: str | None = None,
        *,
        generation: int | None = None,
        filename: str | None = None,
        owned: bool = False,
    ) -> None:
        self._served = ServedObject(
            storage,
            bucket,
            name,
            generation=generation,
            media_type=media_type,
            filename=filename,
        )
        if owned:
            if generation is None:
                raise InvalidArgument("what is deleted later is one generation: name it")
            reaper_of(storage).watch(self, Doomed(bucket, name, generation))

    @classmethod
    async def temporary(
        cls, storage: Storage, bucket: str, data: Any, media_type: str, prefix: str, ttl: float
    ) -> Self:
        """Upload something that is deleted when nobody holds it any more; see `from_temporary`."""
        if not ttl > 0:
            raise InvalidArgument(f"ttl={ttl}: more than 0 seconds")
        expires = datetime.now(UTC) + timedelta(seconds=ttl)
        resource = await storage.upload(
            bucket,
            f"{prefix}{uuid.uuid4().hex}",
            data,
            content_type=media_type,
            metadata={"metadata": {EXPIRES: expires.isoformat(timespec="seconds")}},
            preconditions=Preconditions(if_generation_match=0),
        )
        stat = ObjectStat.of(resource)
        made = cls(storage, bucket, stat.name, media_type, generation=stat.generation, owned=True)
        made._served.learn(ObjectFacts.of_stat(stat))
        return made

    async def pin(self) -> Self:
        """Ask for the generation that is live, once; from then on it is this one. One request.

        Raises:
            NotFound: There is no such object.
        """
        if self._served.generation is None:
            facts = await self._served.look()
            self._served.generation = facts.generation
            self._served.learn(facts)
        return self

    @property
    def generation(self) -> int | None:
        """Which version, or None before `pin`."""
        return self._served.generation

    @property
    def subject(self) -> str:
        """Its `gs://` name."""
        return self._served.subject

    @property
    def media_type(self) -> str:
        """What it is served as."""
        facts = self._served.facts
        known = facts.media_type if facts is not None else DEFAULT_MEDIA_TYPE
        return self._served.media_type or known

    @property
    def size(self) -> int | None:
        """Bytes that are stored, or None before anything was asked."""
        return None if self._served.facts is None else self._served.facts.size

    @property
    def content(self) -> bytes:
        """Not to be had without waiting.

        Raises:
            BlobNotLoaded: Always; `await blob.read()`.
        """
        raise self._not_loaded("await blob.read()")

    def save(self, filename: str) -> NoReturn:
        """Not to be done without waiting.

        Raises:
            BlobNotLoaded: Always; `await blob.save(filename)`.
        """
        del filename
        raise self._not_loaded("await blob.save(filename)")

    def open(self) -> IO[bytes]:
        """Not to be had without waiting.

        Raises:
            BlobNotLoaded: Always; `async with blob.open() as stream`.
        """
        raise self._not_loaded("async with blob.open() as stream")

    @asynccontextmanager
    async def stream(self, start: int, stop: int | None) -> AsyncGenerator[BlobStream]:
        """Its bytes. One request; none for none of them."""
        check_bounds(start, stop)
        async with AsyncExitStack() as stack:
            yield await stack.enter_async_context(await self._opening(start, stop))

    async def save_as(self, filename: str | os.PathLike[str]) -> None:
        """Into a file, verified, in bounded memory; after a failure nothing of it is left."""
        await self._storage.download_to_filename(
            self._served.bucket, self._served.name, filename, resume=False, **self._wanted()
        )

    async def _opening(
        self, start: int, stop: int | None
    ) -> AbstractAsyncContextManager[BlobStream]:
        if start == stop:
            return no_bytes()
        try:
            return await self._storage.download_stream(
                self._served.bucket, self._served.name, **self._wanted(start=start, end=stop)
            )
        except RangeNotSatisfiable:
            return no_bytes()

    def answer_content(self) -> ObjectContent:
        """The object, for one answer."""
        return ObjectContent(self._served)

    @property
    def _storage(self) -> Storage:
        return self._served.storage

    def _wanted(self, **more: Any) -> DownloadKeywords:
        if self._served.generation is not None:
            more["generation"] = self._served.generation
        return cast("DownloadKeywords", more)

    def _not_loaded(self, instead: str) -> BlobNotLoaded:
        return BlobNotLoaded(f"its bytes are in a bucket: {instead}", subject=self.subject)
