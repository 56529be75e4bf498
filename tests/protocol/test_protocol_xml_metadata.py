"""What headers of the XML API can say is said, and what they cannot is refused."""

from typing import Any

import pytest

from storage_stream._protocol.xml_metadata import metadata_headers, parameter_headers
from storage_stream.errors import InvalidArgument


def test_every_field_that_has_a_header() -> None:
    resource = {
        "name": "the path says it",
        "contentType": "the argument says it",
        "cacheControl": "no-store",
        "contentDisposition": "inline",
        "contentEncoding": "gzip",
        "contentLanguage": "de",
        "customTime": "2026-01-01T00:00:00Z",
        "kmsKeyName": "projects/p/k",
        "storageClass": "NEARLINE",
        "metadata": {"colour": "blue", "a-b_c": "", "gone": None},
        "temporaryHold": None,
    }
    assert dict(metadata_headers(resource, "text/plain")) == {
        "content-type": "text/plain",
        "cache-control": "no-store",
        "content-disposition": "inline",
        "content-encoding": "gzip",
        "content-language": "de",
        "x-goog-custom-time": "2026-01-01T00:00:00Z",
        "x-goog-encryption-kms-key-name": "projects/p/k",
        "x-goog-storage-class": "NEARLINE",
        "x-goog-meta-colour": "blue",
        "x-goog-meta-a-b_c": "",
    }


@pytest.mark.parametrize(
    "resource",
    [
        {"temporaryHold": True},
        {"acl": []},
        {"metadata": {"Colour": "would become colour"}},
        {"metadata": {"two words": "x"}},
        {"metadata": {"é": "x"}},
        {"metadata": {"": "x"}},
        {"metadata": {"key": "é"}},
        {"metadata": {"key": "a\r\nx-goog-acl: public-read"}},
        {"metadata": {"key": " the space would go"}},
        {"cacheControl": "a\nb"},
    ],
)
def test_what_no_header_can_say(resource: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="method='composite'"):
        metadata_headers(resource, "a/b")


def test_parameters() -> None:
    said = [("userProject", "p"), ("predefinedAcl", "bucketOwnerFullControl"), ("kmsKeyName", "k")]
    assert parameter_headers(said) == [
        ("x-goog-user-project", "p"),
        ("x-goog-acl", "bucket-owner-full-control"),
        ("x-goog-encryption-kms-key-name", "k"),
    ]
    assert parameter_headers([]) == []


@pytest.mark.parametrize("field", ["crc32c", "md5Hash", "temporaryHolds"])
def test_nothing_is_recommended_that_cannot_take_it_either(field: str) -> None:
    with pytest.raises(InvalidArgument, match=f"cannot set '{field}'$"):
        metadata_headers({field: "AAAAAA=="}, "a/b")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("ifGenerationMatch", "method='composite'"),
        ("fields", "method='composite'"),
        ("ifMetagenerationNotMatch", "upload"),
        ("projection", "upload"),
    ],
)
def test_parameters_that_have_no_header(name: str, instead: str) -> None:
    with pytest.raises(InvalidArgument, match=f"{name}; {instead}"):
        parameter_headers([(name, "0")])


def test_a_parameter_that_would_become_another_header() -> None:
    with pytest.raises(InvalidArgument, match="userProject"):
        parameter_headers([("userProject", "p\r\nx: y")])
