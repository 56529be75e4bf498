"""The memory a body arrives in: one ring, reused for all of it, that the network writes into.

A fresh block for each piece costs a page fault for each of its pages and a copy on the way out.
Here the event loop receives straight into the ring (`asyncio.BufferedProtocol`), and the reader
works on the very same bytes while the loop fills the rest of it. It knows no HTTP and no socket:
it is told how long the body is, and how to ask for silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.errors import StorageError

__all__ = ["BODY_BUFFER_BYTES", "BodyBuffer"]

BODY_BUFFER_BYTES: Final = 1024 * 1024
"""Measured on loopback, 64 KiB reads with checksum, CPU s/GiB on asyncio: 256 KiB 0.48, 512 KiB
0.40, 1 MiB 0.34, 2 MiB 0.37. Larger pieces are fewer, until a core's own cache is too small."""

_MOVED_BYTES: Final = 64 * 1024  # takes less than to fetch another part of the ring to the cache


class BodyBuffer:
    """A body between the network, which is called back, and one reader, who waits.

    The reader gets at most half of the ring at a time, and the network at most half: while one
    half is worked on, the other fills. When both are full the network is paused, until half of
    the ring is free again.

    Args:
        pause: Called when there is no space left; nothing may be received until `resume`.
        resume: Called when there is space again.
        limit: Bytes of the body; None when only `end` tells. Not one byte more is asked for,
            unless `catches_excess`.
        catches_excess: Ask for one byte behind the limit where the ring has room for it. One that
            comes shows in `has_excess`, and the connection is of no use any more.
        storage: Memory to use in place of its own, of at least two bytes, three to catch excess;
            nobody else may write to it until `close`.

    A reader with memory of its own that has room for much is better served there, see
    `receive_into`: then the ring is passed by.

    Attributes:
        has_excess: Whether a byte came from behind the limit. It was not kept.
    """

    __slots__ = (
        "_aborted",
        "_closed",
        "_ended",
        "_error",
        "_fed",
        "_filled",
        "_got",
        "_half",
        "_into_target",
        "_left",
        "_lent",
        "_memory",
        "_pause",
        "_paused",
        "_resume",
        "_size",
        "_spare",
        "_start",
        "_target",
        "_waiter",
        "_wanted",
        "has_excess",
    )

    def __init__(
        self,
        pause: Callable[[], None],
        resume: Callable[[], None],
        *,
        limit: int | None = None,
        catches_excess: bool = False,
        storage: bytearray | memoryview | None = None,
    ) -> None:
        self._spare = int(catches_excess)  # a byte behind the end of the ring
        self._left = limit
        if storage is None:
            self._memory: memoryview | None = None  # not before it is needed
            self._size = self._own_size()
        else:
            self._memory = memoryview(storage)
            self._size = len(self._memory) - self._spare
        self._half = self._size // 2
        self._start = 0  # of what nobody has read yet; what is lent lies right before it
        self._filled = 0
        self._lent = 0
        self._fed: deque[bytes | memoryview] = deque()
        self.has_excess = False
        self._pause = pause
        self._resume = resume
        self._paused = False
        self._ended = False
        self._aborted = False
        self._closed = False
        self._error: StorageError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._wanted = 1  # bytes that the reader waits for
        self._target: memoryview | None = None  # of the reader's, while it waits
        self._got = 0  # bytes of it that were written
        self._into_target = False  # whether `space` is in it

    # -- the network's side ----------------------------------------------------------------

    @property
    def left(self) -> int | None:
        """Bytes of the body that have not arrived yet; None when its length is not known."""
        return self._left

    @property
    def buffered(self) -> int:
        """Bytes that the network wrote and nobody has read."""
        return self._filled + self._got

    @property
    def is_complete(self) -> bool:
        """Whether the body has arrived to its end, in order."""
        return self._left == 0 or (self._ended and self._error is None)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can arrive: complete, ended with an error, aborted or closed."""
        return self._left == 0 or self._ended or self._closed

    def feed(self, data: bytes | memoryview) -> int:
        """Take bytes that were received before the first ones of the network.

        They are kept as they are, not copied: who feeds a view leaves its memory alone.

        Returns:
            How many of them belong to the body. What is behind its end is not taken.

        Raises:
            RuntimeError: Something was received already, and these would come out of turn.
        """
        if self._filled or self._lent:
            raise RuntimeError("bytes were received already: these come too late")
        taken = len(data) if self._left is None else min(len(data), self._left)
        if taken:
            self._fed.append(data if taken == len(data) else memoryview(data)[:taken])
            self._arrived(taken)
        return taken

    def space(self) -> memoryview:
        """Where the next bytes go (for `get_buffer`); empty when paused, and behind the end."""
        if self._target is not None and not self._filled:
            space = self._space_in(self._target)
            self._into_target = len(space) > 0
            if self._into_target:
                return space
        memory = self._memory or self._made()
        free = self._size - self._filled - self._lent
        begin = self._start + self._filled
        if begin >= self._size:
            begin -= self._size
        size = min(free, self._size - begin, self._half)
        left = self._left
        if left is not None and left <= size:
            size = left
            if self._spare and left:
                # One more, where the ring has room or ends; where it has not, the last byte of
                # the body waits for the next time.
                has_room = free > size or begin + size == self._size
                size = size + 1 if has_room else max(1, size - 1)
        return memory[begin : begin + size]

    def _own_size(self) -> int:
        """No more than twice what is still to come: then a half holds it."""
        size = BODY_BUFFER_BYTES if self._left is None else min(BODY_BUFFER_BYTES, 2 * self._left)
        return max(2, size)

    def _made(self) -> memoryview:
        """The ring; empty after closing."""
        if self._memory is None:
            self._size = self._own_size()  # some of the body may have gone elsewhere
            self._half = self._size // 2
            self._memory = memoryview(bytearray(self._size + self._spare))
        return self._memory

    def _space_in(self, target: memoryview) -> memoryview:
        """The rest of the reader's memory.

        Behind the end of the body there may be an excess, and no room for it: so the last byte
        comes by way of the ring.
        """
        room = len(target) - self._got
        if self._left is not None and self._left <= room:
            room = self._left - self._spare
        return target[self._got : self._got + room]

    def received(self, count: int) -> None:
        """Say that so many bytes were written into `space()` (for `buffer_updated`)."""
        if self._into_target:
            self._into_target = False
            self._got += count
            self._arrived(count)
            return
        if self._left is not None and count > self._left:
            self.has_excess = True
            count = self._left
        self._filled += count
        self._arrived(count)
        if self._filled + self._lent >= self._size and self._left != 0 and not self._paused:
            self._paused = True
            self._pause()

    def end(self, error: StorageError | None) -> None:
        """Nothing more comes.

        Args:
            error: What is raised behind the last byte that arrived; None for an end in order.
                Behind the limit there is no failure any more.
        """
        if not self.is_over:
            self._ended, self._error = True, error
            self._wake()

    def abort(self, error: StorageError) -> None:
        """Let the read that waits, or else the next one, raise this, whatever has arrived.

        A body that was read to its end stays one.
        """
        if not self._aborted and not (self.is_complete and not self._filled and not self._fed):
            self._aborted = self._ended = True
            self._error = error
            self._wake()

    def close(self, error: StorageError) -> None:
        """Forget what is there; the memory may be used for something else. Idempotent.

        Args:
            error: For a read that waits, and for whoever reads on.
        """
        if not self._closed:
            self.abort(error)
            self._closed = True
            self._fed.clear()
            self._target = None
            self._start = self._filled = self._lent = self._size = self._half = 0
            self._memory = memoryview(b"")

    # -- the reader's side -----------------------------------------------------------------

    async def read(self, at_least: int = 1) -> memoryview | bytes:
        """The next bytes, as they come; `b""` at the end, every time.

        A view is borrowed: it is valid until the next `read` or `close`, and then the network
        writes over it. Cancelling loses nothing.

        Args:
            at_least: Wait until so many are here, half of the ring at most: waking the reader
                for each piece costs more than receiving it. Fewer come where the ring or the
                body ends, and before a failure.

        Raises:
            StorageError: What `abort`, or behind the last byte `end`, was given.
            RuntimeError: Another task is reading.
        """
        self._take_back()
        wanted = self._wanted = min(at_least, self._half)
        while True:
            if self._aborted:
                assert self._error is not None  # noqa: S101 - `abort` set both
                raise self._error
            if self._fed:
                return memoryview(self._fed.popleft())
            if self._filled and (self._filled >= wanted or self.is_over):
                return self._lend(wanted)
            if self._error is not None:
                raise self._error
            if self._left == 0 or self._ended:
                return b""
            await self._arrival()

    async def receive_into(self, target: memoryview) -> int:
        """The next bytes, into memory of the reader's; 0 at the end, every time.

        What has arrived is copied there. Where nothing has, the network writes there, until it is
        full, or nothing more comes. Cancelling loses nothing: what had been written is kept for
        the next read.

        Args:
            target: Of bytes, writable, at least one. Nobody uses it when this has returned or
                raised.

        Returns:
            How many bytes there are.

        Raises:
            StorageError: What `abort`, or behind the last byte `end`, was given.
            RuntimeError: Another task is reading.
        """
        self._take_back()
        if self._aborted or self.is_over or self._fed or self._filled:
            return self._copied_into(target)
        self._wanted = self._half  # what comes behind what the target has room for
        self._target = target
        try:
            while self._got < len(target) and not self.is_over:
                await self._arrival()
        except BaseException:
            if self._got:
                self._fed.appendleft(bytes(target[: self._got]))
            raise
        finally:
            got, self._got, self._target, self._into_target = self._got, 0, None, False
        return self._completed(target, got)

    def _completed(self, target: memoryview, got: int) -> int:
        if not got or self._aborted:
            return self._copied_into(target)
        if got < len(target) and self._filled:  # the last byte of the body
            got += self._copied_into(target[got:])
        return got

    def _copied_into(self, target: memoryview) -> int:
        """Bytes that are here already."""
        if self._aborted:
            assert self._error is not None  # noqa: S101 - `abort` set both
            raise self._error
        if self._fed:
            piece = memoryview(self._fed.popleft())
            size = min(len(piece), len(target))
            target[:size] = piece[:size]
            if size < len(piece):
                self._fed.appendleft(piece[size:])
        elif self._filled:
            lent = self._lend(1, len(target))
            size = len(lent)
            target[:size] = lent
        elif self._error is not None:
            raise self._error
        else:
            size = 0
        return size

    def _lend(self, wanted: int, most: int | None = None) -> memoryview:
        """Bytes in a row, a multiple of what is wanted: so none is left over for the next read."""
        size = min(self._filled, self._half if most is None else most, self._size - self._start)
        if size > wanted:
            size -= size % wanted
        view = self._made()[self._start : self._start + size]
        self._start = (self._start + size) % self._size
        self._filled -= size
        self._lent = size
        return view

    def _take_back(self) -> None:
        """The view that was lent last is not looked at any more."""
        if self._waiter is not None:
            raise RuntimeError("another task is reading this body")
        self._lent = 0
        if self._start:
            self._move_to_begin()
        if self._paused and self._filled <= self._half and not self._closed:
            self._paused = False
            self._resume()

    def _move_to_begin(self) -> None:
        """The same memory again, which is still in the cache, where little has to be moved."""
        filled, start = self._filled, self._start
        if not filled:
            self._start = 0
        elif filled <= _MOVED_BYTES and start + filled <= self._size:
            memory = self._made()
            memory[:filled] = memory[start : start + filled]
            self._start = 0

    async def _arrival(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _arrived(self, count: int) -> None:
        left = self._left
        if left is not None:
            left = self._left = left - count
        target = self._target
        is_enough = self._filled >= self._wanted or (
            target is not None and self._got >= len(target)
        )
        if is_enough or self._fed or left == 0:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
