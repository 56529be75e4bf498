"""The `Content-Range` of a resumable upload's request.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import re
from dataclasses import dataclass

from storage_stream.emulator.problems import ApiError

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,19})-(\d{1,19}|\*)|(\*))/(\d{1,19}|\*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """What a request carries; all half-open.

    Attributes:
        start: position of its first byte; `None` when it only asks how far the upload is.
        stop: position after its last byte; `None` when it ends where the body ends.
        total: size of the object; `None` when it is not known yet.
    """

    start: int | None
    stop: int | None
    total: int | None


def parse_content_range(header: str, body_length: int | None) -> ContentRange:
    """Return what `header` says.

    Args:
        header: its value.
        body_length: the request's `Content-Length`; `None` for a chunked body.

    Raises:
        ApiError: 400, it is malformed, or does not fit the body or the total.
    """
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise _invalid(f"Failed to parse Content-Range header: '{header}'.")
    first, last, asks, size = match.groups()
    total = None if size == "*" else int(size)
    if asks:
        if body_length:
            raise _invalid("A status query must have an empty body.")
        return ContentRange(None, None, total)
    stop = None if last == "*" else int(last) + 1
    found = ContentRange(int(first), stop, total)
    _check(found, body_length)
    return found


def _check(found: ContentRange, body_length: int | None) -> None:
    start = found.start or 0
    if found.stop is None:
        return
    if found.stop <= start or (found.total is not None and found.stop > found.total):
        raise _invalid("The range of the Content-Range header is not inside the object.")
    if body_length is not None and body_length != found.stop - start:
        raise _invalid(
            f"There were {body_length} byte(s) in the request body. There should have been"
            f" {found.stop - start} byte(s) (starting at offset {start} and ending at offset"
            f" {found.stop - 1}) according to the Content-Range header."
        )


def _invalid(why: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid request. {why}", location="Content-Range")
