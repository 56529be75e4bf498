"""The service's published signing vectors, and the key they were made with.

They are no part of this repository: they lie beside it, and tests that need them are skipped,
saying so, where they do not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_FOLDER = Path(__file__).parents[2] / "shared" / "conformance"
_VECTORS = _FOLDER / "v4_signatures.json"
_ACCOUNT = _FOLDER / "test_service_account.not-a-test.json"
_MISSING = "the signing vectors are not here: ../shared/conformance beside the repository"

needs_vectors = pytest.mark.skipif(not _VECTORS.exists(), reason=_MISSING)


def vectors(kind: str) -> list[Any]:
    """The vectors of a kind as parameters; one that is skipped where there are none."""
    if not _VECTORS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=_MISSING), id="no-vectors")]
    found = json.loads(_VECTORS.read_text(encoding="utf-8"))[kind]
    return [pytest.param(vector, id=vector["description"]) for vector in found]


def dummy_account() -> dict[str, str]:
    """The account with its key; skips the test where it is not."""
    if not _ACCOUNT.exists():
        pytest.skip(_MISSING)
    account: dict[str, str] = json.loads(_ACCOUNT.read_text(encoding="utf-8"))
    return account


def signature(account: dict[str, str], text: str) -> bytes:
    """Signed with the account's key, by nothing of ours."""
    key = serialization.load_pem_private_key(account["private_key"].encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
