"""A request's head as bytes, and where it goes. Nothing in it can become another line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from storage_stream._protocol.http import Headers
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from storage_stream._protocol.http import Request

__all__ = ["HeadWriter", "Origin"]

_TARGET: Final = re.compile(r"/[!-\"$-~]*")  # visible ASCII; a fragment does not travel
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_ALWAYS_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
_OURS: Final = frozenset({"transfer-encoding", "upgrade"})  # would change what the bytes mean


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where connections go: two requests of the same origin may share one.

    Compared by identity: the same root gives the same one, and where it was forgotten, only a
    connection less is shared.

    Attributes:
        host: Name or address, without brackets.
        port: The port.
        is_tls: Whether it is spoken to through TLS.
        authority: What the Host header says.
    """

    host: str
    port: int
    is_tls: bool
    authority: str


def _split(url: str) -> tuple[Origin, str]:
    """Where a URL leads, and the target there, byte for byte."""
    slash = url.find("/", 8)  # behind `https://`
    if slash < 0:
        slash = len(url)
    target = url[slash:] or "/"
    if _TARGET.fullmatch(target) is None:
        raise _unusable()
    return _origin(url[:slash]), target


@lru_cache(maxsize=64)
def _origin(root: str) -> Origin:
    try:
        parts = urlsplit(root)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        raise _unusable() from None
    plain = root.isascii() and root.isprintable() and " " not in root
    if scheme not in {"http", "https"} or not host or port == 0 or not plain:
        raise _unusable()
    if parts.path or parts.query or "@" in parts.netloc or "\\" in parts.netloc:
        raise _unusable()
    is_tls = scheme == "https"
    return Origin(host, port or (443 if is_tls else 80), is_tls, parts.netloc)


def _unusable() -> InvalidArgument:
    return InvalidArgument("the URL cannot be used")  # it is not shown: a session's is a secret


class HeadWriter:
    """Writes the heads of requests.

    The headers of one request after the other are often the same, so those of the last one are
    kept as they were written, and compared before they are written again.
    """

    __slots__ = ("_authority", "_block", "_headers")

    def __init__(self) -> None:
        self._headers = Headers()
        self._authority: str = ""
        self._block = ""

    def write(self, request: Request) -> tuple[Origin, bytes]:
        """Request line and headers, with what HTTP needs besides those of the request.

        Returns:
            Where they go, and they.

        Raises:
            InvalidArgument: The target is no absolute http or https URL; or a method, a name or a
                value that would not stay what it is.
        """
        origin, target = _split(request.target)
        method, body = request.method, request.body
        if not _is_token(method):
            raise InvalidArgument("a method is a word")
        headers = request.headers
        authority = origin.authority
        is_same = headers is self._headers or headers == self._headers
        if not is_same or authority != self._authority:
            self._block = _block(headers, authority)
            self._headers, self._authority = headers, authority
        length = len(body) if isinstance(body, bytes) else body.length
        last = ""
        if length or method in _ALWAYS_WITH_LENGTH:
            last = f"content-length: {length}\r\n"
        head = f"{method} {target} HTTP/1.1\r\n{self._block}{last}\r\n"
        return origin, head.encode("utf-8", "surrogateescape")


def _block(headers: Headers, authority: str) -> str:
    lines = [] if "host" in headers else [f"host: {authority}"]
    # A caller's length may be wrong; ours is what is sent.
    lines += [f"{name}: {value}" for name, value in headers if name != "content-length"]
    if "accept" not in headers:
        lines.append("accept: */*")
    block = "\r\n".join(lines) + "\r\n"
    if block.count("\r") != len(lines) or block.count("\n") != len(lines) or "\0" in block:
        raise InvalidArgument("a header cannot hold a line break")
    if not all(_is_token(name) and name not in _OURS for name, _ in headers):
        raise InvalidArgument("a header's name is none, or one that the connection owns")
    return block


@lru_cache(maxsize=256)
def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None
