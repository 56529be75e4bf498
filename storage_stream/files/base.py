"""What files of bytes and files of text have in common, once for those read and those written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, AnyStr, Generic, Self

from storage_stream._transfer.commit_on_exit import CommitOnExit
from storage_stream.files.unsupported import NotReadable, NotWritable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["ReadableFile", "WritableFile"]


class ReadableFile(NotWritable, ABC, Generic[AnyStr]):
    """A file that is read: its lines, and the end of its block."""

    @abstractmethod
    async def readline(self, limit: int | None = -1) -> AnyStr:
        """Read a line."""

    @abstractmethod
    async def close(self) -> None:
        """End it."""

    @abstractmethod
    def _check_open(self) -> None: ...

    async def readlines(self, hint: int | None = -1) -> list[AnyStr]:
        """All further lines.

        Args:
            hint: Only until they are so long together, in bytes or characters; -1 (or None) for
                no limit.

        Raises:
            StorageError: As in `readline`.
        """
        lines: list[AnyStr] = []
        size = 0
        while line := await self.readline():
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AnyStr:
        if line := await self.readline():
            return line
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class WritableFile(CommitOnExit, NotReadable, Generic[AnyStr]):
    """A file that is written: many lines, and the end of its block, good or bad."""

    @abstractmethod
    async def write(self, data: AnyStr, /) -> int:
        """Write a piece."""

    @abstractmethod
    async def flush(self) -> None:
        """Check that it is open."""

    async def writelines(self, lines: Iterable[AnyStr] | AsyncIterable[AnyStr]) -> None:
        """Write each of them; line ends are not added.

        Raises:
            StorageError: As in `write`.
        """
        if isinstance(lines, AsyncIterable):
            async for line in lines:
                await self.write(line)
        else:
            for line in lines:
                await self.write(line)

    async def __aenter__(self) -> Self:
        await self.flush()
        return self
