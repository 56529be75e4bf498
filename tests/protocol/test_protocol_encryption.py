"""Customer-supplied keys as headers; the values are those of the service's documentation's form."""

import base64
import hashlib

import pytest

from storage_stream._protocol.encryption import key_headers
from storage_stream._protocol.options import RequestOptions
from storage_stream.errors import InvalidArgument

KEY = bytes(range(32))
ENCODED = base64.b64encode(KEY).decode()
HASHED = base64.b64encode(hashlib.sha256(KEY).digest()).decode()


@pytest.mark.parametrize("key", [KEY, ENCODED])
def test_a_key_is_named_with_its_hash(key: bytes | str) -> None:
    assert dict(key_headers(key)) == {
        "x-goog-encryption-algorithm": "AES256",
        "x-goog-encryption-key": ENCODED,
        "x-goog-encryption-key-sha256": HASHED,
    }


def test_the_key_of_a_source() -> None:
    assert dict(key_headers(KEY, of_source=True)) == {
        "x-goog-copy-source-encryption-algorithm": "AES256",
        "x-goog-copy-source-encryption-key": ENCODED,
        "x-goog-copy-source-encryption-key-sha256": HASHED,
    }


@pytest.mark.parametrize("key", [b"", b"short", KEY + b"x", "no base64!", ENCODED[:-4], ""])
def test_what_is_no_key_is_refused_without_being_shown(key: bytes | str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        key_headers(key)
    assert str(caught.value) == "an encryption key is 32 bytes, or their base64"


def test_keys_are_keywords_of_every_request_and_stand_in_no_repr() -> None:
    keywords = {"encryption_key": KEY, "source_encryption_key": KEY}
    options = RequestOptions.of(keywords, RequestOptions())
    assert options.header("x-goog-encryption-key") == ENCODED
    assert options.header("x-goog-copy-source-encryption-key-sha256") == HASHED
    assert ENCODED not in repr(options)
