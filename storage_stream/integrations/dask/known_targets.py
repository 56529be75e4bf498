"""The objects that are at the target already, where those of a unit are to go.

One list for each thousand of them, instead of a look, or a refusal, for each object.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.dask.listing import MOST_PAGE, PagePlace, objects_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream import Storage
    from storage_stream.integrations.dask.order import Order

__all__ = ["FIELDS", "known_targets"]

FIELDS = "name,generation,size,crc32c,metadata"


async def known_targets(
    storage: Storage, order: Order, listed: Sequence[dict[str, Any]], end: str | None
) -> dict[str, dict[str, Any]]:
    """By the sources' names. Nothing is held of others that stand between them.

    Args:
        storage: Lists.
        order: Where.
        listed: The sources, in order.
        end: The first name behind them; None: there is none.

    Raises:
        StorageError: The target cannot be listed.
    """
    if order.target_bucket is None or not listed:
        return {}
    wanted = {order.target_name(item["name"]): item["name"] for item in listed}
    last = order.target_name(listed[-1]["name"])
    place = PagePlace(
        order.target_bucket,
        order.target,
        order.target_name(listed[0]["name"]),
        None if end is None else order.target_name(end),
        FIELDS,
    )
    found: dict[str, dict[str, Any]] = {}
    count = min(len(listed) + 1, MOST_PAGE)
    listing = objects_of(storage, place, count, order.request_options)
    async with aclosing(listing):
        async for item in listing:
            if item["name"] > last:
                break
            if item["name"] in wanted:
                found[wanted[item["name"]]] = item
    return found
