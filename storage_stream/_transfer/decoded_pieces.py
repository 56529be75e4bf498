"""Stored gzip, decompressed on its way: pieces in, pieces of what was compressed out.

A range of the decompressed bytes counts from their beginning, so what lies before it is
decompressed and dropped. It knows no network: it asks for the next stored bytes, and whether it
may go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from storage_stream._protocol.gunzip import Gunzipper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["DecodedPieces"]

_STEPS_IN_A_ROW = 4  # of 256 KiB at most: about 2 ms


class DecodedPieces:
    """The decompressed bytes of one object, in order.

    Args:
        next_stored: Gives the next stored bytes, `b""` at their end.
        check: Raises where nothing may be delivered any more.
        start: The first decompressed byte that is wanted.
        stop: The first behind it that is not; None wants all the rest.
        most: Bytes that may be decompressed in all; None for no limit.
    """

    def __init__(
        self,
        next_stored: Callable[[], Awaitable[bytes | memoryview]],
        check: Callable[[], None],
        start: int,
        stop: int | None,
        most: int | None = None,
    ) -> None:
        self._next_stored = next_stored
        self._check = check
        self._gunzip = Gunzipper(most)
        self._steps = 0
        self._skip = start
        self._left = None if stop is None else stop - start

    @property
    def has_end(self) -> bool:
        """Whether a last byte is wanted; then the rest of the gzip is not read."""
        return self._left is not None

    @property
    def is_complete(self) -> bool:
        """Whether all that is wanted of a range was given."""
        return self._left == 0

    async def next_piece(self) -> bytes | memoryview:
        """The next of them; `b""` at the end. Cancelling loses nothing.

        Raises:
            ContentDecodingError: It is no gzip, or not a whole one.
            TooManyBytesError: It is more than is allowed.
            StorageError: Of the stored bytes, or of the check.
        """
        gunzip = self._gunzip
        while self._left != 0:
            if gunzip.pending:
                await self._give_way()  # before the step: what a step gives is not to be lost
                self._check()
                piece = self._wanted(gunzip.decompress(gunzip.next_gulp()))
                if piece:
                    return piece
                continue
            stored = await self._next_stored()
            if not stored:
                gunzip.finish()
                break
            gunzip.feed(bytes(stored))
        return b""

    async def _give_way(self) -> None:
        """Let others run: decompressing waits for nothing, and a MiB can hold a GiB of zeros."""
        self._steps += 1
        if self._steps % _STEPS_IN_A_ROW == 0:
            await asyncio.sleep(0)

    def _wanted(self, plain: bytes) -> memoryview:
        """The part of decompressed bytes that lies in the range."""
        view = memoryview(plain)
        skipped = min(self._skip, len(view))
        self._skip -= skipped
        view = view[skipped:]
        if self._left is not None:
            view = view[: self._left]
            self._left -= len(view)
        return view
