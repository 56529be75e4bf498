"""Keywords that there are not: told, with the one that may have been meant.

fsspec hands on whatever it is given, and gcsfs has options that are not ours: one that is taken in
silence (`acess="read_only"`, `version_aware=True`) is one whose meaning is lost.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from storage_stream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UnknownOption", "check_known"]


class UnknownOption(UsageError, TypeError):  # noqa: N818 - as InvalidArgument is named
    """A keyword that there is not."""


def check_known(
    given: Mapping[str, Any],
    known: Iterable[str],
    whose: str,
    elsewhere: Mapping[str, str] | None = None,
) -> None:
    """See that all keywords are known; what is asked for by none of them is not shown.

    Args:
        given: By their names.
        known: The names that there are.
        whose: Of what, as the error says it.
        elsewhere: How what is meant by other names is said here.

    Raises:
        UnknownOption: One is not; the error names the one that is meant, or nearest to it, or all.
    """
    names = sorted(known)
    for name in sorted(set(given).difference(names)):
        hint = (elsewhere or {}).get(name) or _near(name, names)
        raise UnknownOption(f"{whose} takes no {name!r}: {hint}")


def _near(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
