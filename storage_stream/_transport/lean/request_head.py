"""A request's head as bytes, and where it goes. Nothing in it can become another line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from storage_stream._protocol.http import Request

__all__ = ["Origin", "render", "split"]

_TARGET: Final = re.compile(r"/[!-\"$-~]*")  # visible ASCII; a fragment does not travel
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_ALWAYS_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})
_OURS: Final = frozenset({"transfer-encoding", "upgrade"})  # would change what the bytes mean


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go: two requests of the same origin may share one.

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


def split(url: str) -> tuple[Origin, str]:
    """Where a URL leads, and the target there, byte for byte.

    Raises:
        InvalidArgument: It is no absolute http or https URL.
    """
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


def render(request: Request, origin: Origin, target: str, length: int) -> bytes:
    """The request line and the headers, with what HTTP needs besides those of the request.

    Raises:
        InvalidArgument: A method, a name or a value that would not stay what it is.
    """
    method = request.method
    lines = [f"{method} {target} HTTP/1.1"]
    names = set[str]()
    for name, value in request.headers:
        if name != "content-length":  # a caller's may be wrong; ours is what is sent
            names.add(name)
            lines.append(f"{name}: {value}")
    if "host" not in names:
        lines.insert(1, f"host: {origin.authority}")
    if "accept" not in names:
        lines.append("accept: */*")
    if length or method in _ALWAYS_WITH_LENGTH:
        lines.append(f"content-length: {length}")
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
        raise InvalidArgument("a header cannot hold a line break")
    if not names.isdisjoint(_OURS) or not _are_tokens(frozenset(names), method):
        raise InvalidArgument("a header's name is none, or one that the connection owns")
    return f"{head}\r\n\r\n".encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def _are_tokens(names: frozenset[str], method: str) -> bool:
    return all(_TOKEN.fullmatch(token) for token in (method, *names))
