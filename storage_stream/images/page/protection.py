"""What keeps other people's pages from using this one's in the name of its visitor.

A gallery on somebody's own machine asks for no password, so that the browser of its visitor is all
that stands before it. Two things are refused: a request that another site's page sends (its
`Origin` tells), and a request for a name that is not ours, by which a site whose name suddenly
leads to this machine would pass for us (DNS rebinding). This knows nothing of images.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from storage_stream.images.routes.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["OwnPagesOnly", "is_own_host"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANY = "*"
_ADDED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Of an answer that is no page: should it be opened as one, it can do nothing.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class OwnPagesOnly:
    """An ASGI middleware.

    Args:
        app: What it stands before.
        hosts: Names that are ours; `*` for any.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ADDED.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, protected)
        else:
            answer = problem_response(HTTPException(403, refusal))
            await answer(scope, receive, protected)

    def _refusal(self, method: str, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if not is_own_host(host, self._hosts):
            return f"nothing is served here under the name {host!r:.80}"
        if method not in _SAFE and not _is_of(headers.get("origin"), host):
            return "a page of another site may not change anything here"
        return None


def is_own_host(host: str, hosts: frozenset[str]) -> bool:
    """Whether a `Host` header names us: an address of digits, this machine, or one of our names.

    A name can be made to lead here by whoever owns it; an address cannot.

    Args:
        host: With its port, or without.
        hosts: Our names in small letters.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if name is None:
        return False
    if _ANY in hosts or name in hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_of(origin: str | None, host: str) -> bool:
    # Programs that are no browsers send none, and have no visitor in whose name they could act.
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False
