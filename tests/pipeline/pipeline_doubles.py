"""Sources and sinks for the pipeline tests, which count what is done to them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from hypothesis import strategies as st

from storage_stream.pipeline import Stage


class Probe:
    """Counts the awaits of everything that it made, and cancels a task at one of them."""

    def __init__(self, cancel_at: int = 0) -> None:
        self.cancel_at = cancel_at
        self.passed = 0
        self.victim: asyncio.Task[object] | None = None
        self.sources: list[CountingSource] = []

    async def checkpoint(self) -> None:
        self.passed += 1
        if self.passed == self.cancel_at and self.victim is not None:
            self.victim.cancel()
        await asyncio.sleep(0)

    def source(self, *chunks: bytes) -> "CountingSource":
        source = CountingSource(chunks, self.checkpoint)
        self.sources.append(source)
        return source


class CountingSource:
    """An async reader over given chunks; it tells how often it was read and closed."""

    def __init__(
        self, chunks: Iterable[bytes], checkpoint: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._chunks = iter(chunks)
        self._checkpoint = checkpoint
        self.reads = 0
        self.given_bytes = 0
        self.closes = 0

    async def read(self, size: int = -1) -> bytes:
        assert size != 0
        assert not self.closes, "read after close"
        if self._checkpoint is not None:
            await self._checkpoint()
        self.reads += 1
        chunk = next(self._chunks, b"")
        self.given_bytes += len(chunk)
        return chunk

    async def aclose(self) -> None:
        self.closes += 1
        if self._checkpoint is not None:
            await self._checkpoint()


class FailingSource(CountingSource):
    """Gives its chunks, then raises."""

    def __init__(self, chunks: Iterable[bytes], failure: BaseException) -> None:
        super().__init__(chunks)
        self.failure = failure

    async def read(self, size: int = -1) -> bytes:
        chunk = await super().read(size)
        if not chunk:
            raise self.failure
        return chunk


async def cancel_everywhere(scenario: Callable[[Probe], Awaitable[object]]) -> int:
    """Run the scenario once per await, cancelled there; return how many awaits there are."""
    cancel_at = 0
    while True:
        cancel_at += 1
        probe = Probe(cancel_at)
        task = asyncio.ensure_future(scenario(probe))
        probe.victim = task
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left behind"
        assert [source.closes for source in probe.sources] == [1] * len(probe.sources)
        if not task.cancelled():
            task.result()
            assert probe.passed < cancel_at, "a cancellation was swallowed"
            return probe.passed


async def items(stage: Stage[bytes]) -> list[bytes]:
    return [item async for item in stage]


async def drain(stage: Stage[bytes], got: list[bytes]) -> None:
    """Append the items to `got`, which keeps what came before an error."""
    async for item in stage:
        got.append(item)  # noqa: PERF401  a comprehension would lose the items at an error


async def as_async(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Cut the data anywhere, with empty chunks among the others."""
    at = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[i:j] for i, j in zip([0, *at], [*at, len(data)], strict=True)]
