"""What handles take: keywords that every request takes, but for those they take by place."""

import pytest

from storage_stream._protocol import handle_keywords
from storage_stream._protocol.options import RequestKeywords

PER_REQUEST = {"timeout", "stall_timeout", "session", "retry", "retries", "progress"}
BY_PLACE = {
    "BatchCallKeywords": PER_REQUEST,  # of the batch's, not of one call
    "BlobDownloadKeywords": {"timeout", "session"},
    "BlobExistsKeywords": {"session"},
    "BlobUploadKeywords": {"session"},
    "BucketMetadataKeywords": {"params", "session"},
    "GetBlobKeywords": {"timeout", "session"},
    "ListBlobsKeywords": {"session"},
}


def test_all_are_here() -> None:
    assert set(handle_keywords.__all__) == BY_PLACE.keys()


@pytest.mark.parametrize("name", BY_PLACE)
def test_only_what_has_a_place_is_left_out(name: str) -> None:
    taken = getattr(handle_keywords, name).__annotations__.keys()
    assert RequestKeywords.__annotations__.keys() - taken == BY_PLACE[name]
