"""The conditions of a request in the order of RFC 9110 §13.2.2: whether it is carried out at all.

https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
"""

from __future__ import annotations

import enum
import re
from datetime import UTC
from typing import TYPE_CHECKING

from storage_stream.outputs.planning.representation import parse_date

if TYPE_CHECKING:
    from storage_stream.outputs.planning.representation import Representation, RequestHead

__all__ = ["Outcome", "evaluate", "range_is_wanted"]

_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[!#-~\x80-\U0010ffff]*")')
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG.pattern.replace('weak', 'w').replace('tag', 't')}[ \t,]*)+")


class Outcome(enum.Enum):
    """What the conditions say."""

    PROCEED = 200
    NOT_MODIFIED = 304
    FAILED = 412


def evaluate(request: RequestHead, there: Representation) -> Outcome:
    """Weigh all conditions but `If-Range`, of a GET or HEAD for something that exists."""
    if request.if_match is not None:
        if not _matches(request.if_match, there.etag, weakly=False):
            return Outcome.FAILED
    elif _is_newer_than(there, request.if_unmodified_since) is True:
        return Outcome.FAILED
    if request.if_none_match is not None:
        if _matches(request.if_none_match, there.etag, weakly=True):
            return Outcome.NOT_MODIFIED
    elif _is_newer_than(there, request.if_modified_since) is False:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_is_wanted(request: RequestHead, there: Representation) -> bool:
    """Whether the `Range` header counts: it is a GET, and `If-Range` names what is there.

    A date in `If-Range` counts only where it is a strong validator (§8.8.2.2), which asks for the
    knowledge that nothing changed twice within its second. Nobody here has that, so a date means
    the whole, which is right in any case.
    """
    if request.method != "GET" or request.range is None:
        return False
    if request.if_range is None:
        return True
    return there.etag is not None and request.if_range.strip() == there.etag


def _matches(header: str, etag: str | None, *, weakly: bool) -> bool:
    """Whether a list of entity tags, or `*`, names this one."""
    if header.strip() == "*":
        return True
    if etag is None or not _TAGS.fullmatch(header):
        return False
    listed = _TAG.finditer(header)
    return any(found["tag"] == etag and (weakly or not found["weak"]) for found in listed)


def _is_newer_than(there: Representation, header: str | None) -> bool | None:
    """Whether it changed after that time; None where one of the two is not known."""
    moment = parse_date(header)
    if moment is None or there.last_modified is None:
        return None
    # Headers tell whole seconds.
    return there.last_modified.astimezone(UTC).replace(microsecond=0) > moment
