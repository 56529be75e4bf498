"""A function of the user's on each object; what it gives goes to the target, or comes back.

A target that is there and names the generation of the source it was made of need not be made
again. A function without a target is called again for what was not reported, so that what it does
besides has to bear being done twice.
"""

from __future__ import annotations

import asyncio
import inspect
import pickle
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from storage_stream import Preconditions
from storage_stream.errors import NotFound, PreconditionFailed, StorageError
from storage_stream.integrations.dask.copying import changed
from storage_stream.integrations.dask.doing import Doing, words_of
from storage_stream.integrations.dask.known_targets import known_targets

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from storage_stream import Storage
    from storage_stream.integrations.dask.order import Order, Report, SourceObject

__all__ = ["SOURCE_KEY", "Mapper"]

SOURCE_KEY = "storage-stream-source-generation"
"""Of a result's metadata: the generation it was made of."""

_MOST_RESULTS_BYTES = 16 * 1024 * 1024
"""That come back with a unit, besides those of the objects then under way."""
_GZIP_RATIO = 8  # what is decoded has about so many times the bytes that are stored


class FunctionError(ValueError):
    """What the user's function raised, in words."""


class _Room:
    """Bytes that objects may have in memory together; one alone may have more."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._used = 0
        self._turn = asyncio.Lock()  # first come, first served: a large one is not passed for ever
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def taken(self, size: int) -> AsyncGenerator[None]:
        async with self._turn:
            while self._used and self._used + size > self._most_bytes:
                self._freed.clear()
                await self._freed.wait()
            self._used += size
        try:
            yield
        finally:
            self._used -= size
            self._freed.set()


class Mapper(Doing):
    """Maps.

    Args:
        storage: Transfers.
        order: What is to be done.
        report: Takes what becomes of it.
        call: Calls a blocking function; None: in the loop itself.
    """

    def __init__(
        self, storage: Storage, order: Order, report: Report, call: Callable[..., Any] | None
    ) -> None:
        super().__init__(storage, order, report)
        self._call = call
        self._room = _Room(order.most_object_bytes)
        self._results_bytes = 0
        self._is_async = inspect.iscoroutinefunction(order.function) or (
            inspect.iscoroutinefunction(getattr(order.function, "__call__", None))  # noqa: B004
        )

    async def prepare(self, listed: Sequence[dict[str, Any]], end: str | None) -> None:
        """See `Doing.prepare`. One request for each page of the target's list, if there is one."""
        self._known = await known_targets(self.storage, self.order, listed, end)

    def is_there(self, item: dict[str, Any]) -> bool:
        """See `Doing.is_there`: a result is there that was made of this generation."""
        known = self._known.get(item["name"])
        return known is not None and (
            not self.order.overwrite or _made_of(known) == item["generation"]
        )

    @property
    def is_full(self) -> bool:
        """See `Doing.is_full`."""
        return self._results_bytes >= _MOST_RESULTS_BYTES

    async def one(self, item: dict[str, Any]) -> None:
        """See `Doing.one`. One request, and one more for what goes to the target."""
        known = self._known.get(item["name"])
        source = self.source_of(item)
        try:
            value = await self._applied(source, is_gzip=item.get("contentEncoding") == "gzip")
        except NotFound as error:
            raise changed(source.bucket, source.name) from error
        if self.order.target_bucket is None:
            self._keep(source, value)
        elif value is not None:
            expected = 0 if known is None else int(known["generation"])
            if not await self._store(source, value, expected):
                self.skipped()
                return
        self.done(source.size)

    async def _applied(self, source: SourceObject, *, is_gzip: bool) -> object:
        if self._is_async:
            return await self._streamed(source)
        if source.size > self.order.most_object_bytes:
            raise FunctionError(
                f"{source.size} bytes are more than the {self.order.most_object_bytes} that a "
                "function is given whole: an async function is given the stream"
            )
        async with self._room.taken(source.size * (_GZIP_RATIO if is_gzip else 1)):
            data = await self.storage.download(
                source.bucket,
                source.name,
                generation=source.generation,
                max_decoded_bytes=self.order.most_object_bytes,
                **self.order.request_options,
            )
            if self._call is None:
                return _called(self._function, data, source)
            value: object = await self._call(_called, self._function, data, source)
            return value

    async def _streamed(self, source: SourceObject) -> object:
        async with self.storage.download_stream(
            source.bucket,
            source.name,
            generation=source.generation,
            **self.order.request_options,
        ) as stream:
            try:
                value: object = await self._function(stream, source)
            except (StorageError, GeneratorExit):
                raise
            except BaseException as error:
                task = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                    raise  # else it is the function's own, and would end the lane in silence
                raise _told(error) from error
            return value

    @property
    def _function(self) -> Callable[..., Any]:
        assert self.order.function is not None  # noqa: S101 - that is what is to be done
        return self.order.function

    def _keep(self, source: SourceObject, value: object) -> None:
        if value is None:
            return
        try:
            size = len(pickle.dumps(value))
        except Exception as error:
            raise FunctionError(f"the function's result cannot come back: {error}") from error
        if size > self.order.most_result_bytes:
            raise FunctionError(
                f"the function's result has {size} bytes, and {self.order.most_result_bytes} "
                "may come back: give a target"
            )
        self._results_bytes += size + len(source.name)
        self.report.results.append((source.name, value))

    async def _store(self, source: SourceObject, value: object, expected: int) -> bool:
        """Whether it is there now; False where another one is, and none are replaced."""
        if not isinstance(value, str | bytes | bytearray | memoryview):
            raise FunctionError(
                f"the function gave {type(value).__name__}: bytes, text or None go to a target"
            )
        order, name = self.order, self.order.target_name(source.name)
        try:
            await self.storage.upload(
                order.target_bucket or "",
                name,
                value,
                metadata={"metadata": {SOURCE_KEY: str(source.generation)}},
                preconditions=Preconditions(if_generation_match=expected),
                **order.request_options,
            )
        except PreconditionFailed:
            if not order.overwrite:
                return False
            # Another worker had this unit, too.
            found: Any = await self.storage.download_metadata(
                order.target_bucket or "", name, **order.request_options
            )
            if _made_of(found) != str(source.generation):
                raise
        return True


def _made_of(resource: Any) -> str | None:
    metadata: dict[str, str] = resource.get("metadata") or {}
    return metadata.get(SOURCE_KEY)


def _called(function: Callable[..., Any], data: bytes, source: SourceObject) -> object:
    """What the function gives; what it raises is told of the object, `sys.exit` too."""
    try:
        return function(data, source)
    except BaseException as error:
        raise _told(error) from error


def _told(error: BaseException) -> FunctionError:
    return FunctionError(f"the function raised {type(error).__name__}: {words_of(error)}")
