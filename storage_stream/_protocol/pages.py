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

__all__ = ["Page", "page_query", "parse_page"]

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
    token: str | None = content.get("nextPageToken") or None
    return Page(_list(content, "items"), _list(content, "prefixes"), token)


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value: list[Any] = content.get(key, [])
    if not isinstance(value, list):
        raise ProtocolError(f"the answer to a list has {key} that are no list")
    return value
