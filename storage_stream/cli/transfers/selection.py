"""Which of the names that were found are meant, and what they are to be called. Pure."""

import fnmatch
import re
from collections.abc import Sequence

from storage_stream.cli.transfers.naming import leaf_of
from storage_stream.cli.wildcards import Pattern

__all__ = ["Selection", "matched_name"]


def matched_name(pattern: Pattern, name: str, *, recursive: bool) -> str | None:
    """What an object is called in the target if a pattern means it; None if it does not.

    Args:
        pattern: What was written.
        name: The object's name.
        recursive: Whether the pattern may also mean a "folder" that the object is in: then the
            folder keeps its name.
    """
    if pattern.matches(name):
        return leaf_of(name) if not name.endswith("/") else None
    if not recursive:
        return None
    is_folder = pattern.text.endswith("/")
    at = name.find("/")
    while at >= 0:
        if pattern.matches(name[: at + is_folder]):
            return name[name.rfind("/", 0, at) + 1 :]
        at = name.find("/", at + 1)
    return None


class Selection:
    """Names that `--include` and `--exclude` leave, each target no more than once.

    Args:
        include: Shell patterns, of which one has to match; none means all. `*` matches slashes.
        exclude: Patterns of which none may match.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = _compiled(include) if include else None
        self._exclude = _compiled(exclude)
        self._targets: set[str] = set()

    def takes(self, name: str) -> bool:
        """Whether a name is meant."""
        if self._include is not None and not self._include.match(name):
            return False
        return not self._exclude.match(name)

    def is_new(self, target: str) -> bool:
        """Whether nothing else goes there; then something does."""
        if target in self._targets:
            return False
        self._targets.add(target)
        return True


def _compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")
