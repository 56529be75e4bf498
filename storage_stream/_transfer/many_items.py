"""What a run of many consists of: an item to do, and what became of it. Values, no more.

Items can be pickled: another process may do them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from storage_stream._protocol.names import gs_name

__all__ = ["MTIME_KEY", "Action", "Item", "TransferResult"]

MTIME_KEY = "goog-reserved-file-mtime"
"""Of an object's metadata: when its file was changed, whole seconds since 1970. The key is that of
gsutil, `gcloud storage` and the Storage Transfer Service:
https://cloud.google.com/storage-transfer/docs/metadata-preservation."""


class Action(enum.Enum):
    """What is done."""

    DOWNLOAD = "download"
    UPLOAD = "upload"
    COPY = "copy"
    DELETE_OBJECT = "delete object"
    DELETE_FILE = "delete file"
    MAKE_FOLDER = "make folder"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class TransferResult:
    """What became of one object.

    Attributes:
        action: What was to be done: `download`, `upload`, `copy`, `delete object`, `delete file`,
            `make folder`, or `nothing`.
        source: A path, or a `gs://` name; what is deleted has none: then it is the target.
        target: The same, of the other side.
        bytes: That were transferred; 0 where none were.
        generation: Of the object that was read, for a download; else of the one that was made.
        error: Why it failed, or None.
        skipped: Why there was nothing to do, or None.
        source_generation: Of the object that was read or was to be, where it is known.
        crc32c: Of the object's bytes as they are stored, base64, where it is known.
    """

    action: str
    source: str
    target: str
    bytes: int = 0
    generation: int | None = None
    error: Exception | None = None
    skipped: str | None = None
    source_generation: int | None = None
    crc32c: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it did not fail."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do.

    Attributes:
        action: What.
        bucket: The source's, or of the object to delete; None for a file.
        name: The object's name; for a file that is read its path.
        target_bucket: None for a file.
        target: The object's name, or the file's below the target folder, with slashes.
        root: The target folder.
        size: Bytes of the source, where they are known.
        generation: Of the source, where it is known: no other is read.
        mtime: When the source was changed, seconds since 1970.
        mtime_ns: The same of a file, exactly.
        is_encoded: The object is stored as gzip: nobody knows its length when it is decoded.
        expected: The generation that the target must have, 0 for none, None for any.
        error: Why it cannot be done.
        skipped: Why it need not be done.
        crc32c: Of the source as it is stored, base64, where it is known.
    """

    action: Action
    bucket: str | None
    name: str
    target_bucket: str | None = None
    target: str = ""
    root: str = ""
    size: int | None = None
    generation: int | None = None
    mtime: int | None = None
    mtime_ns: int | None = None
    is_encoded: bool = False
    expected: int | None = None
    error: Exception | None = None
    skipped: str | None = None
    crc32c: str | None = None

    @property
    def source_name(self) -> str:
        """As a result names it."""
        if self.action is Action.DELETE_FILE or self.action is Action.DELETE_OBJECT:
            return self.target_name
        return self.name if self.bucket is None else gs_name(self.bucket, self.name)

    @property
    def target_name(self) -> str:
        """As a result names it."""
        if self.target_bucket is not None:
            return gs_name(self.target_bucket, self.target)
        return f"{self.root}/{self.target}" if self.root else self.target

    @property
    def writes(self) -> bool:
        """Whether the service counts it as a write."""
        return self.target_bucket is not None

    def result(
        self,
        *,
        size: int = 0,
        generation: int | None = None,
        error: Exception | None = None,
        skipped: str | None = None,
        crc32c: str | None = None,
    ) -> TransferResult:
        """What became of it."""
        return TransferResult(
            self.action.value,
            self.source_name,
            self.target_name,
            bytes=size,
            generation=generation,
            error=error,
            skipped=skipped,
            source_generation=self.generation,
            crc32c=crc32c or self.crc32c,
        )
