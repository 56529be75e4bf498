"""What the paths stand for that a caller names: patterns, trees, objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from storage_stream.errors import InvalidArgument
from storage_stream.integrations.fsspec.failures import missing_error
from storage_stream.integrations.fsspec.library import has_magic, other_paths
from storage_stream.integrations.fsspec.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from storage_stream.integrations.fsspec.bounded import ItemMeter
    from storage_stream.integrations.fsspec.details import Info

__all__ = ["Sources", "is_folder", "named_pairs", "paths_of"]


def paths_of(given: Any) -> list[str]:
    """One path, or several, as several."""
    return [given] if isinstance(given, str) else list(cast("Iterable[str]", given))


def named_pairs(sources: Any, targets: Any) -> list[tuple[str, str]] | None:
    """Sources and targets that the caller named one by one; None where it is about a tree."""
    if not isinstance(sources, list) or not isinstance(targets, list):
        return None
    return list(zip(paths_of(sources), paths_of(targets), strict=True))


def is_folder(info: Mapping[str, Any]) -> bool:
    """Whether it is known to be none of an object."""
    return info.get("type") == "directory"


class Sources(Listing):
    """Paths expanded by lists, which also tell what each is."""

    async def _expanded(
        self, paths: Iterable[str], *, recursive: bool, maxdepth: int | None = None
    ) -> dict[str, Info]:
        """What patterns and trees stand for, and what each is; empty where nobody knows yet.

        Raises:
            FileNotFoundError: There is nothing.
        """
        found: dict[str, Info] = {}
        for path in paths:
            known = self._strip_protocol(path)
            if has_magic(known):
                matches = await self._glob(known, maxdepth=maxdepth, detail=True)
                found.update(matches)
                if recursive and (maxdepth is None or maxdepth > 1):
                    deeper = None if maxdepth is None else maxdepth - 1
                    for folder in [p for p, i in matches.items() if i["type"] == "directory"]:
                        found.update(await self._find(folder, deeper, withdirs=True, detail=True))
            elif recursive:
                found.update(await self._find(known, maxdepth, withdirs=True, detail=True))
            else:
                found.setdefault(known, {})
        if not found:
            raise missing_error(str(next(iter(paths), "")))
        return dict(sorted(found.items()))

    async def _expand_path(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        assume_literal: bool = False,
    ) -> list[str]:
        if maxdepth is not None and maxdepth < 1:
            raise InvalidArgument("maxdepth is at least 1, or None")
        paths = [path] if isinstance(path, str) else list(path)
        if assume_literal and not recursive:
            return sorted(self._strip_protocol(one) for one in paths)
        return list(await self._expanded(paths, recursive=recursive, maxdepth=maxdepth))

    async def _sources(
        self, given: Any, *, recursive: bool, maxdepth: int | None
    ) -> dict[str, Info]:
        """What is to be copied, or got; of one pattern, without `recursive`, no "folders"."""
        found = await self._expanded(paths_of(given), recursive=recursive, maxdepth=maxdepth)
        if not isinstance(given, str) or (recursive and maxdepth is None):
            return found
        return {path: info for path, info in found.items() if not is_folder(info)}

    async def _each(
        self,
        work: Callable[[tuple[str, str], ItemMeter | None], Awaitable[None]],
        pairs: Sequence[tuple[str, str]],
        given: Any,
        batch_size: int | None,
        *,
        writes: bool = False,
    ) -> None:
        """Do it for each pair, whose first is a path of ours.

        One path that was named, and not listed, may turn out to be a "folder": then it is nothing
        that is copied or got without `recursive`.
        """
        try:
            await self._all(work, pairs, batch_size, writes=writes)
        except (FileNotFoundError, IsADirectoryError):
            is_named = isinstance(given, str) and len(pairs) == 1
            if not is_named or not await self._isdir(pairs[0][0]):
                raise

    def _goals(
        self, given: Any, found: Mapping[str, Info], target: str, *, is_in_folder: bool
    ) -> list[str]:
        """Where each of the sources goes.

        Args:
            given: What the caller named.
            found: What that stands for.
            target: Where to.
            is_in_folder: Whether the target is there, as a folder.
        """
        is_one = isinstance(given, str)
        if is_one and has_magic(given):
            exists = len(found) == 1
        else:
            exists = is_one and is_in_folder and not given.endswith("/")
        return other_paths(list(found), target, exists=exists, flatten=not is_one)
