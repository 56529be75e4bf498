"""An object's resource as a typed value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from storage_stream._protocol.object_stat import ObjectStat
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from storage_stream._protocol.resources import ObjectResource

LEAST = {"name": "o", "size": "0", "generation": "7", "metageneration": "1"}


def stat(**fields: Any) -> ObjectStat:
    return ObjectStat.of(cast("ObjectResource", {**LEAST, **fields}))


def test_the_least() -> None:
    assert stat() == ObjectStat("", "o", 0, 7, 1)
    assert stat().metadata == {}


def test_everything() -> None:
    found = stat(
        bucket="b",
        size="12",
        etag="e",
        contentType="text/plain",
        contentEncoding="gzip",
        storageClass="STANDARD",
        crc32c="c",
        md5Hash="m",
        timeCreated="2024-01-02T03:04:05.678Z",
        updated="2024-01-02T03:04:06Z",
        customTime="2020-01-01T00:00:00Z",
        metadata={"k": "v"},
    )
    assert (found.bucket, found.size, found.content_encoding) == ("b", 12, "gzip")
    assert (found.crc32c, found.md5, found.storage_class) == ("c", "m", "STANDARD")
    assert found.created == datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert found.updated is not None
    assert found.custom_time == datetime(2020, 1, 1, tzinfo=UTC)
    assert found.metadata == {"k": "v"}
    hash(found)


def test_it_cannot_be_changed() -> None:
    metadata = {"k": "v"}
    found = stat(metadata=metadata)
    metadata["k"] = "other"
    assert found.metadata == {"k": "v"}
    with pytest.raises(TypeError):
        found.metadata["k"] = "x"  # type: ignore[index] # that is the point


@pytest.mark.parametrize(
    "fields",
    [
        {"size": None},
        {"size": "-1"},
        {"size": 5},
        {"generation": "x"},
        {"timeCreated": "yesterday"},
        {"updated": 5},
        {"name": None},
        {"name": 5},
        {"name": ""},
        {"etag": 5},
        {"contentType": []},
        {"metadata": "text"},
    ],
)
def test_what_is_no_object(fields: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        stat(**fields)
