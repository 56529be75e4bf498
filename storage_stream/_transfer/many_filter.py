"""Which names of many are meant: shell patterns on the whole name below the folder or prefix."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NameFilter"]


class NameFilter:
    """Takes what a pattern of `include` matches, or all where there is none, and none of `exclude`.

    Args:
        include: Patterns, `*.jpg`: `*` and `?` match slashes, too; `[a-c]`, `[!a-c]`.
        exclude: The same.

    Raises:
        InvalidArgument: One text in place of several patterns.
    """

    def __init__(self, include: Iterable[str] | None, exclude: Iterable[str] | None) -> None:
        self._include = None if include is None else _compiled("include", include)
        self._exclude = None if exclude is None else _compiled("exclude", exclude)

    def takes(self, name: str) -> bool:
        """Whether a name is meant."""
        if self._include is not None and not self._include.match(name):
            return False
        return self._exclude is None or not self._exclude.match(name)


def _compiled(what: str, patterns: Iterable[str]) -> re.Pattern[str]:
    if isinstance(patterns, str):
        raise InvalidArgument(f"{what} takes several patterns, not one text")
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")
