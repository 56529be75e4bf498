"""What a flat list of objects says about "folders": which there are, and how deep things lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.integrations.fsspec.details import Info, file_info, folder_info
from storage_stream.integrations.fsspec.paths import is_folder_marker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream.integrations.fsspec.paths import ObjectPath

__all__ = ["FoundTree"]


class FoundTree:
    """What was found below a path.

    Args:
        root: The path.
        maxdepth: How deep things may lie; 1 for what is directly in it, None for any depth.
    """

    def __init__(self, root: ObjectPath, maxdepth: int | None) -> None:
        self._root = root.path
        self._below = len(root.path) + 1 if root.path else 0
        self.maxdepth = maxdepth
        self._files: dict[str, Info] = {}
        self._folders: set[str] = set()

    def add(self, bucket: str, resource: Mapping[str, Any]) -> None:
        """Take an object."""
        name = resource["name"]
        path = f"{bucket}/{name}"
        if is_folder_marker(name):
            self.add_folder(path[:-1])
        elif self._depth(path) is not None:
            self._files[path] = file_info(bucket, resource)
            self._add_folders_of(path)
        else:
            self._add_folders_of(path)

    def add_folder(self, path: str) -> None:
        """Take a "folder"."""
        if path == self._root or self._depth(path) is not None:
            self._folders.add(path)
        self._add_folders_of(path)

    def infos(self, *, withdirs: bool) -> dict[str, Info]:
        """What was found, by path and in their order; with "folders", if they are asked for."""
        found = dict(self._files)
        if withdirs:
            found.update({path: folder_info(path) for path in self._folders - found.keys()})
        return dict(sorted(found.items()))

    def _add_folders_of(self, path: str) -> None:
        """The "folders" a path lies in, from the root on."""
        while len(path) > len(self._root):
            path = path.rpartition("/")[0]
            if path in self._folders or not path:
                return
            if path == self._root or self._depth(path) is not None:
                self._folders.add(path)

    def _depth(self, path: str) -> int | None:
        """How deep it lies; None for too deep, or not below the root."""
        if len(path) <= self._below:
            return None
        depth = path.count("/", self._below) + 1
        return depth if self.maxdepth is None or depth <= self.maxdepth else None
