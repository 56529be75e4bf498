"""Customer-supplied keys as headers; the values are those of the service's documentation's form."""

import base64
import hashlib
from typing import Any

import pytest

from storage_stream._protocol.encryption import check_kms_key, key_headers, key_lines
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


def test_the_lines_about_a_key_are_told_from_others() -> None:
    lines = (("X-Goog-Encryption-Key", ENCODED), ("x-goog-copy-source-encryption-key", "k"))
    assert key_lines((*lines, ("accept", "*/*"))) == lines[:1]


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


KMS_KEY = "projects/my-project/locations/eu/keyRings/ring_1/cryptoKeys/key-1"


@pytest.mark.parametrize("name", [KMS_KEY, KMS_KEY.replace("my-project", "example.com:my-project")])
def test_the_name_of_a_managed_key(name: str) -> None:
    assert check_kms_key(name) == name
    plain = RequestOptions(params=(("kmsKeyName", "other"), ("userProject", "p")))
    assert plain.with_kms_key(None) is plain
    assert dict(plain.with_kms_key(name).params) == {"userProject": "p", "kmsKeyName": name}
    copied = RequestOptions().with_kms_key(name, "destinationKmsKeyName")
    assert copied.params == (("destinationKmsKeyName", name),)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "key-1",
        KMS_KEY[:-6],
        f"/{KMS_KEY}",
        f"{KMS_KEY}\n",
        f"{KMS_KEY}/cryptoKeyVersions/1",
        KMS_KEY.replace("ring_1", "a/b"),
        KMS_KEY.replace("eu", ""),
        KMS_KEY.replace("key-1", "k" * 64),
    ],
)
def test_what_is_no_name_of_a_managed_key(name: str) -> None:
    with pytest.raises(InvalidArgument, match="a key's name is projects/PROJECT"):
        RequestOptions().with_kms_key(name)


def test_a_managed_key_is_named_by_text_and_alone() -> None:
    number: Any = 5
    with pytest.raises(TypeError, match="kms_key_name is text"):
        RequestOptions().with_kms_key(number)
    with_own = RequestOptions.of({"encryption_key": KEY}, RequestOptions())
    with pytest.raises(InvalidArgument, match="not both"):
        with_own.with_kms_key(KMS_KEY)
