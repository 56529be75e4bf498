"""What makes two calls mean the same object, so that one goes on with the other's parts."""

from typing import Any

import pytest

from storage_stream._protocol.options import RequestOptions
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.upload_identity import UploadIdentity

TARGET = NewObject("bucket", "name", None, {"metadata": {"a": "b"}})
KEY = b"k" * 32


def identity(target: NewObject = TARGET, **keywords: Any) -> UploadIdentity:
    options = RequestOptions.of(keywords, RequestOptions())
    return UploadIdentity.of("multipart", target, options, 10, 5)


@pytest.mark.parametrize(
    "keywords",
    [
        {"params": {"predefinedAcl": "publicRead"}},
        {"params": {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}},
        {"headers": {"x-goog-meta-a": "c"}},
        {"headers": {"Cache-Control": "no-store"}},
        {"encryption_key": KEY},
    ],
)
def test_what_would_make_another_object_counts(keywords: dict[str, Any]) -> None:
    assert identity(**keywords) != identity()
    assert identity(**keywords) == identity(**keywords)


@pytest.mark.parametrize(
    "keywords",
    [
        {"headers": {"Authorization": "Bearer a"}},
        {"headers": {"traceparent": "00-1-2-3"}},
        {"user_project": "payer"},
        {"params": {"fields": "name"}},
        {"timeout": 3, "retries": 1},
    ],
)
def test_who_asks_does_not_count(keywords: dict[str, Any]) -> None:
    assert identity(**keywords) == identity()


def test_spelling_and_order_do_not_count() -> None:
    one = identity(headers={"A": "1", "b": "2"}, params={"x": "1", "y": "2"})
    assert one == identity(headers={"B": "2", "a": "1"}, params={"y": "2", "x": "1"})


def test_another_key_is_another_upload_and_no_key_is_kept() -> None:
    with_key = identity(encryption_key=KEY)
    assert with_key != identity(encryption_key=b"n" * 32)
    assert with_key == identity(encryption_key="a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")
    assert "kkkk" not in repr(with_key)


def test_metadata_and_type_count() -> None:
    assert identity(NewObject("bucket", "name", "a/b", TARGET.metadata)) != identity()
    assert identity(NewObject("bucket", "name")) != identity()
