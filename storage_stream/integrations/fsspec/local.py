"""Local paths of `get` and `put`: what is read, and where it is safe to write."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from storage_stream.errors import InvalidName
from storage_stream.integrations.fsspec.library import LocalFileSystem, make_path_posix
from storage_stream.integrations.fsspec.sources import is_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage_stream.integrations.fsspec.details import Info

__all__ = ["is_local_folder", "local_sources", "local_targets"]


def is_local_folder(path: str | os.PathLike[str]) -> bool:
    """Whether it is there, as a folder."""
    return os.path.isdir(path)  # noqa: PTH112 - it is text, and there are thousands


def local_targets(
    found: Mapping[str, Info], targets: Sequence[str], root: str
) -> list[tuple[str, str]]:
    """Which object goes to which file; the folders among them are made.

    Args:
        found: The objects and "folders", by path.
        targets: Where each would go.
        root: What the caller named, which nothing may leave.

    Raises:
        InvalidName: An object's name leads out of the root, or may: there is a link on the way.
    """
    looked_at: set[str] = set()
    for path, target in zip(found, targets, strict=True):
        _check_below(root, path, target, looked_at)
    pairs: list[tuple[str, str]] = []
    for (path, info), target in zip(found.items(), targets, strict=True):
        if is_folder(info):
            os.makedirs(target, exist_ok=True)  # noqa: PTH103 - it is text
        else:
            pairs.append((path, target))
    return pairs


def local_sources(given: Any, *, recursive: bool, maxdepth: int | None) -> dict[str, Info]:
    """The files that are meant, and folders among them."""
    local = LocalFileSystem()
    is_one = isinstance(given, str | os.PathLike)
    named: Any = make_path_posix(os.fspath(given)) if is_one else given
    paths = local.expand_path(named, recursive=recursive, maxdepth=maxdepth)
    if is_one and (not recursive or maxdepth is not None):
        paths = [path for path in paths if not (path.endswith("/") or local.isdir(path))]
    return {path: {} for path in paths}


def _check_below(root: str, path: str, target: str, looked_at: set[str]) -> None:
    top = os.path.abspath(root)  # noqa: PTH100 - names are compared
    where = os.path.abspath(target)  # noqa: PTH100 - the same
    if where != top and not where.startswith(top.rstrip(os.sep) + os.sep):
        raise InvalidName("the object's name leads out of the folder", subject=f"gs://{path}")
    while where != top and where not in looked_at:
        looked_at.add(where)
        if os.path.islink(where):  # noqa: PTH114 - it is text
            raise InvalidName(
                f"{where!r} is a symbolic link: it may lead out of the folder",
                subject=f"gs://{path}",
            )
        where = os.path.dirname(where)  # noqa: PTH120 - the same
