"""How a picture's versions are made: what is decoded once for all, and how much of it. Pure.

A picture of moderate size is decoded once, into memory. A JPEG too large for that is decoded
smaller, if all its versions begin by making it smaller. What is left is read anew for each
version, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.images.conversion.operations import (
    AbsScale,
    AspectCrop,
    AutoOrient,
    Crop,
    FlipHorizontal,
    FlipVertical,
    Resize,
    Scale,
)
from storage_stream.images.conversion.settings import VersionSource
from storage_stream.images.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream.images.conversion.operations import Operation, Size
    from storage_stream.images.conversion.settings import ConverterSettings, VersionSettings
    from storage_stream.media import ImageInfo

__all__ = ["KEPT_BYTES", "Limits", "Plan", "VersionPlan", "planned"]

KEPT_BYTES = 64 * 1024 * 1024
"""Pixels that are kept between versions, in bytes; what is more is computed, or read, again."""

_SHRINKS = (1, 2, 4, 8)  # what libjpeg can leave out while it decodes
_BYTES_OF_MODE = {"1": 1, "L": 1, "LA": 2, "RGB": 3}
_MOST_BYTES = 4
_SCALING = (Resize, Scale, AbsScale)
_CUTTING = (Crop, AspectCrop)
_NO_MATTER = (FlipHorizontal, FlipVertical, AutoOrient)  # before or after scaling, it is the same


@dataclass(frozen=True, slots=True)
class Limits:
    """What a conversion may take.

    Attributes:
        max_pixels: Of the original, and of whatever it is made into on the way.
        max_memory_pixels: In memory at once.
    """

    max_pixels: int
    max_memory_pixels: int


@dataclass(frozen=True, slots=True)
class VersionPlan:
    """A version.

    Attributes:
        settings: What was asked for.
        base: The steps whose result it is made of; `()` is the original.
        steps: All steps from the original on, with their sizes worked out: only `Resize`, `Crop`,
            `Rotate`, `SetBackgroundColorRgb`, `Blur` and the flips are left.
        size: Width and height.
    """

    settings: VersionSettings
    base: tuple[Operation, ...]
    steps: tuple[Operation, ...]
    size: Size

    @property
    def needs_random_access(self) -> bool:
        """Whether rows are needed in another order than from top to bottom."""
        return any(step.needs_random_access() for step in self.steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to go about it.

    Attributes:
        info: The picture's header.
        limits: What it may take.
        versions: In their order.
        shrink: By what the decoder divides both sides: 1, 2, 4 or 8.
        is_shared: Whether it is decoded once for all versions.
        kept: Steps whose result other versions are made of.
    """

    info: ImageInfo
    limits: Limits
    versions: tuple[VersionPlan, ...]
    shrink: int
    is_shared: bool
    kept: frozenset[tuple[Operation, ...]]


def planned(info: ImageInfo, settings: ConverterSettings, limits: Limits) -> Plan:
    """The way to all versions of a picture with this header.

    Raises:
        ValidationError: The operations cannot be done with a picture of this size.
    """
    size = info.oriented_size
    processed = _concrete(settings.operations, size, limits)
    versions: list[VersionPlan] = []
    previous = processed
    for each in settings.versions:
        bases = {
            VersionSource.UNPROCESSED_ORIGINAL: (),
            VersionSource.PROCESSED_ORIGINAL: processed,
            VersionSource.PREVIOUS_VERSION: previous,
        }
        base = bases[each.source]
        steps = (*base, *_concrete(each.operations, _size_after(base, size), limits))
        versions.append(VersionPlan(each, base, steps, _size_after(steps, size)))
        previous = steps
    shrink = _shrink(info, [each.steps for each in versions])
    is_shared = _decoded_bytes(info, shrink) <= KEPT_BYTES
    kept = frozenset(each.base for each in versions if each.base)
    return Plan(info, limits, tuple(versions), shrink if is_shared else 1, is_shared, kept)


def bytes_of(size: Size, bands: int = _MOST_BYTES) -> int:
    """Bytes of the pixels of a picture of this size."""
    return size[0] * size[1] * bands


def _concrete(operations: Sequence[Operation], size: Size, limits: Limits) -> tuple[Operation, ...]:
    """The same steps, with the sizes they have for a picture of this size."""
    found: list[Operation] = []
    for each in operations:
        after = each.size_after(size)
        # What does not grow is no more than was there, and is computed row by row.
        if after[0] * after[1] > max(limits.max_memory_pixels, size[0] * size[1]):
            what = f"{type(each).__name__} makes {after[0]} x {after[1]} pixels of it"
            raise ValidationError(f"{what}; at most {limits.max_memory_pixels} are allowed")
        if isinstance(each, _SCALING):
            found.append(Resize(after))
        elif isinstance(each, _CUTTING):
            found.append(Crop(each.box(size)))
        elif not isinstance(each, AutoOrient):
            found.append(each)
        size = after
    return tuple(found)


def _size_after(steps: Sequence[Operation], size: Size) -> Size:
    for each in steps:
        size = each.size_after(size)
    return size


def _shrink(info: ImageInfo, chains: Sequence[Sequence[Operation]]) -> int:
    """The least that a decoder has to leave out, and may, for its pixels to be kept."""
    if info.format != "JPEG":
        return 1
    most = min(_smaller_by(chain, info.oriented_size) for chain in chains)
    allowed = [each for each in _SHRINKS if each <= most]
    for each in allowed:
        if _decoded_bytes(info, each) <= KEPT_BYTES:
            return each
    return 1


def _smaller_by(steps: Sequence[Operation], size: Size) -> float:
    """By what a chain divides both sides at least, before it looks at any pixel."""
    for step in steps:
        if isinstance(step, Resize):
            return max(1.0, min(size[0] / step.size[0], size[1] / step.size[1]))
        if not isinstance(step, _NO_MATTER):
            break
    return 1.0


def _decoded_bytes(info: ImageInfo, shrink: int) -> int:
    bands = _BYTES_OF_MODE.get(info.mode, _MOST_BYTES)
    return bytes_of((-(-info.width // shrink), -(-info.height // shrink)), bands)
