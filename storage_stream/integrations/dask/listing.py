"""Lists of a part of a bucket, a page at a time: no page is asked for that nobody may need.

`Storage.iter_objects` fetches the next page ahead, which is right for who reads a list to its end.
Here most lists are read for their beginning. What may be asked of one:
https://cloud.google.com/storage/docs/json_api/v1/objects/list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from storage_stream import Storage

__all__ = ["MOST_PAGE", "PagePlace", "objects_of", "page_of"]

MOST_PAGE = 1000
"""Objects that the service gives in one page, unless fewer are asked for."""


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Which part of a bucket, and what of each object.

    Attributes:
        bucket: The bucket.
        prefix: What the names begin with.
        start: The first name.
        end: The first one behind; None: there is no end.
        fields: Of each object, as the service spells them.
        match_glob: Which names, in the service's pattern; None for all.
    """

    bucket: str
    prefix: str
    start: str
    end: str | None
    fields: str
    match_glob: str | None = None

    def query(self, count: int, token: str | None) -> dict[str, str]:
        """As parameters."""
        said = {
            "prefix": self.prefix,
            "startOffset": self.start if self.start != self.prefix else "",
            "endOffset": self.end or "",
            "matchGlob": self.match_glob or "",
            "maxResults": str(min(count, MOST_PAGE)),
            "pageToken": token or "",
            "fields": f"nextPageToken,items({self.fields})",
        }
        return {name: value for name, value in said.items() if value}


async def page_of(
    storage: Storage,
    place: PagePlace,
    count: int,
    token: str | None,
    options: Mapping[str, Any],
) -> tuple[list[dict[str, Any]], str | None]:
    """One page, and the token of the next. One request.

    Raises:
        StorageError: It cannot be listed.
    """
    page: Any = await storage.list_objects(
        place.bucket, params=place.query(count, token), **options
    )
    return page.get("items", []), page.get("nextPageToken")


async def objects_of(
    storage: Storage, place: PagePlace, count: int, options: Mapping[str, Any]
) -> AsyncGenerator[dict[str, Any], None]:
    """The objects one by one, in the order of their names; `count` at most a page.

    Raises:
        StorageError: It cannot be listed.
    """
    token: str | None = None
    while True:
        items, token = await page_of(storage, place, count, token, options)
        for item in items:
            yield item
        if token is None:
            return
