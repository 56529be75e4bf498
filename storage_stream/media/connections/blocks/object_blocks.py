"""The blocks of an object, fetched on the event loop and taken by a decoder in a thread.

A request for several blocks hands over each as it arrives: the decoder works on the first while
the others are on their way. Near the end of a long request the next one is made, so that the way
to the service and back costs no time. A request that fails is an error only for who wants a block
of it; what was merely read ahead is forgotten.

Which blocks to ask for, and which to hold, is the matter of `block_cache`; what the object is, that
of `pinned_object`.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING

from storage_stream.errors import InvalidArgument, StreamClosed
from storage_stream.media.connections.blocks.block_cache import BlockCache, ReadAhead

if TYPE_CHECKING:
    from storage_stream.media.connections.blocks.pinned_object import PinnedObject

__all__ = ["ObjectBlocks"]

_PROVEN = 8  # blocks of one request; who has read on so far will read on


class ObjectBlocks:
    """What a decoder reads an object by.

    Args:
        pinned: The object.
        block_size: Bytes of a block.
        cache_size: Bytes that are held at most.
        max_read_ahead: Bytes of one request at most; never more than half of what is held, so that
            what is read ahead does not push out what is needed next.
    """

    def __init__(
        self, pinned: PinnedObject, *, block_size: int, cache_size: int, max_read_ahead: int
    ) -> None:
        if not 1 <= block_size <= cache_size:
            raise InvalidArgument("block_size is at least 1, and at most cache_size")
        if max_read_ahead < 0:
            raise InvalidArgument(f"max_read_ahead={max_read_ahead}: not negative")
        self.object = pinned
        self.block_size = block_size
        self._cache = BlockCache(cache_size // block_size)
        self._ahead = ReadAhead(min(max_read_ahead, cache_size // 2) // block_size)
        self._lock = threading.Lock()  # of the cache: a decoder looks into it without the loop
        self._coming: dict[int, _Fetch] = {}
        self._fetching: set[asyncio.Task[None]] = set()
        self._seen: set[int] = set()
        self._opening = asyncio.Lock()
        self._is_open = False
        self._is_read = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._go_on: dict[int, int] = {}
        """By the block at three quarters of a long request: where the next one begins."""

    # -- in any thread ---------------------------------------------------------------------

    def held(self, number: int) -> bytes | None:
        """A block, if it is here."""
        with self._lock:
            after = self._go_on.pop(number, None)
            data = self._cache.get(number)
        if after is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._read_on, after)
        return data

    # -- on the loop -----------------------------------------------------------------------

    async def open(self) -> None:
        """Fetch the first block, once: it tells what the object is.

        Raises:
            NotFound: There is no such object.
        """
        self._is_read, self._loop = True, asyncio.get_running_loop()
        async with self._opening:
            if not self._is_open:
                data = await self.object.first(self.block_size)
                self._arrived(0, data)
                self.object.stats.bytes_downloaded += len(data)
                self._ahead.plan(0)
                self._is_open = True

    def expect_all(self) -> None:
        """All of it will be read, from front to back: begin with that."""
        if len(self._seen) == 1:  # only the first block was read so far
            self._ahead.expect_all()
            self._read_on(1)

    async def block(self, number: int) -> bytes:
        """A block; `b""` behind the end.

        Raises:
            StorageError: It cannot be read; asking again tries again.
        """
        size = self.object.size
        if size is None or number * self.block_size >= size:
            return b""
        data = self.held(number)
        if data is not None:
            return data
        fetch = self._coming.get(number)
        if fetch is None:
            fetch = self._begin(number, size)
        return await fetch.wanted(number)

    async def rest(self) -> None:
        """Nobody reads now: end what was being read ahead."""
        self._is_read = False
        fetching = list(self._fetching)
        for task in fetching:
            task.cancel()
        if fetching:
            await asyncio.wait(fetching)

    async def close(self) -> None:
        """End what is under way and hold nothing; whoever reads again begins anew."""
        await self.rest()
        with self._lock:
            self._cache.clear()
            self._go_on.clear()
        self._is_open = False

    def _read_on(self, number: int) -> None:
        """Ask for what follows a long request before it is missed; a failure is nobody's yet."""
        size = self.object.size or 0
        if self._is_read and number * self.block_size < size and not self._is_there(number):
            self._begin(number, size)

    def _begin(self, number: int, size: int) -> _Fetch:
        wanted = self._ahead.plan(number, -(-size // self.block_size), self._is_there)
        if len(wanted) >= _PROVEN:
            with self._lock:
                self._go_on[wanted[len(wanted) * 3 // 4]] = wanted.stop
        fetch = _Fetch(wanted.start, wanted.stop)
        self._coming.update(dict.fromkeys(wanted, fetch))
        task = asyncio.get_running_loop().create_task(self._fetch(fetch))
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)
        return fetch

    def _is_there(self, number: int) -> bool:
        with self._lock:
            return number in self._cache or number in self._coming

    async def _fetch(self, fetch: _Fetch) -> None:
        size = self.object.size or 0
        start = fetch.next * self.block_size
        stop = min(fetch.stop * self.block_size, size)
        try:
            async with aclosing(self.object.pieces(start, stop, self.block_size)) as pieces:
                async for data in pieces:
                    self._arrived(fetch.next, data)
                    self._coming.pop(fetch.next, None)
                    fetch.came(data)
        except asyncio.CancelledError:
            fetch.failed(StreamClosed("reading was ended", subject=self.object.subject))
            raise
        except BaseException as error:  # noqa: BLE001 - raised to who wants one of its blocks
            fetch.failed(error)
        finally:
            for number in range(fetch.next, fetch.stop):
                self._coming.pop(number, None)

    def _arrived(self, number: int, data: bytes) -> None:
        if number not in self._seen:
            self._seen.add(number)
            self.object.stats.unique_bytes += len(data)
        with self._lock:
            self._cache.put(number, data)


class _Fetch:
    """A request under way for the blocks from `next` to `stop`, and who waits for them."""

    def __init__(self, start: int, stop: int) -> None:
        self.next = start
        self.stop = stop
        self._waiting: list[tuple[int, asyncio.Future[bytes]]] = []

    async def wanted(self, number: int) -> bytes:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, future))
        return await future

    def came(self, data: bytes) -> None:
        number, self.next = self.next, self.next + 1
        waiting, self._waiting = self._waiting, []
        for wanted, future in waiting:
            if wanted != number:
                self._waiting.append((wanted, future))
            elif not future.done():
                future.set_result(data)

    def failed(self, error: BaseException) -> None:
        waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            if not future.done():
                future.set_exception(error)
