"""Which operation of the service a request asks for.

The faults and the request log speak of operations ("storage.objects.get"), not of paths, so that
a test written for the JSON API also hits the XML API. The names are those of the JSON API's
discovery document. This module refuses to know what any operation does.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HandlerT = TypeVar("HandlerT", bound=Handler)

_NAME = "_storage_operation"
_NAMES = "_storage_operations"
_CONTROL = "_emulator_control"


def operation(
    name: str | Callable[[web.Request], str], *names: str
) -> Callable[[HandlerT], HandlerT]:
    """Mark a handler as belonging to the operation `name`.

    Args:
        name: an operation of the JSON API's discovery document, such as `storage.objects.get`;
            or a function of the request, for a handler that serves several operations by query.
        names: with a function, all the names that it may return.
    """

    def mark(handler: HandlerT) -> HandlerT:
        setattr(handler, _NAME, name)
        setattr(handler, _NAMES, (name, *names) if isinstance(name, str) else names)
        return handler

    return mark


def control(handler: HandlerT) -> HandlerT:
    """Mark a handler as the emulator's own: it is not logged, needs no token and meets no fault."""
    setattr(handler, _CONTROL, True)
    return handler


def operation_of(request: web.Request) -> str | None:
    """The operation that the request's handler was marked with; None for an unmarked handler."""
    name: str | Callable[[web.Request], str] | None
    name = getattr(request.match_info.handler, _NAME, None)
    return name(request) if callable(name) else name


def is_control(request: web.Request) -> bool:
    """Whether the emulator itself is asked, not the service it plays."""
    return getattr(request.match_info.handler, _CONTROL, False)


def operations_of(routes: Iterable[web.AbstractRoute]) -> frozenset[str]:
    """Every operation that one of the routes serves."""
    names: set[str] = set()
    for route in routes:
        names.update(getattr(route.handler, _NAMES, ()))
    return frozenset(names)
