"""Headers with a customer-supplied encryption key."""

import base64
import hashlib


def sha256(key: bytes) -> str:
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def with_key(key: bytes, prefix: str = "x-goog-encryption-") -> dict[str, str]:
    return {
        f"{prefix}algorithm": "AES256",
        f"{prefix}key": base64.b64encode(key).decode(),
        f"{prefix}key-sha256": sha256(key),
    }
