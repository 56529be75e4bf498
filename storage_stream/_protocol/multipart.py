"""`multipart/related`: an object's metadata and its bytes in one request.

https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object (multipart). The frame
is bytes before and after the content, so that its length is known before anything is sent and
the content itself is never copied into it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.http import check_header_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MultipartFrame"]


@dataclass(frozen=True, slots=True)
class MultipartFrame:
    """What stands around the content.

    Attributes:
        content_type: The value of the request's `Content-Type`.
        head: Bytes before the content.
        tail: Bytes after it.
    """

    content_type: str
    head: bytes
    tail: bytes

    @classmethod
    def around(
        cls, metadata: Mapping[str, Any], content_type: str, boundary: str
    ) -> MultipartFrame:
        """The frame for an object with this metadata.

        Args:
            metadata: The object resource to make.
            content_type: The content's type.
            boundary: Up to 70 letters and digits that do not occur in the content; random ones,
                which the caller brings.

        Raises:
            InvalidArgument: The content type holds a line break.
        """
        head = (
            f"--{boundary}\r\n"
            "Content-Type: application/json; charset=UTF-8\r\n\r\n"
            f"{json.dumps(metadata)}\r\n"
            f"--{boundary}\r\n"
            f"Content-Type: {check_header_text(content_type)}\r\n\r\n"
        )
        tail = f"\r\n--{boundary}--\r\n"
        return cls(f"multipart/related; boundary={boundary}", head.encode(), tail.encode())
