"""A file that is written: it is an object when it is closed, or when its transaction commits."""

from __future__ import annotations

import atexit
import io
import time
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.fsspec.given_up import GivenUp
from storage_stream.integrations.fsspec.library import AbstractBufferedFile, sync

if TYPE_CHECKING:
    from concurrent.futures import Future

    from storage_stream.integrations.fsspec.new_file import NewFile

__all__ = ["NewObjectFile", "TextFile"]

_BLOCK_BYTES = 8 * 1024 * 1024
_EXIT_SECONDS = 2.0  # for all files that are open when the interpreter ends

# By their id: a file of fsspec's compares and hashes by what the service says of it.
_open_files: weakref.WeakValueDictionary[int, NewObjectFile] = weakref.WeakValueDictionary()


class NewObjectFile(GivenUp, AbstractBufferedFile):
    """A new object, as `open` gives it; two blocks of it are held at most.

    Closing it makes the object, compared with what was written. Leaving its block by an exception,
    or dropping it unclosed, gives it up: nothing becomes visible, and an object of this name stays
    as it was. In a transaction it becomes visible when that commits.

    Args:
        fs: The file system.
        path: Without protocol.
        new: What is made of it.
        mode: `wb`, `xb` or `ab`.
        block_size: Bytes of one request; None for 8 MiB.
        autocommit: Whether closing makes the object; else `commit` does, or `discard` gives it up.
    """

    def __init__(
        self,
        fs: Any,
        path: str,
        new: NewFile,
        mode: str,
        *,
        block_size: int | None = None,
        autocommit: bool = True,
    ) -> None:
        super().__init__(
            fs, path, mode, block_size=block_size or _BLOCK_BYTES, autocommit=autocommit
        )
        self._fs = fs
        self._new = new
        self._is_over = False  # made, or given up
        self.loc = new.begins_at
        if not _open_files:
            atexit.unregister(_give_up_all)
            atexit.register(_give_up_all)  # so it comes before the clients are closed
        _open_files[id(self)] = self

    @property
    def generation(self) -> int | None:
        """The generation that was made; None before."""
        return self._new.generation

    def commit(self) -> None:
        """Make the object of what was written, after closing. Idempotent.

        Raises:
            FileExistsError: It was to be created, and there is one.
            StorageError: It cannot be made; nothing is visible.
        """
        if not self._is_over:
            self._is_over = True
            sync(self._fs.loop, self._new.commit)

    def discard(self) -> None:
        """Give it up: nothing of it becomes visible. Idempotent."""
        self.forced = True
        self._closed = True
        if not self._is_over:
            self._is_over = True
            sync(self._fs.loop, self._new.discard)

    def _upload_chunk(self, final: bool = False) -> bool:
        try:
            sync(self._fs.loop, self._new.write, self.buffer.getvalue())
            if final and self.autocommit:
                self.commit()
        except BaseException:
            self.discard()
            raise
        return True

    def give_up(self) -> Future[None] | None:
        """Nobody will close it: nothing of it becomes visible, and nobody has to wait for that."""
        if self.closed or self._is_over:
            return None
        self._closed = self._is_over = True
        if self._new.is_ours():  # else the parent may close it yet
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=3)
        return self._new.drop(self._fs)

    def __del__(self) -> None:
        if hasattr(self, "_is_over"):  # else it was never made
            self.give_up()


class TextFile(GivenUp, io.TextIOWrapper):
    """Text over a file of bytes.

    A new one is given up, too, when its block is left by an exception, or when it is dropped.
    """

    def discard(self) -> None:
        """Give a new one up, and this with it: nothing is flushed."""
        discard: Any = getattr(self.buffer, "discard", None)
        if discard is not None:
            discard()

    def __del__(self) -> None:
        """Flush nothing: the file below says it, if it was to be an object."""


def _give_up_all() -> None:
    """At the end of the interpreter, while the event loop's thread still runs.

    Later nothing would be carried out there, and whoever waits for it would wait for ever.
    """
    until = time.monotonic() + _EXIT_SECONDS
    dropped = [file.give_up() for file in list(_open_files.values())]
    for future in dropped:
        if future is not None:
            with suppress(Exception):  # the process ends; nobody is there to be told
                future.result(max(0.0, until - time.monotonic()))
