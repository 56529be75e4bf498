"""What an upload in parts has begun, in a file that outlives the process.

It is written before the first part is sent, and removed when nothing temporary is left: so a
process that is killed leaves behind what is needed to go on, or to clean up. Two processes on one
file would each lose sight of what the other began: it is locked. It holds names, no key and no
token.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from storage_stream._transfer.file_lock import Lock, is_at, lock, open_locked
from storage_stream._transfer.file_modes import open_private
from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import run_blocking

__all__ = ["JournalEntry", "UploadJournal"]

_VERSION = 1
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What was begun.

    Attributes:
        identity: Which upload it is.
        handle: The id of the multipart upload, or what the names of all components begin with.
        started: When it began by the service's clock, or None. A composite upload knows that
            when its object is made, and writes it then.
    """

    identity: UploadIdentity
    handle: str
    started: datetime | None

    def write(self) -> dict[str, Any]:
        """As JSON can hold it."""
        started = None if self.started is None else self.started.isoformat()
        own = {"version": _VERSION, "handle": self.handle, "started": started}
        return own | asdict(self.identity)

    @classmethod
    def read(cls, content: Any) -> JournalEntry:
        """Read it back.

        Raises:
            InvalidArgument: It is none that this version wrote.
        """
        try:
            if content["version"] != _VERSION:
                raise InvalidArgument(f"a journal of version {content['version']!r}")
            said = {field.name: content[field.name] for field in fields(UploadIdentity)}
            started = content["started"]
            moment = None if started is None else datetime.fromisoformat(started)
            entry = cls(UploadIdentity(**said), content["handle"], moment)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidArgument(
                "this is no journal of an upload: it is the file that upload_parallel(journal=…)"
                " wrote, and this one says something else"
            ) from error
        texts = (entry.handle, *(said[name] for name in ("method", "bucket", "name")))
        is_naive = moment is not None and moment.tzinfo is None
        if is_naive or not all(isinstance(text, str) and text for text in texts):
            raise InvalidArgument("the journal of the upload is damaged")
        return entry


class UploadJournal:
    """The file. While it is open, it is locked: one upload at a time has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    async def open(self, *, make: bool = True) -> None:
        """Have it for this upload alone; where there are no locks, hope so.

        Args:
            make: Whether to make an empty one where there is none.

        Raises:
            InvalidArgument: Another upload has it, or it is no file.
            FileNotFoundError: There is none, and none was to be made.
            OSError: It cannot be opened.
        """
        await run_blocking(self._open, make)

    async def close(self) -> None:
        """Let go of it; one that says nothing is removed. Idempotent."""
        await run_blocking(self._close)

    async def read(self) -> JournalEntry | None:
        """What an earlier process began; None when it is empty.

        Raises:
            InvalidArgument: It is no journal.
            OSError: It cannot be read.
        """
        return await run_blocking(self._read)

    async def write(self, entry: JournalEntry) -> None:
        """Keep it, also through a loss of power.

        Raises:
            OSError: It cannot be written.
        """
        await run_blocking(self._write, json.dumps(entry.write()).encode())

    async def remove(self) -> None:
        """Nothing temporary is left. A file that somebody put in its place stays."""
        await run_blocking(self._remove)

    def _open(self, make: bool) -> None:  # noqa: FBT001 - a thread's function takes no keywords
        self._path = Path(os.path.realpath(self._path))  # it is replaced where it stands
        descriptor, outcome = open_locked(self._path, _FLAGS | (os.O_CREAT if make else 0))
        if outcome is Lock.TAKEN or not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            why = "another upload is using it" if outcome is Lock.TAKEN else "it is no file"
            raise InvalidArgument(f"{self._path} cannot be the journal: {why}")
        self._descriptor = descriptor

    def _close(self) -> None:
        if self._descriptor >= 0:
            if not os.fstat(self._descriptor).st_size:
                self._remove()
            self._let_go()

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self) -> JournalEntry | None:
        text = self._path.read_bytes()
        if not text:
            return None
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"{self._path} is no journal of an upload") from error
        return JournalEntry.read(content)

    def _write(self, text: bytes) -> None:
        # Beside it and renamed: a journal is whole, or it is not there. Its name may be as long
        # as a name can be, so the part's is not made of it.
        part = self._path.with_name(f".{secrets.token_hex(12)}.journal.part")
        descriptor = open_private(part, _FLAGS | os.O_CREAT | os.O_EXCL)
        try:
            lock(descriptor)  # before it has the name, so that nobody else gets there first
            _write_all(descriptor, text)
            os.fsync(descriptor)
            if sys.platform == "win32":  # an open file cannot be renamed there, or replaced
                os.close(descriptor)
                self._let_go()
            part.replace(self._path)
            if sys.platform == "win32":
                descriptor = os.open(self._path, _FLAGS)
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            raise
        self._let_go()
        self._descriptor = descriptor

    def _remove(self) -> None:
        if self._descriptor < 0 or not is_at(self._path, self._descriptor):
            return
        if sys.platform == "win32":
            self._let_go()
        self._path.unlink(missing_ok=True)


def _write_all(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
