"""Several sources read at once, their items given as they come."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast, overload

from storage_stream._cancellation import is_being_cancelled
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import Input, Source, open_source
from storage_stream.pipeline.stage import ByteStage, Stage, cancel_and_wait

__all__ = ["merge"]

T = TypeVar("T")


@overload
def merge(*sources: Source, max_pending: int = ...) -> ByteStage: ...
@overload
def merge(*sources: Stage[T], max_pending: int = ...) -> Stage[T]: ...
def merge(*sources: Any, max_pending: int = 16) -> Stage[Any]:
    """Give the items of all sources as they come; each source's own order is kept.

    Merge records (`lines`, `json_lines`) where an item must stay whole: the chunks of plain
    sources are interleaved as they are.

    Args:
        sources: what to read, each in a task of its own; all closed with the stage.
        max_pending: how many items may wait for the reader; each source may hold one more. When
            they are that many, nothing more is read.

    Raises:
        InvalidArgument: `max_pending` is not positive.

    The first failure of a source is raised, after the items that came before it, and closes all
    the others. Cancelling or closing ends the tasks before it returns.
    """
    if max_pending < 1:
        raise InvalidArgument(f"max_pending must be positive, not {max_pending}")
    stages = [_as_stage(source) for source in sources]
    batches = _merge(stages, max_pending)
    if all(isinstance(stage, ByteStage) for stage in stages):
        return ByteStage(cast("AsyncGenerator[list[bytes], None]", batches), *stages)
    return Stage(batches, *stages)


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Finished:
    failure: BaseException | None


def _as_stage(source: object) -> Stage[Any]:
    # Not isinstance: it would narrow to a Stage of unknown items, which strict checking refuses.
    if issubclass(type(source), Stage):
        return cast("Stage[Any]", source)
    taken = open_source(source)
    return ByteStage(_chunks(taken), taken)


async def _chunks(source: Input) -> AsyncGenerator[list[bytes], None]:
    while chunk := await source.read_chunk():
        yield [chunk]


async def _merge(stages: Sequence[Stage[T]], max_pending: int) -> AsyncGenerator[list[T], None]:
    meeting = _Meeting[T](max_pending)
    pumps = [asyncio.create_task(meeting.pump(stage)) for stage in stages]
    unfinished = len(pumps)
    try:
        while unfinished:
            arrival = await meeting.next_arrival()
            if isinstance(arrival, _Item):
                yield [arrival.value]
            elif arrival.failure is not None:
                raise arrival.failure
            else:
                unfinished -= 1
    finally:
        await cancel_and_wait(pumps)


class _Meeting(Generic[T]):
    """Where the pumps leave items for the reader.

    The room is a semaphore, because a bounded queue is not fair: a source that never waits would
    take each place that comes free, and the others would get none until it ends.
    """

    def __init__(self, max_pending: int) -> None:
        self._room = asyncio.Semaphore(max_pending)
        self._arrived: asyncio.Queue[_Item[T] | _Finished] = asyncio.Queue()

    async def pump(self, stage: Stage[T]) -> None:
        failure: BaseException | None = None
        try:
            async for item in stage:
                await self._room.acquire()
                self._arrived.put_nowait(_Item(item))
        except BaseException as raised:
            if is_being_cancelled():
                raise
            # Even a CancelledError, if it is the source's own: else the reader would wait for ever.
            failure = raised
        self._arrived.put_nowait(_Finished(failure))

    async def next_arrival(self) -> _Item[T] | _Finished:
        arrival = await self._arrived.get()
        if isinstance(arrival, _Item):
            self._room.release()
        return arrival
