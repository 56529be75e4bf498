"""Lists that come in pages: `items`, `prefixes`, and a token for the next.

https://cloud.google.com/storage/docs/paginate-results
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from storage_stream._protocol.replies import parse_json
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.http import Reply
    from storage_stream._protocol.resources import BucketResource, ObjectResource

__all__ = ["Page", "PageTokens", "name_of", "page_query", "parse_page"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: The resources.
        prefixes: Names of "folders" when a delimiter was asked for.
        next_token: The token of the next page, or None on the last.
    """

    items: list[T]
    prefixes: list[str]
    next_token: str | None


def page_query(
    chosen: Mapping[str, str | bool], page_token: str | None
) -> tuple[tuple[str, str], ...]:
    """The query of a page: what was chosen, in the service's spelling, and the page's token.

    Nothing stands in it for what is empty or False.
    """
    said = {**chosen, "pageToken": page_token or ""}
    return tuple(
        (name, "true" if value is True else value) for name, value in said.items() if value
    )


def parse_page(reply: Reply) -> Page[Any]:
    """Read a page.

    Raises:
        ProtocolError: It is not one.
    """
    content: dict[str, Any] = parse_json(reply)
    token: Any = content.get("nextPageToken") or None
    if token is not None and not isinstance(token, str):
        raise ProtocolError("the answer to a list has a token that is no text")
    return Page(_resources(content), _list(content, "prefixes"), token)


def name_of(resource: BucketResource | ObjectResource) -> str:
    """The name that every item of a list has.

    Raises:
        ProtocolError: This has none.
    """
    name: Any = resource.get("name")
    if not name or not isinstance(name, str):
        raise ProtocolError("the answer to a list has an item without a name")
    return name


class PageTokens:
    """The tokens of one list, of which none comes twice: the list would have no end.

    Constant memory: compared are the last one, and one that is as far back as a power of two
    (Brent's way to find a circle), which finds a circle of any length within three turns.
    """

    __slots__ = ("_count", "_last", "_mark", "_next_mark")

    def __init__(self) -> None:
        self._last: str | None = None
        self._mark: str | None = None
        self._count, self._next_mark = 0, 1

    def check(self, token: str) -> str:
        """The token, if it is a new one.

        Raises:
            ProtocolError: It was there before.
        """
        if token in {self._last, self._mark}:
            raise ProtocolError("the list does not come forward: a page token came again")
        self._last = token
        self._count += 1
        if self._count == self._next_mark:
            self._mark, self._next_mark = token, 2 * self._next_mark
        return token


def _resources(content: dict[str, Any]) -> list[Any]:
    items = _list(content, "items")
    if not all(isinstance(item, dict) for item in items):
        raise ProtocolError("the answer to a list has items that are no resources")
    return items


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value: list[Any] = content.get(key, [])
    if not isinstance(value, list):
        raise ProtocolError(f"the answer to a list has {key} that are no list")
    return value
