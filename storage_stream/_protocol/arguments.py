"""What callers give, refused while nothing was sent yet when it is of the wrong kind.

A value of the wrong kind is a mistake in the program: `TypeError`. One of the right kind that
cannot be meant is `InvalidArgument`. What the names and values mean is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from storage_stream.errors import InvalidArgument

__all__ = ["check_mapping", "check_text", "check_whole", "fields_of", "page_size_text"]


def check_text(what: str, value: Any) -> str:
    """The value, if it is text.

    Raises:
        TypeError: It is anything else.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
    return value


def check_mapping(what: str, value: Any) -> Mapping[str, Any]:
    """The value, if it is a mapping.

    Raises:
        TypeError: It is anything else.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} takes a mapping, not {type(value).__name__}")
    return cast("Mapping[str, Any]", value)


def check_whole(what: str, value: Any, least: int = 0) -> int:
    """The value, if it is a whole number, and not too small.

    Raises:
        TypeError: It is no whole number; True and 1.0 are none.
        InvalidArgument: It is less than `least`.
    """
    if type(value) is not int:
        raise TypeError(f"{what} takes a whole number, not {type(value).__name__}")
    if value < least:
        raise InvalidArgument(f"{what}={value}: at least {least}")
    return value


def fields_of(resource: Any) -> dict[str, Any]:
    """A copy of the fields of a resource that a caller gave; none of them for None.

    Raises:
        TypeError: It is no mapping, or the custom metadata in it is none.
    """
    if resource is None:
        return {}
    fields = dict(check_mapping("metadata or a resource", resource))
    for name in ("metadata", "Metadata"):  # gcloud-aio-storage's callers may write a header's case
        if fields.get(name) is not None:
            check_mapping("the custom metadata, metadata={'metadata': …},", fields[name])
    return fields


def page_size_text(value: Any) -> str:
    """How many things a page has, as the service reads it; nothing for its own choice.

    Raises:
        InvalidArgument: It is no number, or a page without room.
    """
    if value is None:
        return ""
    if type(value) is not int or value < 1:
        raise InvalidArgument(f"page_size={value!r}: at least 1, or None for the service's choice")
    return str(value)
