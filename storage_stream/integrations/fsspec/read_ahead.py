"""The cache of files that are read here, unless another is asked for: it reads ahead.

Reads that follow each other are served from blocks that were asked for before, a multiple of what
the reader takes at once; a read elsewhere is one range, no more than it needs. At most three
blocks are held. It knows bytes and positions, and nothing of objects.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from storage_stream.integrations.fsspec.library import BaseCache, register_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["ReadAhead"]

_AHEAD = 2  # blocks under way; one more is being read
_SMALLEST = 128 * 1024
_LARGE = 1024 * 1024  # who takes so much at once gets blocks that no read of its crosses


def _no_check(start: int, data: bytes) -> None:
    """Nothing is compared."""


class ReadAhead(BaseCache):
    """Blocks of a file, fetched before they are asked for.

    Args:
        blocksize: Bytes of a block at most, where reads are smaller.
        fetcher: Gives the bytes between two positions, and waits for them.
        size: Of the file.
        begin: The same, without waiting: a future.
        first: The bytes the file begins with, which are there already.
        check: Is given what came, and where it belongs, in the order it is read.
    """

    name: ClassVar[str] = "storage-stream"

    def __init__(
        self,
        blocksize: int,
        fetcher: Callable[[int, int], bytes],
        size: int,
        begin: Callable[[int, int], Future[bytes]] | None = None,
        first: bytes = b"",
        check: Callable[[int, bytes], None] = _no_check,
    ) -> None:
        super().__init__(blocksize, fetcher, size)
        self._begin = begin
        self._check = check
        self._start = 0  # of the block that is held
        self._held: bytes = first
        self._ahead: deque[tuple[int, int, Future[bytes]]] = deque()
        self._next = 0  # where a read goes on that follows the last one
        self._run = 0  # reads that followed each other
        self._process = os.getpid()

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        """The bytes between two positions."""
        start = start or 0
        stop = self.size if stop is None else min(stop, self.size)
        if start >= stop:
            return b""
        self._run = self._run + 1 if start == self._next else 0
        self._next = stop
        if self._process != os.getpid():  # what is under way comes to the parent of this process
            self._process = os.getpid()
            self._ahead.clear()
        if self._start <= start and stop <= self._start + len(self._held):
            self.hit_count += 1
            return self._of_held(start, stop)
        self.miss_count += 1
        if not self._run and not self._is_near(start):
            self._forget()
        return self._along(start, stop)

    def close(self) -> None:
        """Give up what is under way, and forget what is held."""
        self._forget()
        self._held = b""

    def _of_held(self, start: int, stop: int) -> bytes:
        if start == self._start and stop == start + len(self._held):
            return self._held
        return self._held[start - self._start : stop - self._start]

    def _is_near(self, start: int) -> bool:
        """Whether it is held, or under way."""
        end = self._ahead[-1][1] if self._ahead else self._start + len(self._held)
        return self._start <= start < end

    def _along(self, start: int, stop: int) -> bytes:
        """From what is held, through what is under way, to what has to be asked for."""
        parts: list[bytes] = []
        position = start
        while position < stop:
            held_end = self._start + len(self._held)
            if self._start <= position < held_end:
                parts.append(self._of_held(position, min(stop, held_end)))
                position += len(parts[-1])
            elif self._ahead:
                self._take_next(position)
            else:
                parts.append(self._direct(position, stop))
                position = stop
        if self._run:
            self._read_on(stop - start)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take_next(self, position: int) -> None:
        """Hold the next block that is under way; one that lies before the position is dropped."""
        begin, end, future = self._ahead.popleft()
        if end <= position:
            future.cancel()
            return
        self._held = b""  # let go of it before the next one is there
        self._hold(begin, end, future.result())

    def _direct(self, start: int, stop: int) -> bytes:
        """What nobody asked for before: some more than is wanted, where that is little."""
        end = min(self.size, max(stop, start + self._grown()))
        self.total_requested_bytes += end - start
        self._held = b""
        self._hold(start, end, self.fetcher(start, end))
        return self._of_held(start, stop)

    def _hold(self, start: int, end: int, data: bytes) -> None:
        if len(data) != end - start:
            raise EOFError(f"{len(data)} bytes came where {end - start} were asked for")
        self._start, self._held = start, data
        self._check(start, data)

    def _read_on(self, taken: int) -> None:
        """Have the next blocks brought: as large as is usual, in whole steps of a large reader."""
        if self._begin is None:
            return
        is_large = _LARGE <= taken <= 2 * self.blocksize
        usual = self._grown()
        block = max(1, usual // taken) * taken if is_large else usual
        begin = self._ahead[-1][1] if self._ahead else self._start + len(self._held)
        while len(self._ahead) < _AHEAD and begin < self.size:
            end = min(self.size, begin + block)
            self.total_requested_bytes += end - begin
            self._ahead.append((begin, end, self._begin(begin, end)))
            begin = end

    def _grown(self) -> int:
        """Twice as much each time the reader goes on where it was."""
        return min(self.blocksize, _SMALLEST << min(self._run, 8))

    def _forget(self) -> None:
        while self._ahead:
            self._ahead.pop()[2].cancel()


register_cache(ReadAhead, clobber=True)
