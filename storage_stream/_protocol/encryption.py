"""Customer-supplied encryption keys (CSEK) as headers.

https://cloud.google.com/storage/docs/encryption/customer-supplied-keys
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from storage_stream.errors import InvalidArgument

__all__ = ["key_headers"]

_KEY_BYTES = 32  # AES-256


def key_headers(key: bytes | str, *, of_source: bool = False) -> tuple[tuple[str, str], ...]:
    """The header lines that name a key.

    Args:
        key: 32 bytes, or their base64.
        of_source: Whether it is the key of the object that is copied, not of the new one.

    Raises:
        InvalidArgument: It is no such key. The message does not hold it.
    """
    raw = _raw(key)
    prefix = "x-goog-copy-source-encryption" if of_source else "x-goog-encryption"
    return (
        (f"{prefix}-algorithm", "AES256"),
        (f"{prefix}-key", base64.b64encode(raw).decode("ascii")),
        (f"{prefix}-key-sha256", base64.b64encode(hashlib.sha256(raw).digest()).decode("ascii")),
    )


def _raw(key: bytes | str) -> bytes:
    if isinstance(key, str):
        try:
            key = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            key = b""
    if not isinstance(key, bytes) or len(key) != _KEY_BYTES:
        raise InvalidArgument(f"an encryption key is {_KEY_BYTES} bytes, or their base64")
    return key
