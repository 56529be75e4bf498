"""QOI: fourteen bytes.

https://qoiformat.org/qoi-specification.pdf
"""

from __future__ import annotations

from storage_stream.media.errors import UnidentifiedImage
from storage_stream.media.headers.info import ImageInfo
from storage_stream.media.headers.reading import Reading, check_size, exactly

__all__ = ["MAGIC", "read_qoi"]

MAGIC = b"qoif"
_MODES = {3: "RGB", 4: "RGBA"}


def read_qoi() -> Reading[ImageInfo]:
    """The head."""
    data = yield from exactly(0, 14)
    if data[12] not in _MODES:
        raise UnidentifiedImage(f"a QOI of {data[12]} channels")
    width, height = int.from_bytes(data[4:8]), int.from_bytes(data[8:12])
    width, height = check_size("QOI", width, height)
    return ImageInfo("QOI", width, height, _MODES[data[12]], "image/qoi")
