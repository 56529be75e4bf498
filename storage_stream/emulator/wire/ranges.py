"""The `Range` request header.

https://www.rfc-editor.org/rfc/rfc9110#name-range
"""

import re

from storage_stream.emulator.problems import ApiError

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.IGNORECASE | re.ASCII)


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the half-open range that is asked for; `None` for all.

    A header that is not of the form, or names several ranges, is ignored, as RFC 9110 wants it
    of a server that does not do them.

    Raises:
        ApiError: 416, nothing of it exists.
    """
    match = _RANGE.fullmatch(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise ApiError(
            416,
            "requestedRangeNotSatisfiable",
            "The requested range cannot be satisfied.",
            location="Range",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop
