"""What can go wrong with images; each is a `StorageError`.

    StorageError
    └── ImageServiceError
        ├── ValidationError         (ValueError)       an argument or a setting cannot be
        ├── NotFound                (LookupError)      no such image, file or converter
        ├── Conflict                                   it is used, or not in the state for that
        │   └── PreconditionFailed                     it was changed meanwhile
        ├── PermissionDenied        (PermissionError)  the permissions forbid it
        ├── DatabaseFailed                             the database did not do its work
        ├── ClaimLost                                  somebody recovered what was being written
        └── ConversionError                            nothing was stored
            ├── UnreadableImage     (ValueError)       the file is no image that is read here
            └── ConversionTimeout   (TimeoutError)     it took longer than it may

`NotFound` and `PreconditionFailed` here are about rows; those of `storage_stream.errors` are
answers of the bucket. This module knows neither database nor bucket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.errors import StorageError

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "ClaimLost",
    "Conflict",
    "ConversionError",
    "ConversionTimeout",
    "DatabaseFailed",
    "ImageServiceError",
    "NotFound",
    "PermissionDenied",
    "PreconditionFailed",
    "UnreadableImage",
    "ValidationError",
]


class ImageServiceError(StorageError):
    """The root of what `storage_stream.images` says about its records."""


class ValidationError(ImageServiceError, ValueError):
    """An argument, a row or a converter's settings cannot be; nothing was changed.

    Attributes:
        field: Which one, as a path: `versions[1].format`; None where it is the whole.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class NotFound(ImageServiceError, LookupError):
    """There is no such record.

    Attributes:
        kind: `image`, `file` or `converter`.
        id: What was asked for.
    """

    def __init__(self, kind: str, record_id: UUID) -> None:
        super().__init__(f"there is no {kind} {record_id}")
        self.kind = kind
        self.id = record_id


class Conflict(ImageServiceError):
    """It cannot be done in the state that the records are in; nothing was changed."""


class PreconditionFailed(Conflict):
    """It is not what the caller saw: somebody else changed it; nothing was changed here.

    Attributes:
        revision: Which one it is at now.
    """

    def __init__(self, kind: str, record_id: UUID, *, revision: int) -> None:
        super().__init__(
            f"the {kind} {record_id} is not what was expected: it is at revision {revision} now"
        )
        self.revision = revision


class PermissionDenied(ImageServiceError, PermissionError):
    """The permissions of the service forbid it.

    Attributes:
        action: The method that was called.
    """

    def __init__(self, action: str) -> None:
        super().__init__(f"{action} is not permitted")
        self.action = action


class DatabaseFailed(ImageServiceError):
    """The database could not be reached, or refused; its own error is the cause."""


class ClaimLost(ImageServiceError):
    """What was being written took longer than its lease, and was recovered meanwhile."""


class ConversionError(ImageServiceError):
    """A conversion failed; no version of it was kept.

    Attributes:
        converter_id: The converter.
        file_id: The file that was converted.
    """

    def __init__(self, message: str, *, converter_id: UUID, file_id: UUID) -> None:
        super().__init__(f"converter {converter_id}, file {file_id}: {message}")
        self.converter_id = converter_id
        self.file_id = file_id


class UnreadableImage(ConversionError, ValueError):
    """The file is no image that is read here, or a damaged one, or a too large one."""


class ConversionTimeout(ConversionError, TimeoutError):
    """It took longer than `max_processing_time`; its threads are done."""
