"""What an answer needs of the bytes it sends, wherever they are. It knows no web framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from storage_stream.outputs.planning.byte_ranges import Span
    from storage_stream.outputs.planning.representation import Representation, RequestHead

__all__ = ["PIECE_BYTES", "Content", "Pieces"]

PIECE_BYTES: Final = 64 * 1024
"""What is handed to a client's connection at once: as much as asyncio's transports hold without
asking their writer to wait, so that a slow client costs two of them and no more."""


class Pieces(Protocol):
    """Bytes that are being read."""

    async def next(self) -> bytes:
        """The next ones, at most `PIECE_BYTES` or so; none at the end."""
        ...

    def close(self) -> None:
        """Let go of what they come from; idempotent."""
        ...


class Content(Protocol):
    """Bytes for one answer; made for it, and closed with it."""

    async def representation(self, request: RequestHead) -> Representation:
        """What there is for such a request.

        Raises:
            StorageError: It is not there, or cannot be asked for.
            OSError: The same for a file.
        """
        ...

    async def confirm(self) -> None:
        """Make sure that it is there still, before an answer that reads nothing of it."""
        ...

    async def open(self, span: Span) -> Pieces:
        """Begin to read; what is wrong shows here, before anything is sent."""
        ...

    def close(self) -> None:
        """Let go of what is open; idempotent."""
        ...
