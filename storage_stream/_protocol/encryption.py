"""Encryption keys: customer-supplied ones (CSEK) as headers, names of Cloud KMS's (CMEK).

https://cloud.google.com/storage/docs/encryption/customer-supplied-keys and
https://cloud.google.com/storage/docs/encryption/customer-managed-keys
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from storage_stream._protocol.arguments import check_text
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_kms_key", "key_headers", "key_lines"]

_KEY_BYTES = 32  # AES-256
_KEY_HEADERS = "x-goog-encryption-"
_KMS_ID = r"[A-Za-z0-9_-]{1,63}"  # https://cloud.google.com/kms/docs/resource-hierarchy
_KMS_KEY = re.compile(
    rf"projects/[^/\s]+/locations/{_KMS_ID}/keyRings/{_KMS_ID}/cryptoKeys/{_KMS_ID}"
)


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


def key_lines(lines: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Of a request's header lines those about its object's key: every request about it has them."""
    return tuple(line for line in lines if line[0].lower().startswith(_KEY_HEADERS))


def check_kms_key(name: str) -> str:
    """The resource name of a Cloud KMS key, if it is one.

    The name of one of its versions, as objects' resources have it, is none: which version is
    used, the key says.

    Raises:
        TypeError: It is no text.
        InvalidArgument: It is no key's name.
    """
    if not _KMS_KEY.fullmatch(check_text("kms_key_name", name)):
        raise InvalidArgument(
            f"kms_key_name={name!r}: a key's name is"
            " projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"
        )
    return name


def _raw(key: bytes | str) -> bytes:
    if isinstance(key, str):
        try:
            key = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            key = b""
    if not isinstance(key, bytes) or len(key) != _KEY_BYTES:
        raise InvalidArgument(f"an encryption key is {_KEY_BYTES} bytes, or their base64")
    return key
