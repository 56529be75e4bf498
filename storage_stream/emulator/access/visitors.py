"""Who may speak to an emulator on loopback: programs of this machine, not every page it shows.

A web page can make its browser send requests to loopback, by a form across sites or by a name that
it lets resolve to 127.0.0.1 (DNS rebinding). The browser then names the page in `Origin`, or the
page's name in `Host`; neither is this machine's. An emulator that was bound elsewhere was opened
to others on purpose, and asks nothing; but its own switches (faults, clock, log) are no other
page's there either.
"""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from storage_stream.emulator.operations import is_control
from storage_stream.emulator.problems import api_error

__all__ = ["from_this_machine", "is_asked_by_foreign_page", "is_loopback"]

_OWN_NAMES = ("localhost",)
_OWN_DOMAINS = (".localhost", ".googleapis.com")  # the service's own, for signed URLs and proxies


@web.middleware
async def from_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what names another machine as its target or its origin."""
    if not _is_own(f"//{request.headers.get('Host', 'localhost')}"):
        return api_error(403, "forbidden", "the Host is not this machine's")
    origin = request.headers.get("Origin")
    if origin is not None and not _is_own(origin):
        return api_error(403, "forbidden", "a page of another site may not use this emulator")
    if is_control(request) and is_asked_by_foreign_page(request):
        return api_error(403, "forbidden", "a page of another site may not use this emulator")
    return await handler(request)


def is_asked_by_foreign_page(request: web.Request) -> bool:
    """Whether a browser says that it asks for another site's page, and not for its user.

    Following a link is the user's own doing, and changes nothing.
    """
    origin = request.headers.get("Origin")
    if origin is not None:
        is_same = origin.partition("://")[2] == request.headers.get("Host")
        return not (is_same or _is_own(origin))
    is_foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
    follows = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    return is_foreign and not follows


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its address."""
    if host in _OWN_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_own(address: str) -> bool:
    try:
        host = urlsplit(address).hostname
    except ValueError:  # a bracket that is never closed
        return False
    return host is not None and (is_loopback(host) or host.endswith(_OWN_DOMAINS))
