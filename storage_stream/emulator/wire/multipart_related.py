"""`multipart/related` bodies: a JSON part, then the object's bytes, streamed.

Only as many bytes are held back as could be the start of a delimiter, so the object's part may be
of any size.

https://cloud.google.com/storage/docs/uploading-objects-from-memory
https://www.rfc-editor.org/rfc/rfc2387
"""

import email.message
import email.parser
from collections.abc import AsyncGenerator, AsyncIterator

from storage_stream.emulator.problems import ApiError

MAX_HEADER_BYTES = 16 * 1024
MAX_JSON_BYTES = 4 * 1024 * 1024


def boundary_of(content_type: str, subtype: str = "related") -> bytes:
    """Return the boundary that `content_type` names.

    Raises:
        ApiError: 400, it is not that `multipart` type with a boundary.
    """
    message = email.message.Message()
    message["Content-Type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_type() != f"multipart/{subtype}" or not boundary:
        raise ApiError(400, "badContent", f"The body is not multipart/{subtype} with a boundary.")
    return boundary.encode()


class RelatedBody:
    """Reads the two parts, in order.

    Args:
        pieces: the request's body.
        boundary: without its dashes.
    """

    def __init__(self, pieces: AsyncIterator[bytes], boundary: bytes) -> None:
        self._pieces = pieces
        self._dashed = b"--" + boundary
        self._buffer = bytearray()
        # Some clients end lines with a line feed alone, and the service takes that. The first
        # line tells which it is; guessing at each line would cut a carriage return off the bytes.
        self._newline = b"\r\n"

    async def json_part(self) -> bytes:
        """Return the first part.

        Raises:
            ApiError: 400, the body is not two parts, or this one is too large.
        """
        await self.begin()
        await self.part_headers()
        return await self.small_part(MAX_JSON_BYTES)

    async def begin(self) -> None:
        """Read the first delimiter.

        Raises:
            ApiError: 400.
        """
        if (await self._until(self._dashed, MAX_HEADER_BYTES)).strip():
            raise _malformed("it does not begin with its delimiter")
        while not self._buffer:
            await self._more()
        if self._buffer.startswith(b"\n"):
            self._newline = b"\n"

    async def at_end(self) -> bool:
        """Return whether the delimiter just read was the closing one."""
        while len(self._buffer) < len(b"--"):
            await self._more()
        return self._buffer.startswith(b"--")

    async def small_part(self, limit_bytes: int) -> bytes:
        """Return the content of a part, with the delimiter behind it read.

        Raises:
            ApiError: 400, it is longer.
        """
        return await self._until(self._delimiter, limit_bytes)

    @property
    def _delimiter(self) -> bytes:
        return self._newline + self._dashed

    async def media_headers(self) -> email.message.Message:
        """Return the second part's headers; call after `json_part`.

        Raises:
            ApiError: 400.
        """
        headers = await self.part_headers()
        encoding = headers.get("Content-Transfer-Encoding", "binary").lower()
        if encoding not in {"binary", "8bit", "7bit"}:
            raise _malformed(f"Content-Transfer-Encoding {encoding} is not supported")
        return headers

    async def media(self) -> AsyncGenerator[bytes, None]:
        """Give the second part's bytes as they arrive; call after `media_headers`.

        Raises:
            ApiError: 400, the closing delimiter is missing, or a third part follows.
        """
        delimiter = self._delimiter
        keep = len(delimiter) - 1
        while (at := self._buffer.find(delimiter)) < 0:
            free = len(self._buffer) - keep
            if free > 0:
                yield bytes(self._buffer[:free])
                del self._buffer[:free]
            await self._more()
        yield bytes(self._buffer[:at])
        del self._buffer[: at + len(delimiter)]
        await self._close()

    async def _close(self) -> None:
        if not await self.at_end():
            raise _malformed("a part follows the object's bytes")
        async for _epilogue in self._pieces:
            pass

    async def part_headers(self) -> email.message.Message:
        """Return the headers of the part whose delimiter was just read.

        Raises:
            ApiError: 400.
        """
        block = await self._until(self._newline * 2, MAX_HEADER_BYTES)
        if block and not block.startswith(self._newline):
            raise _malformed("a delimiter does not end its line")
        return email.parser.BytesHeaderParser().parsebytes(block.lstrip() + b"\n\n")

    async def _until(self, mark: bytes, limit_bytes: int) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > limit_bytes:
                raise _malformed("a part is too long")
            await self._more()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        return found

    async def _more(self) -> None:
        piece = await anext(self._pieces, None)
        if piece is None:
            raise _malformed("it ends before its closing delimiter")
        self._buffer += piece


def _malformed(why: str) -> ApiError:
    return ApiError(400, "badContent", f"Malformed multipart body: {why}.")
