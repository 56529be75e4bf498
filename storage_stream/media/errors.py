"""What can be wrong with a picture; each is a `StorageError`, raised like those of the transfer.

    StorageError
    ├── UsageError
    │   ├── ExtraMissing         (ImportError)  pyvips or Pillow is not installed
    │   ├── ParserClosed         (ValueError)   a parser was fed after its end
    │   ├── OutsideRunError      (RuntimeError) pixels were asked for outside `run`
    │   └── UnsupportedFormat    (ValueError)   nothing here writes files of that kind
    └── MediaError
        ├── UnidentifiedImage    (ValueError)   no picture of a format we read, or a broken header
        ├── DamagedImage         (ValueError)   it begins as one, and cannot be decoded
        ├── TruncatedImage       (EOFError)     it ends before its picture does
        ├── ImageTooLarge        (ValueError)   more pixels than are allowed
        ├── UnseekableTooLarge   (ValueError)   too much to keep, and it cannot be read again
        └── SpoolTooSmall        (ValueError)   what is written is more than `spool_limit`

Errors carry fields, not prose to be parsed; `subject` is the object's `gs://` name where there is
one. This module knows no format and no decoder. What the network does to a picture is in
`storage_stream.errors`, and is raised as it is, also where libvips saw it first.
"""

from __future__ import annotations

from typing import Any

from storage_stream.errors import StorageError, UsageError

__all__ = [
    "DamagedImage",
    "ExtraMissing",
    "ImageTooLarge",
    "MediaError",
    "OutsideRunError",
    "ParserClosed",
    "SpoolTooSmall",
    "TruncatedImage",
    "UnidentifiedImage",
    "UnseekableTooLarge",
    "UnsupportedFormat",
]


class ExtraMissing(UsageError, ImportError):
    """A library that this needs is not installed; the message says how to get it."""


class OutsideRunError(UsageError, RuntimeError):
    """Pixels of a connection were asked for outside its `run`, where nobody fetches them."""


class ParserClosed(UsageError, ValueError):
    """A parser was fed, or closed, after it had been closed or had failed; `reset` begins anew."""


class UnsupportedFormat(UsageError, ValueError):
    """No saver here writes such files to a stream; nothing was requested."""


class MediaError(StorageError):
    """The root of what `storage_stream.media` says about pictures."""


class UnidentifiedImage(MediaError, ValueError):
    """The bytes are no picture of a format that is read here, or its header cannot be believed."""


class DamagedImage(MediaError, ValueError):
    """It begins as a picture, and cannot be decoded; its bytes arrived as they are stored."""


class TruncatedImage(MediaError, EOFError):
    """The bytes ended before the picture did.

    Attributes:
        rows_ready: How many rows of it are final.
        height: How many it has, or None if not even its header came.
        partial: What there is of it as a `PIL.Image.Image`, blank where nothing came; None where
            nothing can be shown.
    """

    def __init__(
        self,
        rows_ready: int,
        height: int | None,
        partial: Any = None,
        *,
        subject: str | None = None,
    ) -> None:
        there = "in its header" if height is None else f"with {rows_ready} of {height} rows final"
        super().__init__(f"the picture ends {there}", subject=subject)
        self.rows_ready = rows_ready
        self.height = height
        self.partial = partial

    def __reduce__(self) -> tuple[Any, ...]:
        """To other processes it goes without the picture, which is large and not theirs."""
        rebuild, (kind, message, state) = super().__reduce__()
        return rebuild, (kind, message, {**state, "partial": None})


class ImageTooLarge(MediaError, ValueError):
    """The picture has more pixels than are allowed; none of them was read.

    Attributes:
        width: Its width, in pixels.
        height: Its height, in pixels.
        max_pixels: The limit.
    """

    def __init__(
        self, width: int, height: int, max_pixels: int, *, why: str = "", subject: str | None = None
    ) -> None:
        reason = f" {why}" if why else ""
        super().__init__(
            f"{width} x {height} pixels are more than the {max_pixels} allowed{reason}",
            subject=subject,
        )
        self.width = width
        self.height = height
        self.max_pixels = max_pixels


class UnseekableTooLarge(MediaError, ValueError):
    """The bytes come only from front to back, and are more than may be kept for that."""


class SpoolTooSmall(MediaError, ValueError):
    """What is written has to be kept until it is whole, and is more than `spool_limit`."""
