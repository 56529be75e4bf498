"""A source that is read in parts, by several workers at once.

Nothing is held: a part's bytes are read while they are sent, and read again when they are sent
again.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.checksums import Crc32c
from storage_stream._protocol.lending import LendingContent
from storage_stream._transfer.source import FileSource, MemorySource, Rewindable, source_of
from storage_stream.errors import TransferError
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.part_plan import Part

__all__ = ["Digest", "PartContent", "PartSource"]


@dataclass(frozen=True, slots=True)
class Digest:
    """Checksums of a part; the MD5 only where it was asked for."""

    crc: Crc32c
    md5_hex: str | None


class PartSource:
    """The source."""

    def __init__(self, source: Rewindable) -> None:
        self._source = source
        self.length = source.length

    @classmethod
    async def of(cls, data: Any) -> PartSource:
        """Bring what the caller gave to a shape that can be read anywhere.

        Raises:
            TypeError: It can be read only once, or not at all.
            OSError: It cannot be read.
        """
        source = await source_of(data)
        if isinstance(source, bytes):
            source = MemorySource(source)
        if not isinstance(source, Rewindable):
            kind = type(data).__name__
            raise TypeError(
                f"{kind} comes only once, and cannot be read in several places:"
                " pass a path, a file that can seek or bytes, or use upload()"
            )
        return cls(source)

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes | memoryview]:
        """The bytes from `start` to `stop`, whoever else is reading.

        Raises:
            TransferError: The source was changed.
        """
        async for chunk in self._source.chunks(start, stop):
            yield chunk

    def lent_chunks(self, start: int, stop: int) -> AsyncIterator[bytes | memoryview]:
        """The same; see `LendingContent.lent_chunks`."""
        return self._source.lent_chunks(start, stop)

    async def digest(self, part: Part, *, with_md5: bool = False) -> Digest:
        """The checksums of a part.

        Raises:
            TransferError: The source was changed.
        """
        crc, md5 = Crc32c(), hashlib.md5(usedforsecurity=False)
        async for chunk in self.lent_chunks(part.start, part.stop):
            crc.update(chunk)
            if with_md5:
                await run_blocking(md5.update, chunk)
        return Digest(crc, md5.hexdigest() if with_md5 else None)

    def content(self, part: Part) -> PartContent:
        """A part as a request's body."""
        return PartContent(self, part)

    async def leave_at_end(self) -> None:
        """Let an open file stand behind what was read, as after any other reading."""
        if not isinstance(self._source, FileSource):
            return
        # What was to be sent is sent: a file that was cut or closed since has no such place.
        with contextlib.suppress(TransferError, OSError, ValueError):
            async for _ in self._source.chunks(max(0, self.length - 1), self.length):
                pass

    async def put_back(self) -> None:
        """Let an open file stand where it stood: nothing of it was used."""
        if isinstance(self._source, FileSource):
            await self._source.put_back()


class PartContent(LendingContent):
    """A part as a request's body.

    Attributes:
        length: Its bytes.
        handed_over: Whether the last of them went out, so that the service may have all.
        may_have_arrived: Whether that was so at any attempt; one without an answer may be carried
            out late.
    """

    def __init__(self, source: PartSource, part: Part) -> None:
        self._source = source
        self._part = part
        self.length = part.size
        self.handed_over = False
        self.may_have_arrived = False

    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `Content.chunks`."""
        return self._watched(self._source.chunks(self._part.start, self._part.stop))

    def lent_chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `LendingContent.lent_chunks`."""
        return self._watched(self._source.lent_chunks(self._part.start, self._part.stop))

    async def _watched(
        self, chunks: AsyncIterator[bytes | memoryview]
    ) -> AsyncIterator[bytes | memoryview]:
        left = self.length
        self._left(left)
        async for chunk in chunks:
            left -= len(chunk)
            self._left(left)
            yield chunk

    def _left(self, left: int) -> None:
        self.handed_over = not left
        self.may_have_arrived = self.may_have_arrived or self.handed_over
