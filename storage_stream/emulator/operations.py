"""Which operation of the service a request asks for.

The faults and the request log speak of operations ("storage.objects.get"), not of paths, so that
a test written for the JSON API also hits the XML API. The names are those of the JSON API's
discovery document. This module refuses to know what any operation does.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HandlerT = TypeVar("HandlerT", bound=Handler)

_ATTRIBUTE = "_storage_operation"


def operation(name: str | Callable[[web.Request], str]) -> Callable[[HandlerT], HandlerT]:
    """Mark a handler as belonging to the operation `name`.

    Args:
        name: an operation of the JSON API's discovery document, such as ``storage.objects.get``;
            or a function of the request, for a handler that serves several operations by query.
    """

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _ATTRIBUTE, name)
        return handler

    return mark


def operation_of(request: web.Request) -> str | None:
    """The operation that the request's handler was marked with; None for an unmarked handler."""
    name: str | Callable[[web.Request], str] | None = getattr(
        request.match_info.handler, _ATTRIBUTE, None
    )
    return name(request) if callable(name) else name
