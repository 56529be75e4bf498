"""Around every route: who may ask, how much a body may be, and errors as problems.

Who may not ask is told so before anything of the body is read. It knows no image.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from storage_stream.images.errors import PermissionDenied
from storage_stream.images.routes.problems import ExpectedProblems, problem_response

if TYPE_CHECKING:
    from collections.abc import Coroutine, MutableMapping

__all__ = ["Authorize", "guarded_route"]

_PROBLEMS = range(400, 500)

Authorize: TypeAlias = Callable[[Request, str], bool | Awaitable[bool]]
"""Takes the request and the name of what is asked for, which is the `operationId` in OpenAPI:
`list`, `create`, `upload`, `get`, `update`, `delete`, `m_delete`, `exists`, `read`, `convert`,
`convert_from_file`, `versions`, `versions.delete`, `gallery`, `galleries`, `galleries.list`,
`galleries.create`, `galleries.rename`, `galleries.delete`, `gallery.images`, `converters.list`,
`converters.create`, `converters.get`, `converters.update`, `converters.delete`, `files.upload`,
`files.get`, `files.delete` or `files.read`. Says whether it
may be done, at once or later; only True permits it. It may raise an `HTTPException`, such as a
401 with `WWW-Authenticate`."""


def guarded_route(authorize: Authorize | None, max_body_bytes: int) -> type[APIRoute]:
    """A class of routes.

    Args:
        authorize: Who may ask what; None permits everything.
        max_body_bytes: Of a JSON body. Uploads have a limit of their own.
    """

    class GuardedRoute(APIRoute):
        """A route whose errors are problems."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """What answers a request."""
            handle = super().get_route_handler()
            action = self.name

            has_json = self.body_field is not None

            async def answer(request: Request) -> Response:
                try:
                    await _check(authorize, request, action)
                    return await handle(_limited(request, max_body_bytes) if has_json else request)
                except ClientDisconnect:
                    return Response(status_code=400)  # which nobody gets
                except ExpectedProblems as error:
                    if isinstance(error, HTTPException) and error.status_code not in _PROBLEMS:
                        raise  # a redirection to where one logs in: the app knows what it is
                    return problem_response(error)

            return answer

    return GuardedRoute


async def _check(authorize: Authorize | None, request: Request, action: str) -> None:
    if authorize is None:
        return
    verdict: object = authorize(request, action)
    if inspect.isawaitable(verdict):
        verdict = await verdict
    if verdict is not True:
        raise PermissionDenied(action)


def _limited(request: Request, max_bytes: int) -> Request:
    """The same request, whose body ends in an error when it is more than that."""
    received = 0

    async def receive() -> MutableMapping[str, Any]:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            # FastAPI takes other errors for a body that is broken.
            raise HTTPException(413, f"more than the {max_bytes} bytes that are allowed")
        return message

    return Request(request.scope, receive)
