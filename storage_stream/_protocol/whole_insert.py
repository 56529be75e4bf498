"""The usual upload of a small object: one request with all of it, one answer that says it is right.

`objects` and `multipart` know every other request, and what is to be thought of every other
answer. Here the same bytes are written without the steps between, and only the usual answer is
told; what is not surely it is left to the machinery, unread.
"""

from __future__ import annotations

import json
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from storage_stream._protocol.buckets import bucket_path
from storage_stream._protocol.http import Headers, Request
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.names import check_object
from storage_stream._protocol.options import merge_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.http import ReplyHead
    from storage_stream._protocol.resources import ObjectResource

__all__ = ["WholeInsert", "made_as_sent"]

_OK: Final = 200
_NO_FIELDS: Final[Mapping[str, Any]] = MappingProxyType({})
_ENCODE: Final = json.JSONEncoder().encode
_DECODE: Final = json.JSONDecoder().raw_decode


class WholeInsert:
    """Writes the requests; most of them is the same in all, and made once.

    Args:
        boundary: Stands between the parts of a request: up to 70 letters and digits, random ones.
            It is not drawn anew for each, so each content is searched for it.
    """

    def __init__(self, boundary: str) -> None:
        frame = MultipartFrame.around({}, "", boundary)
        self._boundary = boundary.encode()
        self._headers = Headers([("content-type", frame.content_type)])
        self._before, _, rest = frame.head.partition(b"{}")
        self._between = rest.removesuffix(b"\r\n\r\n")
        self._tail = frame.tail

    def request(
        self,
        bucket: str,
        name: str,
        content: bytes,
        crc32c: str,
        content_type: str,
        fields: Mapping[str, Any] = _NO_FIELDS,
        params: tuple[tuple[str, str], ...] = (),
    ) -> Request | None:
        """What makes an object of these bytes.

        Args:
            bucket: The bucket.
            name: The object.
            content: Its bytes.
            crc32c: Their checksum, encoded.
            content_type: Their MIME type: printable ASCII.
            fields: Others of its resource: none that stands above.
            params: The caller's query parameters.

        Returns:
            The request; None where the content holds the boundary.

        Raises:
            InvalidName: A name that cannot be.
        """
        query = "uploadType=multipart"
        if params:
            query = urlencode(merge_query((("uploadType", "multipart"),), params))
        path = f"/upload{bucket_path(bucket)}/o?{query}"
        said = f"{_ENCODE(fields)[1:-1]}, " if fields else ""
        resource = (
            f'{{{said}"name": {_ENCODE(check_object(name))}, "crc32c": "{crc32c}", '
            f'"contentType": {_quoted(content_type)}}}'
        )
        if self._boundary in content:
            return None
        frame = resource.encode(), self._between, content_type.encode(), b"\r\n\r\n"
        body = b"".join((self._before, *frame, content, self._tail))
        return Request("POST", path, self._headers, body)


def made_as_sent(head: ReplyHead, body: bytes, crc32c: str, length: int) -> ObjectResource | None:
    """The new object's resource, if it surely is of the bytes that were sent.

    Args:
        head: Status and headers.
        body: The body, to its end.
        crc32c: The checksum of what was sent, encoded.
        length: Its bytes.
    """
    if head.status != _OK:
        return None
    try:
        text = body.decode()
        answer, end = _DECODE(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or text[end:].strip():
        return None
    made = cast("ObjectResource", answer)
    is_right = made.get("crc32c") == crc32c and made.get("size") == str(length)
    return made if is_right else None


@lru_cache(maxsize=256)
def _quoted(content_type: str) -> str:
    """In JSON; few types are many objects'."""
    return _ENCODE(content_type)
