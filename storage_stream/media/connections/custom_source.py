"""`SourceCustom`: a source whose bytes come from functions of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.media.connections.connection import DEFAULT_TIMEOUT
from storage_stream.media.connections.inputs.custom import CustomInput
from storage_stream.media.connections.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SourceCustom"]


class SourceCustom(Source):
    """A source whose bytes come from functions of the caller's.

        source = SourceCustom()
        source.on_read(read)
        source.on_seek(seek)

    Plain functions are called in worker threads (one at a time, though not always in the same
    one), async ones on the event loop. What they raise is raised by `run`.

    Args:
        timeout: Seconds to wait for an async function; None waits for ever.
    """

    def __init__(self, *, timeout: float | None = DEFAULT_TIMEOUT) -> None:
        self._custom = CustomInput(timeout)
        super().__init__(self._custom, nick="custom")

    def on_read(self, handler: Callable[[int], Any]) -> None:
        """Have bytes read by a function.

        Args:
            handler: Takes how many bytes are wanted at most; returns bytes, fewer if it likes,
                and none (`b""` or None) at the end. More than wanted are a `ValueError`, anything
                else a `TypeError`.
        """
        self._custom.read = handler

    def on_seek(self, handler: Callable[[int, int], Any]) -> None:
        """Have the position set by a function; without one, the source is read once.

        Args:
            handler: Takes an offset and whence it counts (0 beginning, 1 position, 2 end);
                returns the new position.
        """
        self._custom.seek = handler
