"""A file that is read: one generation of an object, by ranges, ahead of the reader."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.fsspec.details import head_info
from storage_stream.integrations.fsspec.library import AbstractBufferedFile, sync
from storage_stream.integrations.fsspec.read_ahead import ReadAhead
from storage_stream.integrations.fsspec.reading import Beginning, room_for
from storage_stream.integrations.fsspec.running_checksum import RunningChecksum

if TYPE_CHECKING:
    import io
    from concurrent.futures import Future

__all__ = ["ObjectFile"]

_BLOCK_BYTES = 8 * 1024 * 1024


class ObjectFile(AbstractBufferedFile):
    """An object that is read, as `open` gives it.

    Opening makes one request, which brings the first bytes and tells which generation it is; all
    further ones ask for this generation. One that is gone by then is `ObjectChanged`.

    What is read from the beginning to the end, in any steps, is compared with the checksum; see
    `verified`.

    Args:
        fs: The file system.
        path: Without protocol.
        block_size: How far to read ahead at most, in bytes; None for 8 MiB.
        cache_type: None for our own read-ahead, or the name of a cache of fsspec's.
        cache_options: Of that cache.
        size: With `generation`, of a file that was open before (a pickled one): no request.
        generation: The generation to read; None for the live one.
    """

    def __init__(
        self,
        fs: Any,
        path: str,
        *,
        block_size: int | None = None,
        cache_type: str | None = None,
        cache_options: dict[str, Any] | None = None,
        size: int | None = None,
        generation: int | None = None,
    ) -> None:
        begun = _beginning(fs, path, size, generation)
        self._begun = begun
        self._details = None if begun.head is None else head_info(path, begun.head, begun.size)
        expected = None if begun.head is None else begun.head.crc32c
        self._checksum = RunningChecksum(expected, begun.size, f"gs://{path}")
        self._fs, self._path = fs, path
        is_ours = cache_type is None or cache_type == ReadAhead.name
        super().__init__(
            fs,
            path,
            "rb",
            block_size=block_size or _BLOCK_BYTES,
            cache_type="none" if is_ours else cache_type,
            cache_options=cache_options,
            size=begun.size,
        )
        self.kwargs["generation"] = begun.generation
        self._checksum.take(0, begun.data)
        if is_ours:
            self.cache = self._read_ahead()

    def _read_ahead(self) -> ReadAhead:
        return ReadAhead(
            self.blocksize,
            self._range,
            self.size,
            begin=self._begin_range,
            first=self._begun.data,
            check=self._checksum.take,
        )

    @property
    def generation(self) -> int | None:
        """The generation that is read."""
        return self._begun.generation

    @property
    def verified(self) -> bool | None:
        """True once all was read in order and compared with the checksum; None before."""
        return self._checksum.verified

    def read(self, length: int | None = -1) -> bytes:
        """Read bytes, as many as asked for; fewer come only at the end.

        Raises:
            ObjectChanged: This generation is not there any more.
            IntegrityError: All was read, and the checksum is wrong.
            StorageError: It cannot be read.
        """
        wants_rest = length is None or length < 0 or length >= self.size
        if wants_rest and self._is_untouched():
            data = self._range(0, None)
            self.loc = len(data)
            self._checksum.compared_elsewhere()
            return data
        found: bytes = super().read(-1 if length is None else length)
        return found

    def _is_untouched(self) -> bool:
        """Whether it is at its beginning, and most of it is still to come."""
        is_open = not self.closed and self.loc == 0
        return is_open and self.size > len(self._begun.data) and self.generation is not None

    def _fetch_range(self, start: int, end: int) -> bytes:
        """What a cache of fsspec's asks for; the first bytes are there already."""
        first, end = self._begun.data, min(end, self.size)
        if start >= end:
            return b""
        if end <= len(first):
            return first[start:end]
        data = self._range(start, end)
        self._checksum.take(start, data)
        return data

    def _range(self, start: int, end: int | None) -> bytes:
        data: bytes = sync(self._fs.loop, self._coming, start, end, room_for(start, end))
        return data

    def _begin_range(self, start: int, end: int) -> Future[bytes]:
        # The memory is the reader's thread's, which lets go of it: glibc keeps and reuses the main
        # thread's, and gives back to the kernel, page by page, what is another's.
        coming = self._coming(start, end, room_for(start, end))
        return asyncio.run_coroutine_threadsafe(coming, self._fs.loop)

    async def _coming(self, start: int, end: int | None, room: io.BytesIO | None) -> bytes:
        found: bytes = await self._fs._file_range(  # noqa: SLF001 - of the same package
            self._path, start, end, self.generation, room
        )
        return found


def _beginning(fs: Any, path: str, size: int | None, generation: int | None) -> Beginning:
    """What the first answer says; no request where it is known already."""
    if size is not None and generation is not None:
        return Beginning(generation, size, b"", None)
    begun: Beginning = sync(fs.loop, fs._begin_file, path, generation)  # noqa: SLF001 - of the same package
    return begun
