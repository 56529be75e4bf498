"""Paths as fsspec speaks of them, `bucket/name`, and what the service knows: buckets and names."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

__all__ = ["ObjectPath", "is_folder_marker"]


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """A path, taken apart.

    Attributes:
        bucket: Empty for the root, above all buckets.
        name: Of the object, or of the "folder"; empty for the bucket itself.
    """

    bucket: str
    name: str

    @classmethod
    def of(cls, path: str) -> ObjectPath:
        """Take a path without protocol apart."""
        bucket, _, name = path.partition("/")
        return cls(bucket, name)

    @property
    def prefix(self) -> str:
        """What the names of all objects in this "folder" begin with."""
        return f"{self.name}/" if self.name else ""

    @property
    def path(self) -> str:
        """As fsspec says it."""
        return f"{self.bucket}/{self.name}" if self.name else self.bucket

    def object_only(self) -> ObjectPath:
        """Itself, if an object can be there.

        Raises:
            IsADirectoryError: It is a bucket, or the root.
        """
        if not self.name:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), self.bucket)
        return self


def is_folder_marker(name: str) -> bool:
    """Whether an object of this name only stands for a "folder", as consoles make them."""
    return name.endswith("/")
