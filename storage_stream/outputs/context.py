"""How a blob finds the manager of the request it is part of: two context variables.

A blob is turned into JSON, and made of JSON, deep inside pydantic, which knows nothing of the
request. So whoever answers a request sets, for its task and the threads it starts, what makes a
link of data and data of a link. This module knows no web framework.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from storage_stream.outputs.errors import NoBlobContext

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from storage_stream.outputs.data import ServerSideBlobData

__all__ = [
    "blob_context",
    "blobdata_to_url_ctx",
    "data_of_link",
    "link_of_data",
    "url_to_blobdata_ctx",
]

blobdata_to_url_ctx: ContextVar[Callable[[ServerSideBlobData], str]] = ContextVar(
    "blobdata_to_url_ctx"
)
"""Gives data a link, and a manager; set while a request is answered."""

url_to_blobdata_ctx: ContextVar[Callable[[str], ServerSideBlobData]] = ContextVar(
    "url_to_blobdata_ctx"
)
"""The data that a link of this server leads to; set while a request is answered."""


@contextmanager
def blob_context(
    to_url: Callable[[ServerSideBlobData], str], to_data: Callable[[str], ServerSideBlobData]
) -> Generator[None]:
    """Let blobs become JSON, and JSON blobs, within this block."""
    urls, data = blobdata_to_url_ctx.set(to_url), url_to_blobdata_ctx.set(to_data)
    try:
        yield
    finally:
        url_to_blobdata_ctx.reset(data)
        blobdata_to_url_ctx.reset(urls)


def link_of_data(data: ServerSideBlobData) -> str:
    """A link for it.

    Raises:
        NoBlobContext: No request is being answered.
    """
    try:
        to_url = blobdata_to_url_ctx.get()
    except LookupError:
        raise NoBlobContext(_HOW.format("becomes a link")) from None
    return to_url(data)


def data_of_link(href: str) -> ServerSideBlobData:
    """What it leads to.

    Raises:
        NoBlobContext: No request is being answered.
        ForeignHref: It is no link of this server.
        BlobNotFound: Nobody holds what it led to.
    """
    try:
        to_data = url_to_blobdata_ctx.get()
    except LookupError:
        raise NoBlobContext(_HOW.format("is made of a link")) from None
    return to_data(href)


_HOW = (
    "a blob {0} only while a request is answered: the endpoint depends on BlobIOContextDep, or the"
    " handler uses blob_serialisation_context_manager(request)"
)
