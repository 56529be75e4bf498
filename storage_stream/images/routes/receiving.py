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
_MAX_DRAINED = 2
"""How many times what is allowed may be told, for the rest of it to be read."""
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
        expected = request.headers.get("expect", "").lower()
        self._is_coming = expected != "100-continue"  # else when it is first asked for

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
        self._is_coming = True
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
        """Read what is left, so that the client listens to an answer; not all of it at any price.

        At most so many bytes, for as long as no byte might come; nothing of who told that there
        are more, or that he sends none before he is asked to (`Expect: 100-continue`).
        """
        read = 0
        if not self._is_coming or (self.length or 0) > _MAX_DRAINED * max_bytes:
            return
        with suppress(UploadStalledError, ClientDisconnect, TimeoutError):
            async with asyncio.timeout(self._stall_seconds):
                async for piece in self.pieces():
                    read += len(piece)
                    if read > max_bytes:
                        return
