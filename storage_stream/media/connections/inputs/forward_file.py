"""A file on an object that comes from front to back only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.media.connections.inputs.run_file import RunFile
from storage_stream.media.errors import UnseekableTooLarge

if TYPE_CHECKING:
    from storage_stream import StreamResponse
    from storage_stream.media.bridge.run import Run
    from storage_stream.media.connections.blocks.pinned_object import PinnedObject

__all__ = ["ForwardFile"]


class ForwardFile(RunFile):
    """An object that comes from front to back only: decompressed on the way, or without ranges.

    libvips keeps what it read of such a source in memory, as long as it may need to go back.

    Args:
        run: To which it belongs.
        pinned: The object.
        limit: Bytes that may come in all.
        size: Bytes of one step.
        timeout: Seconds to wait for bytes.
    """

    def __init__(
        self, run: Run, pinned: PinnedObject, limit: int, size: int, timeout: float | None
    ) -> None:
        super().__init__(run, timeout)
        self._object = pinned
        self._limit = limit
        self._step = size
        self._taken = 0
        self._held = memoryview(b"")
        self._opened: Any = None
        self._stream: StreamResponse | None = None

    def retire(self) -> None:
        """Let go of the object."""
        self._held = memoryview(b"")
        del self._object

    def fill(self, view: memoryview) -> int:
        """Write the next bytes into it."""
        self._object.stats.callbacks += 1
        if self._held:
            self._object.stats.cache_hits += 1
        else:
            self._held = memoryview(self.wait_for(self._next))
        count = min(len(self._held), len(view))
        view[:count] = self._held[:count]
        self._held = self._held[count:]
        return count

    async def _next(self) -> bytes:
        if self._stream is None:
            opened = self._object.stream()
            self._stream = await opened.__aenter__()
            self._opened = opened
            self._check(self._stream.content_length or 0)
        data = await self._stream.read(self._step)
        self._taken += len(data)
        self._check(self._taken)
        self._object.count(len(data))
        return data

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise UnseekableTooLarge(
                "it can only be read from front to back, because of its encoding or its server,"
                f" and is more than max_unseekable={self._limit} bytes",
                subject=self._object.subject,
            )

    async def end(self) -> None:
        """Let go of the connection."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.__aexit__(None, None, None)
