"""Whether a file and an object, or two objects, are the same: by what is known without reading.

Only where that says nothing the file is read for its checksum.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from storage_stream._protocol.checksums import Crc32c
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from storage_stream._transfer.local_tree import LocalEntry
    from storage_stream._transfer.remote_tree import RemoteEntry

__all__ = ["Compare", "compare_of", "crc32c_of_file", "same_by_time", "same_objects"]

_READ_BYTES = 1024 * 1024
_SECOND = 1_000_000_000  # in nanoseconds


class Compare(enum.Enum):
    """By what."""

    MTIME = "mtime"
    CRC32C = "crc32c"
    SIZE = "size"


def compare_of(said: str) -> Compare:
    """The choice of that name.

    Raises:
        InvalidArgument: There is none.
    """
    try:
        return Compare(said)
    except ValueError:
        raise InvalidArgument(f"compare={said!r}: 'mtime', 'crc32c' or 'size'") from None


def same_by_time(local: LocalEntry, remote: RemoteEntry, *, compare: Compare) -> bool | None:
    """Whether a file is the same as an object; None: only the file's checksum can tell.

    An object without an mtime of its own was not made by a sync: its time of creation counts only
    where a file has exactly that, to the nanosecond, because it was made of it.
    """
    if local.size != remote.size:
        return False
    if compare is Compare.SIZE:
        return True
    if compare is Compare.CRC32C:
        return None if remote.crc32c is not None else False
    if remote.mtime is not None:
        return local.mtime_ns // _SECOND == remote.mtime
    if remote.created is not None and local.mtime_ns == remote.created * _SECOND:
        return True
    return None if remote.crc32c is not None else False


def same_objects(source: RemoteEntry, target: RemoteEntry, *, compare: Compare) -> bool:
    """Whether two objects hold the same; their checksums are known."""
    if source.size != target.size:
        return False
    if compare is Compare.SIZE:
        return True
    return source.crc32c is not None and source.crc32c == target.crc32c


def crc32c_of_file(path: str) -> str:
    """The checksum of a file; blocks.

    Raises:
        OSError: It cannot be read.
    """
    crc = Crc32c()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - called for many files
        while piece := file.read(_READ_BYTES):
            crc.update(piece)
    return crc.encoded
