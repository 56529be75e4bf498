"""The checksum of a file, as the service writes those of objects."""

import base64
from pathlib import Path

from fastcrc import crc32

__all__ = ["crc32c_of_file"]

_READ_BYTES = 1024 * 1024


def crc32c_of_file(path: Path) -> str:
    """CRC-32C in base64, big-endian: https://cloud.google.com/storage/docs/data-validation.

    Raises:
        OSError: It cannot be read.
    """
    value = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_READ_BYTES):
            value = crc32.iscsi(chunk, value)
    return base64.b64encode(value.to_bytes(4, "big")).decode()
