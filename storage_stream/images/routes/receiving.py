"""The body of an upload as it comes: never waited for without end, and read to be answered.

Somebody who is refused in the middle of sending may never see why, because a connection that is
closed while bytes arrive takes the answer with it. So what is left of a refused body is read and
thrown away first, as much as an upload may have. It knows nothing of pictures.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from storage_stream.images.routes.problems import UploadStalledError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fastapi import Request

__all__ = ["STALL_SECONDS", "Body"]

STALL_SECONDS = 60.0
"""How long no byte may come; the connection of a telephone in a tunnel comes back sooner."""
_MAX_DIGITS = 18  # Python refuses numbers of thousands


class Body:
    """The body of a request.

    Args:
        request: Whose.
        stall_seconds: How long no byte may come.
    """

    def __init__(self, request: Request, stall_seconds: float = STALL_SECONDS) -> None:
        self._request = request
        self._stall_seconds = stall_seconds
        self._stream = aiter(request.stream())

    @property
    def length(self) -> int | None:
        """What the request says; it is counted all the same."""
        told = self._request.headers.get("content-length", "")
        return int(told) if told.isdecimal() and len(told) <= _MAX_DIGITS else None

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Its bytes, from where they were read to.

        Raises:
            UploadStalledError: None came for too long.
            ClientDisconnect: The client went away.
        """
        while True:
            try:
                async with asyncio.timeout(self._stall_seconds):
                    piece = await anext(self._stream, None)
            except TimeoutError:
                raise UploadStalledError(self._stall_seconds) from None
            if piece is None:
                return
            yield piece

    async def drain(self, max_bytes: int) -> None:
        """Read what is left, at most so many bytes, so that the client listens to an answer."""
        read = 0
        with suppress(UploadStalledError, ClientDisconnect):
            async for piece in self.pieces():
                read += len(piece)
                if read > max_bytes:
                    return
