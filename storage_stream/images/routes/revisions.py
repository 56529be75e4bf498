"""Revisions of records as entity tags (RFC 9110, section 8.8.3), and what `If-Match` asks of them.

Who changes a record that he has seen says which one he saw, and is refused where it is another one
by now. Of two pages that edit the same, the last one does not win in silence.
"""

import re
from typing import Annotated

from fastapi import Header

from storage_stream.images.errors import ValidationError

__all__ = ["IfMatch", "entity_tag", "expected_revision"]

IfMatch = Annotated[
    str | None,
    Header(
        description="The `ETag` of what was seen: only that is changed, and anything else is 412.",
        max_length=1000,
    ),
]

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")
_REVISION = re.compile(r'(?<!W/)"([1-9][0-9]{0,9})"')
_NONE_SUCH = 0  # revisions begin at 1


def entity_tag(revision: int) -> str:
    """The tag of a record at a revision."""
    return f'"{revision}"'


def expected_revision(if_match: str | None, current: int) -> int | None:
    """The revision that a record has to be at; None where the caller did not care.

    Args:
        if_match: The header. Of several tags any will do; weak ones match nothing.
        current: The revision it is at, which several tags are compared with.

    Raises:
        ValidationError: It is no such header.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if not _TAGS.fullmatch(if_match):
        raise ValidationError("an entity tag is expected, in quotes as in ETag", field="if-match")
    named = [int(number) for number in _REVISION.findall(if_match)]
    if current in named:
        return current
    return named[0] if named else _NONE_SUCH
