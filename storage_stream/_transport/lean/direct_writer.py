"""Bytes to a connection at once, until the kernel has them: nothing is kept in this process.

An event loop's transport keeps what the other side does not take yet, as a copy or by reference;
so it needs memory that is new for every piece. Here the piece is done with when it is written,
and its memory can be used again. The socket gets a second descriptor, which the loop watches for
room: the transport's own is its own. It does not know HTTP.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DirectWriter"]

_TURN_BYTES: Final = 2 * 1024 * 1024  # to who takes all at once; then others have their turn


class DirectWriter:
    """Writes to a connection to which its transport writes nothing meanwhile.

    Args:
        loop: The connection's event loop.
        socket_number: The connection's descriptor.
        on_sent: Told each time that bytes went out.
    """

    __slots__ = ("_loop", "_number", "_on_sent", "_rest", "_room", "_since_turn")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, socket_number: int, on_sent: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._on_sent = on_sent
        self._rest = memoryview(b"")
        self._since_turn = 0
        self._room: asyncio.Future[None] | None = None  # while the other side is too slow
        self._number = os.dup(socket_number)

    @classmethod
    def over(
        cls,
        transport: asyncio.WriteTransport,
        loop: asyncio.AbstractEventLoop,
        on_sent: Callable[[], None],
    ) -> DirectWriter | None:
        """A writer; None where what is written is not what goes out, or there is no descriptor."""
        connected = transport.get_extra_info("socket")
        number = -1 if connected is None else connected.fileno()
        if number < 0 or transport.get_extra_info("sslcontext") or sys.platform == "win32":
            return None
        try:
            return cls(loop, number, on_sent)
        except OSError:  # this process has no more of them; its transport has one already
            return None

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._number < 0

    async def write(self, data: bytes | memoryview) -> None:
        """Write all of it. Cancelling stops at any byte.

        Raises:
            OSError: The connection takes no more.
        """
        self._rest = memoryview(data)
        self._since_turn += len(data)
        try:
            if not self._write_some():
                self._since_turn = 0
                self._room = self._loop.create_future()
                self._loop.add_writer(self._number, self._go_on)
                await self._room
            elif self._since_turn >= _TURN_BYTES:
                self._since_turn = 0
                await asyncio.sleep(0)
        finally:
            self._rest = memoryview(b"")
            self._stop_watching()

    def close(self) -> None:
        """Let go of the connection at once: it is closed when nobody has it. Idempotent."""
        self._stop_watching()
        number, self._number = self._number, -1
        if number >= 0:
            os.close(number)

    def _write_some(self) -> bool:
        """Whether nothing is left."""
        try:
            count = os.write(self._number, self._rest)
        except (BlockingIOError, InterruptedError):
            return False
        self._rest = self._rest[count:]
        self._on_sent()
        return not self._rest

    def _go_on(self) -> None:
        room = self._room
        if room is None or room.done():
            return
        try:
            if self._write_some():
                room.set_result(None)
        except OSError as error:
            room.set_exception(error)

    def _stop_watching(self) -> None:
        room, self._room = self._room, None
        if room is not None and not self._loop.is_closed():
            self._loop.remove_writer(self._number)
