"""`TargetCustom`: a target whose bytes go to functions of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.media.connections.connection import DEFAULT_TIMEOUT
from storage_stream.media.connections.outputs.custom import CustomOutput
from storage_stream.media.connections.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TargetCustom"]


class TargetCustom(Target):
    """A target whose bytes go to functions of the caller's.

        target = TargetCustom()
        target.on_write(write)
        target.on_end(end)

    Plain functions are called in worker threads (one at a time, though not always in the same
    one), async ones on the event loop. What they raise is raised by `run`.

    Args:
        timeout: Seconds to wait for an async function; None waits for ever.
    """

    def __init__(self, *, timeout: float | None = DEFAULT_TIMEOUT) -> None:
        self._custom = CustomOutput(timeout)
        super().__init__(self._custom, nick="custom")

    def on_write(self, handler: Callable[[bytes], Any]) -> None:
        """Have bytes written by a function.

        Args:
            handler: Takes bytes; returns how many of them it took, at least one. Another number is
                an `OSError`, anything else a `TypeError`.
        """
        self._custom.write = handler

    def on_read(self, handler: Callable[[int], Any]) -> None:
        """Have what was written read back; only TIFF pyramids ask for that.

        Args:
            handler: Takes how many bytes are wanted at most; returns bytes, none (`b""` or None) at
                the end. More than wanted are a `ValueError`, anything else a `TypeError`.
        """
        self._custom.read = handler

    def on_seek(self, handler: Callable[[int, int], Any]) -> None:
        """Have the position set; only TIFF asks for that.

        Args:
            handler: Takes an offset and whence it counts (0 beginning, 1 position, 2 end);
                returns the new position.
        """
        self._custom.seek = handler

    def on_end(self, handler: Callable[[], Any]) -> None:
        """Have a function called when all was saved, and only then: to commit it.

        What it raises is raised by `run`; so is an `OSError` when it returns a negative number.

        Args:
            handler: Takes nothing.
        """
        self._custom.end = handler

    def on_finish(self, handler: Callable[[], Any]) -> None:
        """As `on_end`, and after it; the name that older pyvips has for it.

        Args:
            handler: Takes nothing.
        """
        self._custom.finish = handler
