"""Heads of media answers for the tests, in the service's spelling, written out by hand.

They are made from the documentation and not from the client's own tables, which are what is
being tested.
"""

from __future__ import annotations

from storage_stream._protocol.http import Headers, ReplyHead

# The stored object of the examples: 10 bytes, generation 7.
STORED = b"0123456789"
STORED_CRC32C = "KAwGng=="  # base64 of 0x280c069e, big-endian: crc32c of b"0123456789"

_REASONS = {200: "OK", 206: "Partial Content", 416: "Requested range not satisfiable"}


def head(status: int = 200, /, **headers: str | None) -> ReplyHead:
    """An answer about `STORED`; `content_length="3"` overrides a header, None leaves it out."""
    lines: dict[str, str | None] = {
        "x-goog-generation": "7",
        "x-goog-metageneration": "1",
        "x-goog-stored-content-length": str(len(STORED)),
        "x-goog-stored-content-encoding": "identity",
        "x-goog-hash": f"crc32c={STORED_CRC32C}",
        "etag": '"CAc="',
    }
    if status == 200:
        lines["content-length"] = str(len(STORED))
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    kept = ((name, value) for name, value in lines.items() if value is not None)
    return ReplyHead(status, _REASONS.get(status, ""), Headers(kept))


def anonymous(status: int = 200, /, **headers: str | None) -> ReplyHead:
    """An answer that says nothing of which object it is, but for what is given."""
    nothing: dict[str, str | None] = {
        "x_goog_generation": None,
        "x_goog_metageneration": None,
        "x_goog_hash": None,
        "etag": None,
    }
    return head(status, **(nothing | headers))


def partial(start: int, stop: int, total: int | str = 10, /, **headers: str | None) -> ReplyHead:
    """A 206 for the half-open range `start:stop`."""
    told = f"bytes {start}-{stop - 1}/{total}"
    named: dict[str, str | None] = {
        "content_range": told,
        "content_length": str(stop - start),
    }
    return head(206, **(named | headers))
