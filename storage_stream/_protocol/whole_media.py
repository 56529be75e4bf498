"""The usual answer to the download of a small object: all of it, as it is stored, and right.

`resumable_download` knows every other case. Here only this one is told, at the cost of a few
looks at the headers; what is not surely it is left to the machine, unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from storage_stream._protocol.checksums import crc32c, encode_crc32c, parse_hashes
from storage_stream._protocol.http import Headers, Request
from storage_stream._protocol.objects import object_path
from storage_stream._protocol.options import merge_query

if TYPE_CHECKING:
    from storage_stream._protocol.http import ReplyHead

__all__ = ["is_whole_object", "whole_media_request"]

_HEADERS = Headers([("accept-encoding", "gzip")])


def whole_media_request(
    bucket: str,
    name: str,
    generation: int | None = None,
    params: tuple[tuple[str, str], ...] = (),
) -> Request:
    """What the machine asks first, where a caller wants all of an object.

    Args:
        bucket: The bucket.
        name: The object.
        generation: Which; None for the live one.
        params: The caller's query parameters.

    Raises:
        InvalidName: A name that cannot be.
    """
    query = "alt=media" if generation is None else f"alt=media&generation={generation}"
    if params:
        asked = () if generation is None else (("generation", str(generation)),)
        query = urlencode(merge_query(merge_query((("alt", "media"),), params), asked))
    return Request("GET", f"{object_path(bucket, name)}?{query}", _HEADERS)


def is_whole_object(head: ReplyHead, body: bytes, generation: int | None = None) -> bool:
    """Whether this is all of an object as it is stored, with the checksum it should have.

    Args:
        head: Status and headers.
        body: The body, to the end that its Content-Length says.
        generation: That was asked for.
    """
    headers = head.headers
    if head.status != 200 or headers.get("content-encoding") is not None:  # noqa: PLR2004 - a status of HTTP
        return False
    if headers.get("x-goog-stored-content-encoding") not in {None, "identity"}:
        return False
    if generation is not None and headers.get("x-goog-generation") not in {None, str(generation)}:
        return False
    stored_length = headers.get("x-goog-stored-content-length")
    if stored_length is not None and stored_length != str(len(body)):
        return False
    hashes = headers.get_all("x-goog-hash")
    actual = encode_crc32c(crc32c(body))
    if hashes == [f"crc32c={actual}"]:  # as it mostly is; else they are read
        return True
    return parse_hashes(hashes).get("crc32c") in {None, actual}
