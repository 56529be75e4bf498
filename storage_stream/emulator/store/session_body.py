"""The bytes of one resumable session: appended in order, hashed once, kept in whole quanta.

Each byte is read, hashed and written once, whatever the number of requests: the cost is linear.
The file has its final place from the start, because a rename between two acknowledgements could
lose bytes that were acknowledged; it becomes an object when a row names it.

It refuses to know HTTP and sessions' rules.
"""

import asyncio
import os
from pathlib import Path
from typing import BinaryIO

from storage_stream.emulator.store.bodies import BATCH_BYTES, sync_folder, write_all
from storage_stream.emulator.store.checksums import RunningChecksums

QUANTUM_BYTES = 256 * 1024
"""What a session keeps of an unfinished upload is a multiple of this.

https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload
"""


class SessionBody:
    """Appends to one file.

    Args:
        path: the file; made when it is missing.
        durable: what `settle` returns is on the disk.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._durable = durable
        self._sums = RunningChecksums()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._flushing: asyncio.Future[None] | None = None
        self._file: BinaryIO | None = None
        self.size = 0
        """Bytes kept: hashed and written."""

    @property
    def sums(self) -> RunningChecksums:
        """The checksums of the bytes kept."""
        return self._sums

    async def open_at(self, size: int) -> None:
        """Go on behind the first `size` bytes, and forget what the file holds after them.

        They are read again only if they are not those that are counted: after a restart of the
        process, or a rewind.
        """
        await self._drop_pending()
        await asyncio.to_thread(self._open_at, size)

    async def append(self, piece: bytes) -> None:
        """Take the next bytes; waits for the disk when it is a whole batch behind."""
        self._pending.append(piece)
        self._pending_bytes += len(piece)
        if self._pending_bytes >= BATCH_BYTES:
            await self._flush(self._pending_bytes // QUANTUM_BYTES * QUANTUM_BYTES)

    async def settle(self, *, final: bool) -> int:
        """Keep everything when `final`, else whole quanta; return the bytes kept in all."""
        length = self._pending_bytes
        await self._flush(length if final else length // QUANTUM_BYTES * QUANTUM_BYTES)
        await self._drop_pending()
        await asyncio.to_thread(self._close)
        return self.size

    async def _flush(self, length: int) -> None:
        await self._written()
        if not length:
            return
        data = b"".join(self._pending)
        rest = data[length:]
        self._pending, self._pending_bytes = [rest], len(rest)
        loop = asyncio.get_running_loop()
        self._flushing = loop.run_in_executor(None, self._write, memoryview(data)[:length])

    async def _drop_pending(self) -> None:
        await self._written()
        self._pending, self._pending_bytes = [], 0

    async def _written(self) -> None:
        # Shielded: a cancelled request must not lose sight of a write that goes on.
        if self._flushing is not None:
            try:
                await asyncio.shield(self._flushing)
            except OSError:
                self._flushing = None  # told once: with room on the disk, the session goes on
                raise
            self._flushing = None

    def _write(self, data: memoryview) -> None:
        if self._file is None:
            raise RuntimeError("The session's file is not open.")
        write_all(self._file, data)
        self._sums.update(data)  # behind the write, which may fail: both count the same bytes
        self.size += len(data)

    def _open_at(self, size: int) -> None:
        self._close()
        self._path.touch()
        self._file = self._path.open("r+b", buffering=0)
        self._file.truncate(size)
        if self._durable and not size:
            sync_folder(self._path.parent)
        if size != self.size:
            self._count_again(self._file, size)
        self._file.seek(size)

    def _count_again(self, file: BinaryIO, size: int) -> None:
        self._sums = RunningChecksums()
        file.seek(0)
        left = size
        while left:
            data = file.read(min(left, BATCH_BYTES))
            self._sums.update(data)
            left -= len(data)
        self.size = size

    def _close(self) -> None:
        if self._file is None:
            return
        if self._durable:
            os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
