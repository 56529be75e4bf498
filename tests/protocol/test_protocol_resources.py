"""The service's resources, held to the documentation's own examples of them."""

from __future__ import annotations

from typing import get_type_hints

from storage_stream._protocol.resources import (
    BucketResource,
    ListObjectsResponse,
    ObjectResource,
)

# https://cloud.google.com/storage/docs/json_api/v1/objects: an uploaded object
OBJECT = {
    *("kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation", "metageneration"),
    *("contentType", "storageClass", "size", "md5Hash", "crc32c", "etag", "timeCreated"),
    *("updated", "timeStorageClassUpdated"),
}
# https://cloud.google.com/storage/docs/json_api/v1/buckets: a new bucket
BUCKET = {
    *("kind", "id", "selfLink", "name", "projectNumber", "metageneration", "location"),
    *("locationType", "storageClass", "etag", "timeCreated", "updated", "iamConfiguration"),
    "softDeletePolicy",
}


def test_the_keys_of_the_documentation_are_known() -> None:
    assert get_type_hints(ObjectResource).keys() >= OBJECT
    assert get_type_hints(BucketResource).keys() >= BUCKET
    assert get_type_hints(ListObjectsResponse).keys() == {
        "kind", "items", "prefixes", "nextPageToken"
    }  # fmt: skip


def test_every_key_but_the_name_may_be_missing() -> None:
    assert ObjectResource.__required_keys__ == {"name"}
    assert BucketResource.__required_keys__ == {"name"}
    assert not ListObjectsResponse.__required_keys__


def test_numbers_of_64_bits_travel_as_text() -> None:
    hints = get_type_hints(ObjectResource)
    assert all(hints[key] is str for key in ("generation", "metageneration", "size"))
