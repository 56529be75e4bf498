"""Who may speak to an emulator on loopback: programs of this machine, not every page it shows.

A web page can make its browser send requests to loopback, by a form across sites or by a name that
it lets resolve to 127.0.0.1 (DNS rebinding). The browser then names the page in `Origin`, or the
page's name in `Host`; neither is this machine's. An emulator that was bound elsewhere was opened
to others on purpose, and asks nothing; but its own switches (faults, clock, log) are no other
page's there either.
"""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from storage_stream.emulator.operations import is_control
from storage_stream.emulator.problems import api_error

__all__ = ["from_this_machine", "is_asked_by_foreign_page", "is_loopback", "makes_no_bucket"]

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


def makes_no_bucket(has_bucket: Callable[[str], bool]) -> Middleware:
    """A middleware: no bucket is made for a request that another site's page caused.

    An `<img>` or a link of any page asks without an `Origin`, so that nobody can tell whether it
    may: a page of this machine, at another port or name, shows pictures in that way. It may look at
    what is there; but where buckets are made when they are first named, it would make some.

    Args:
        has_bucket: Whether there is a bucket of this name.
    """

    @web.middleware
    async def looks_only(request: web.Request, handler: Handler) -> web.StreamResponse:
        bucket = request.match_info.get("bucket")
        is_foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
        is_nameless = is_foreign and "Origin" not in request.headers
        if is_nameless and bucket is not None and not has_bucket(bucket):
            return api_error(404, "notFound", "The specified bucket does not exist.")
        return await handler(request)

    return looks_only


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
