"""The names of the objects: their size, and a number.

An object's name says all there is to know of it, so that servers need no catalogue: all objects
of one size hold the same bytes, which stand in one file.
"""

from __future__ import annotations

__all__ = ["BUCKET", "PATTERN", "object_name", "size_of", "upload_name"]

BUCKET = "bench"
PATTERN = r"(?<name>(?<size>[0-9]+)-[0-9]+)"  # in the words of PCRE


def object_name(size_bytes: int, number: int) -> str:
    """The name of one of the objects of a size."""
    return f"{size_bytes}-{number:06}"


def upload_name(tag: str, size_bytes: int, number: int) -> str:
    """The name that an object of this size is to get; no name that can be downloaded."""
    return f"new-{tag}-{object_name(size_bytes, number)}"


def size_of(name: str) -> int:
    """How long the object of this name is.

    Raises:
        ValueError: It is no name of an object here.
    """
    return int(name.partition("-")[0])
