"""Lists that are longer than a page: while one is read, the next is already on its way."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from storage_stream._protocol.pages import PageTokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.pages import Page
    from storage_stream._transport.sender import Sender

__all__ = ["iter_items", "iter_pages"]

T = TypeVar("T")


async def iter_pages(
    sender: Sender,
    page_operation: Callable[[str | None], Operation[Page[T]]],
    options: RequestOptions,
) -> AsyncGenerator[Page[T], None]:
    """The pages of a list, one fetched ahead; at most two are held.

    Ending the iteration, by `break`, by an exception or by cancelling, ends the request that is
    under way.

    Args:
        sender: Makes the requests.
        page_operation: The operation for a page token; None for the first page.
        options: The caller's.

    Raises:
        ProtocolError: A page token came twice, or a page is none.
    """
    ahead: asyncio.Task[Page[T]] | None = None
    tokens = PageTokens()
    try:
        page = await sender.send(page_operation(None), options)
        while True:
            if page.next_token is not None:
                following = page_operation(tokens.check(page.next_token))
                ahead = asyncio.create_task(sender.send(following, options))
            yield page
            if ahead is None:
                return
            page = await ahead
            ahead = None
    finally:
        if ahead is not None:
            ahead.add_done_callback(_take_error)
            ahead.cancel()
            await asyncio.wait([ahead])


async def iter_items(pages: AsyncGenerator[Page[T], None]) -> AsyncGenerator[T, None]:
    """What stands on the pages, one by one; ending it ends `pages`."""
    async with aclosing(pages):
        async for page in pages:
            for item in page.items:
                yield item


def _take_error(ahead: asyncio.Task[Any]) -> None:
    """Nobody asks for the page any more: asyncio would log its error as one that was lost."""
    if not ahead.cancelled():
        ahead.exception()
