"""The address of a resumable session: what a service gave it, or a state says it was.

It becomes the line of a request, so it is looked at before. Where it leads, and whether that is
safe, is a matter of who sends.
"""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["is_session_address"]


def is_session_address(text: str) -> bool:
    """Whether a request can go there: a whole URL of HTTP, or a path of the service's own."""
    if not text.isascii() or not text.isprintable() or " " in text or "#" in text:
        return False
    if text.startswith("/"):
        return True
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port out of range, half an IPv6 address
        return False
