"""What an upload in parts has begun, in a file that outlives the process.

It is written once, before the first part is sent, and removed when nothing temporary is left: so
a process that is killed leaves behind what is needed to go on, or to clean up. It holds names,
no key and no token.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream.errors import InvalidArgument
from storage_stream.pipeline.source import run_blocking

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["JournalEntry", "UploadJournal"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """What was begun.

    Attributes:
        identity: Which upload it is.
        handle: The id of the multipart upload, or what the names of all components begin with.
        started: When it began by the service's clock, or None.
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
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> JournalEntry | None:
        """What an earlier process began; None when there is no file, or an empty one.

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
        """Nothing temporary is left."""
        await run_blocking(self._path.unlink, True)  # noqa: FBT003 - missing_ok

    def _read(self) -> JournalEntry | None:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if not text:
            return None
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"{self._path} is no journal of an upload") from error
        return JournalEntry.read(content)

    def _write(self, text: bytes) -> None:
        # Beside it and renamed: a journal is whole, or it is not there.
        part = self._path.with_name(f".{self._path.name}.{secrets.token_hex(6)}.part")
        try:
            with part.open("xb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            raise
