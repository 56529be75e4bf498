"""Customer-supplied encryption keys: read from headers, compared by their hash, never kept.

What is stored is not encrypted: what can be tested is that a client sends the right key with the
right requests. So only the key's hash goes on from here.

https://cloud.google.com/storage/docs/encryption/customer-supplied-keys
https://cloud.google.com/storage/docs/json_api/v1/status-codes#400-bad-request
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.records import Json, ObjectRecord

ALGORITHM = "AES256"
KEY_BYTES = 32

_OWN = "x-goog-encryption-"
_COPY_SOURCE = "x-goog-copy-source-encryption-"


def key_of(headers: Mapping[str, str]) -> str | None:
    """Return the hash of the key for the object of the request; `None` when there is no key.

    Raises:
        ApiError: 400, the three headers are incomplete, malformed or contradict each other.
    """
    return _key(headers, _OWN)


def source_key_of(headers: Mapping[str, str]) -> str | None:
    """Return the hash of the key for the source of a copy; `None` when there is no key.

    Raises:
        ApiError: as `key_of`.
    """
    return _key(headers, _COPY_SOURCE)


def check_key(item: ObjectRecord, key_sha256: str | None) -> None:
    """Return if the bytes of `item` can be read with this key, or without one.

    Raises:
        ApiError: 400, the key is missing, wrong, or not wanted.
    """
    if item.key_sha256 == key_sha256:
        return
    if key_sha256 is None:
        message = (
            "The target object is encrypted by a customer-supplied encryption key, which is needed."
        )
        raise ApiError(400, "resourceIsEncryptedWithCustomerEncryptionKey", message)
    if item.key_sha256 is None:
        message = "The target object is not encrypted by a customer-supplied encryption key."
        raise ApiError(400, "resourceNotEncryptedWithCustomerEncryptionKey", message)
    raise incorrect_key()


def check_upload_key(wanted_sha256: str | None, key_sha256: str | None) -> None:
    """Return if a request of an upload carries the key that the upload was started with.

    Raises:
        ApiError: 400.
    """
    if wanted_sha256 != key_sha256:
        raise incorrect_key()


def incorrect_key() -> ApiError:
    """Return the error for a key that is not the one that was used before."""
    message = "The provided encryption key is incorrect."
    return ApiError(
        400, "customerEncryptionKeyIsIncorrect", message, location="X-Goog-Encryption-Key"
    )


def shows_hashes(item: ObjectRecord, key_sha256: str | None) -> bool:
    """Return whether metadata may tell the checksums: they are encrypted as the bytes are.

    Raises:
        ApiError: 400, a key is given and it is not the right one.
    """
    if key_sha256 is not None:
        check_key(item, key_sha256)
    return item.key_sha256 == key_sha256


def customer_encryption(key_sha256: str) -> Json:
    """Return the field of an object's resource."""
    return {"encryptionAlgorithm": ALGORITHM, "keySha256": key_sha256}


def encryption_headers(key_sha256: str | None) -> dict[str, str]:
    """Return the headers of an answer about an object with this key."""
    if key_sha256 is None:
        return {}
    return {f"{_OWN}algorithm": ALGORITHM, f"{_OWN}key-sha256": key_sha256}


def _key(headers: Mapping[str, str], prefix: str) -> str | None:
    algorithm, key, said = (
        headers.get(f"{prefix}{word}") for word in ("algorithm", "key", "key-sha256")
    )
    if algorithm is None and key is None and said is None:
        return None
    if algorithm != ALGORITHM:
        raise _invalid("AlgorithmIsInvalid", f"{prefix}algorithm", f"is not {ALGORITHM}")
    content = _decoded(key)
    if content is None:
        problem = f"is not base64 of {KEY_BYTES} bytes"
        raise _invalid("KeyFormatIsInvalid", f"{prefix}key", problem)
    found = base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")
    if said != found:
        raise _invalid("KeySha256IsInvalid", f"{prefix}key-sha256", "is not the key's hash")
    return found


def _decoded(key: str | None) -> bytes | None:
    try:
        content = base64.b64decode(key or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if len(content) == KEY_BYTES else None


def _invalid(suffix: str, header: str, problem: str) -> ApiError:
    # The message never quotes the header: it may hold the key.
    location = header.title()
    return ApiError(400, f"customerEncryption{suffix}", f"{header} {problem}.", location=location)
