"""How a large object is cut into the parts that several connections carry at once.

The limits are those of multipart uploads, https://cloud.google.com/storage/quotas#requests; the
components of a composite upload keep them, too, so that one plan serves both.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage_stream._protocol.arguments import check_whole
from storage_stream.errors import InvalidArgument

__all__ = ["DEFAULT_PART_BYTES", "MAX_PARTS", "MIN_PART_BYTES", "Part", "plan_parts"]

_MIB = 1024 * 1024
MIN_PART_BYTES = 5 * _MIB  # of every part but the last
MAX_PARTS = 10_000
_MAX_PART_BYTES = 5 * 1024 * _MIB
_MAX_OBJECT_BYTES = 5 * 1024 * 1024 * _MIB

# Large enough that a request's own time does not count, small enough that a part which breaks
# off costs little to send again.
DEFAULT_PART_BYTES = 32 * _MIB


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        number: From 1.
        start: Offset of its first byte.
        stop: Offset behind its last byte.
    """

    number: int
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.stop - self.start


def plan_parts(size: int, part_bytes: int = DEFAULT_PART_BYTES) -> list[Part]:
    """Cut an object into parts of `part_bytes`; of more, where there would be too many.

    Args:
        size: Bytes of the object.
        part_bytes: Bytes of every part but the last, which may have fewer.

    Returns:
        The parts in order: at least one, which is empty when the object is.

    Raises:
        TypeError: A part size that is no whole number.
        InvalidArgument: Parts smaller or larger than the service takes, or an object larger.
    """
    if not MIN_PART_BYTES <= check_whole("part_bytes", part_bytes) <= _MAX_PART_BYTES:
        raise InvalidArgument(f"part_bytes={part_bytes}: {MIN_PART_BYTES} to {_MAX_PART_BYTES}")
    if size > _MAX_OBJECT_BYTES:
        raise InvalidArgument(f"an object of {size} bytes: at most {_MAX_OBJECT_BYTES} are taken")
    least = -(-size // MAX_PARTS)
    if least > part_bytes:
        part_bytes = -(-least // _MIB) * _MIB
    starts = range(0, max(size, 1), part_bytes)
    return [
        Part(number, start, min(start + part_bytes, size)) for number, start in enumerate(starts, 1)
    ]
