"""How a header is read without reading: a generator that asks for bytes, and is sent them.

A format's reader is a generator. It yields a `Need`, is sent the bytes of that range (fewer only
where the file ends) and returns an `ImageInfo`. Where the bytes come from is the driver's affair:
ranges over the network (`ranges`), a file that grows (`prefix`). A reader never asks for a length
that the file chose without a bound: the driver refuses what does not fit its budget.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from storage_stream.media.errors import UnidentifiedImage

if TYPE_CHECKING:
    from storage_stream.media.headers.info import ImageInfo

__all__ = ["MAX_STEPS", "Need", "Reading", "at_most", "check_size", "exactly", "in_hand"]

T = TypeVar("T")

MAX_STEPS = 16_384
"""Needs of one header. A mebibyte of comment in a GIF takes 8,000; what takes more was made to keep
its reader, and the event loop, busy."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a reader asks for.

    Attributes:
        start: The first one's offset in the file.
        length: How many.
        optional: Only if they cost nothing: who has not got them sends what he has of them.
        so_far: What is known already, where only a detail (the orientation, say) is missing.
    """

    start: int
    length: int
    optional: bool = False
    so_far: ImageInfo | None = None

    @property
    def end(self) -> int:
        """One behind the last byte."""
        return self.start + self.length


Reading = Generator[Need, bytes, T]


def at_most(start: int, length: int, so_far: ImageInfo | None = None) -> Reading[bytes]:
    """Bytes of the file; fewer where it ends."""
    return (yield Need(start, length, so_far=so_far))


def exactly(start: int, length: int, so_far: ImageInfo | None = None) -> Reading[bytes]:
    """Bytes of the file.

    Raises:
        UnidentifiedImage: It ends before.
    """
    data = yield Need(start, length, so_far=so_far)
    if len(data) < length:
        raise UnidentifiedImage(f"the file ends at byte {start + len(data)}, inside its header")
    return data


def in_hand(start: int, length: int) -> Reading[bytes]:
    """Bytes of the file if they were fetched anyway; else fewer, or none."""
    return (yield Need(start, length, optional=True))


def check_size(kind: str, width: int, height: int) -> tuple[int, int]:
    """Width and height, if a picture can have them.

    Raises:
        UnidentifiedImage: One is zero or less.
    """
    if width < 1 or height < 1:
        raise UnidentifiedImage(f"a {kind} header of {width} x {height} pixels is of no picture")
    return width, height
