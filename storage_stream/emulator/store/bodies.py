"""Object bodies on disk: written once, hashed while they stream, never changed afterwards.

A body that is not yet whole has a name in `incoming/`, which is emptied at start; a whole one
is renamed into `bodies/`, and only then a row may name it. A file that no row names is removed
at start. So a kill at any moment leaves each body whole or gone. Small bodies never become files.

It refuses to know objects: it deals in numbers.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage_stream.emulator.store.checksums import RunningChecksums
from storage_stream.emulator.store.records import Body

INLINE_BYTES = 64 * 1024
"""Up to here a body lives in its row: two file operations cost more than the copy."""

BATCH_BYTES = 2 * 1024 * 1024
"""Bytes gathered before a thread hashes and writes them; two batches are the memory in use.

Each step of the thread waits for the interpreter lock, so that smaller batches lose time."""


class BodyFolder:
    """The files below one folder.

    Args:
        folder: where `bodies/` and `incoming/` are.
        durable: a body is on the disk, not only with the kernel, before it is called finished.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._bodies = folder / "bodies"
        self._incoming = folder / "incoming"
        self._durable = durable
        self._last_id = 0
        self._readers: Counter[int] = Counter()
        self._doomed: set[int] = set()

    def open(self, *, named: Collection[int]) -> None:
        """Make the folders; remove what a killed process left that no row in `named` names."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)
        self._bodies.mkdir(exist_ok=True)
        for file in list(self._bodies.glob("*/*")):
            if int(file.name) not in named:
                file.unlink()
        # Opened anew after it was emptied, it does not begin again: an old reader's end would
        # remove the new body of its number.
        self._last_id = max(self._last_id, *named, 0)

    def new_id(self) -> int:
        """Return a number that no body has had."""
        self._last_id += 1
        return self._last_id

    def path(self, body_id: int) -> Path:
        """Return where the file of `body_id` is."""
        return self._bodies / f"{body_id % 256:02x}" / str(body_id)

    def new_path(self, body_id: int) -> Path:
        """Return the same path, with its folder made."""
        path = self.path(body_id)
        path.parent.mkdir(exist_ok=True)
        return path

    def incoming_path(self, body_id: int) -> Path:
        """Return where the unfinished file of `body_id` is."""
        return self._incoming / str(body_id)

    def publish(self, body_id: int) -> None:
        """Give the finished incoming file its lasting name (blocking)."""
        source, target = self.incoming_path(body_id), self.new_path(body_id)
        source.rename(target)
        if self._durable:
            sync_folder(target.parent)
            sync_folder(self._bodies)

    @contextmanager
    def reading(self, body_id: int) -> Generator[None, None, None]:
        """Keep the file of `body_id` while the block runs, whatever is deleted meanwhile."""
        self._readers[body_id] += 1
        try:
            yield
        finally:
            self._readers[body_id] -= 1
            if not self._readers[body_id]:
                del self._readers[body_id]
                if body_id in self._doomed:
                    self._doomed.discard(body_id)
                    self.path(body_id).unlink(missing_ok=True)

    async def remove(self, body_ids: Collection[int]) -> None:
        """Remove files that no row names any more, each once its last reader has finished."""
        free = [body_id for body_id in body_ids if body_id not in self._readers]
        self._doomed.update(set(body_ids).difference(free))
        if free:
            await asyncio.to_thread(self._unlink, free)

    def writer(self, *, with_md5: bool = True) -> "BodyWriter":
        """Return the receiver of a new body."""
        sums = RunningChecksums(with_md5=with_md5)
        return BodyWriter(self, self.new_id(), sums, durable=self._durable)

    def _unlink(self, body_ids: Collection[int]) -> None:
        for body_id in body_ids:
            self.path(body_id).unlink(missing_ok=True)


class BodyWriter:
    """Receives one body in pieces; hashes and writes in a thread while the next ones arrive.

    Use `finish` or `discard` at the end, whatever happened.
    """

    def __init__(
        self, folder: BodyFolder, body_id: int, sums: RunningChecksums, *, durable: bool
    ) -> None:
        self._folder = folder
        self._id = body_id
        self._durable = durable
        self._sums = sums
        self._file: BinaryIO | None = None
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        self._flushing: asyncio.Future[None] | None = None
        self.size = 0

    async def write(self, piece: bytes) -> None:
        """Take the next bytes; waits for the disk when it is a whole batch behind."""
        self._batch.append(piece)
        self._batch_bytes += len(piece)
        self.size += len(piece)
        if self._batch_bytes >= BATCH_BYTES:
            await self._flush()

    async def finish(self) -> Body:
        """Return the body, whole and safe to name in a row.

        Raises:
            OSError: The disk is full, ...; what arrived is forgotten.
        """
        if self.size <= INLINE_BYTES:
            return self._finish_inline()
        try:
            if self._batch:
                await self._flush()
            await self._settle()
            await asyncio.to_thread(self._close_and_publish)
        except OSError:
            await self.discard()
            raise
        return self._body(None)

    async def discard(self) -> None:
        """Forget what arrived, also when it was the disk that refused it."""
        if self._flushing is not None:
            await asyncio.wait([self._flushing])
            self._flushing.exception()  # told to whom wrote, or why it is discarded
        if self._file is not None:
            self._file.close()
            self._file = None
        self._folder.incoming_path(self._id).unlink(missing_ok=True)

    async def _flush(self) -> None:
        await self._settle()
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        loop = asyncio.get_running_loop()
        self._flushing = loop.run_in_executor(None, self._write_batch, batch)

    async def _settle(self) -> None:
        if self._flushing is not None:
            await asyncio.shield(self._flushing)
            self._flushing = None

    def _write_batch(self, batch: list[bytes]) -> None:
        if self._file is None:
            self._file = self._folder.incoming_path(self._id).open("wb", buffering=0)
        data = b"".join(batch)
        self._sums.update(data)
        write_all(self._file, data)

    def _close_and_publish(self) -> None:
        if self._file is None:
            raise RuntimeError("A body of this size has a file.")
        if self._durable:
            os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self._folder.publish(self._id)

    def _finish_inline(self) -> Body:
        content = self._batch[0] if len(self._batch) == 1 else b"".join(self._batch)
        self._sums.update(content)
        return self._body(content)

    def _body(self, content: bytes | None) -> Body:
        return Body(self._id, self.size, self._sums.crc32c, self._sums.md5, content)


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of `data`: an unbuffered file may take less than it is given (blocking)."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a loss of power (blocking)."""
    if os.name == "nt":  # folders cannot be opened there, and NTFS journals names by itself
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
