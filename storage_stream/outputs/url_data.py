"""A blob on another server, seen by a client: read by the session that the caller brings.

It makes no connection of its own, and nothing that comes in as JSON ever becomes one of these.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from storage_stream.errors import ProtocolError
from storage_stream.outputs.blob_streams import check_bounds, no_bytes
from storage_stream.outputs.errors import BlobError, BlobNotFound, BlobNotLoaded

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, AsyncIterator

    from storage_stream.outputs.blob_streams import BlobStream

__all__ = ["BlobUrl"]

_GONE = frozenset({404, 410})
_NO_HEAD = frozenset({405, 501})
_OK, _PARTIAL, _PROBLEM, _NOT_SATISFIABLE = 200, 206, 300, 416


class BlobUrl:
    """What a link leads to.

    Args:
        url: The link.
        session: An `aiohttp.ClientSession`.
        media_type: Its MIME type.
    """

    def __init__(self, url: str, session: Any, media_type: str) -> None:
        self.url = url
        self._session = session
        self._media_type = media_type

    @classmethod
    async def of(cls, url: str, session: Any) -> Self:
        """Ask what is there. One HEAD request; a server that knows none gets a GET.

        Raises:
            BlobNotFound: Nothing.
            BlobError: The server refused.
        """
        async with session.head(url) as response:
            if response.status not in _NO_HEAD:
                _check(response)
                return cls(url, session, response.content_type)
        async with session.get(url) as response:  # closed before its body
            _check(response)
            return cls(url, session, response.content_type)

    @property
    def media_type(self) -> str:
        """Its MIME type."""
        return self._media_type

    @property
    def content(self) -> bytes:
        """Not to be had without waiting.

        Raises:
            BlobNotLoaded: Always; `await blob.read()`.
        """
        raise BlobNotLoaded("its bytes are on another server: await blob.read()")

    def save(self, filename: str) -> NoReturn:
        """Not to be done without waiting.

        Raises:
            BlobNotLoaded: Always; `await blob.save(filename)`.
        """
        del filename
        raise BlobNotLoaded("its bytes are on another server: await blob.save(filename)")

    def open(self) -> IO[bytes]:
        """Not to be had without waiting.

        Raises:
            BlobNotLoaded: Always; `async with blob.open() as stream`.
        """
        raise BlobNotLoaded("its bytes are on another server: async with blob.open() as stream")

    @asynccontextmanager
    async def stream(self, start: int, stop: int | None) -> AsyncGenerator[BlobStream]:
        """Its bytes. One request; none for none of them.

        Raises:
            BlobNotFound: They are not there any more.
            ProtocolError: A part is wanted, of a server that does not give any.
        """
        check_bounds(start, stop)
        headers: dict[str, str] = {}
        if start or stop is not None:
            last = "" if stop is None else stop - 1
            headers["Range"] = f"bytes={start}" if start < 0 else f"bytes={start}-{last}"
            headers["Accept-Encoding"] = "identity"  # a part of a compressed one is of no use
        async with AsyncExitStack() as stack:
            if start == stop:
                yield await stack.enter_async_context(no_bytes())
                return
            response = await stack.enter_async_context(self._session.get(self.url, headers=headers))
            if headers and _has_none_of_it(response):
                yield await stack.enter_async_context(no_bytes())
                return
            _check(response)
            if headers and response.status != _PARTIAL:
                raise ProtocolError("the server does not know ranges")
            yield _ResponseStream(response)

    async def save_as(self, filename: str | os.PathLike[str]) -> None:
        """Into a file, in bounded memory; after a failure it is as it was before."""
        path = Path(filename)
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                async with self.stream(0, None) as stream:
                    async for piece in stream:
                        await asyncio.to_thread(file.write, piece)
            await asyncio.to_thread(part.replace, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


class _ResponseStream:
    """A response's body, which is as long as its header says, or fails."""

    def __init__(self, response: Any) -> None:
        self._response = response

    async def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        left = size
        while left:
            piece = await self._response.content.read(left if left > 0 else 1 << 18)
            if not piece:
                break
            parts.append(piece)
            left -= len(piece) if left > 0 else 0
        return b"".join(parts)

    async def iter_chunks(self, size: int = 64 * 1024) -> AsyncIterator[bytes]:
        while chunk := await self.read(size):
            yield chunk

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.iter_chunks()


def _has_none_of_it(response: Any) -> bool:
    """Whether a range is behind the end; of something empty even its last bytes are refused."""
    is_empty = response.status == _OK and response.content_length == 0
    return bool(is_empty or response.status == _NOT_SATISFIABLE)


def _check(response: Any) -> None:
    if response.status in _GONE:
        raise BlobNotFound("the link leads to nothing", subject=str(response.url.path))
    if response.status >= _PROBLEM:
        raise BlobError(f"the server answered {response.status}", subject=str(response.url.path))
