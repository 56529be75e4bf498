"""What an upload is to make: its MIME type, wherever the caller said it."""

from typing import Any

import pytest
from sample_data import patterned

from storage_stream import Storage
from storage_stream._transfer.new_object import NewObject
from storage_stream.errors import InvalidArgument
from storage_stream.testing.emulator_handle import EmulatorHandle

PART_BYTES = 5 * 1024 * 1024


@pytest.mark.parametrize(
    ("given", "metadata", "expected"),
    [
        (None, {}, "text/plain"),
        (None, {"contentType": "a/b"}, "a/b"),
        (None, {"Content-Type": "a/b"}, "a/b"),
        (None, {"contentType": None}, "text/plain"),
        ("c/d", {"contentType": "a/b"}, "c/d"),
    ],
)
def test_the_type(given: str | None, metadata: dict[str, Any], expected: str) -> None:
    assert NewObject("bucket", "name.txt", given, metadata).resolved_type() == expected


@pytest.mark.parametrize(
    ("wrong", "error"), [("a\nb", InvalidArgument), ("tëxt", InvalidArgument), (5, TypeError)]
)
def test_what_is_no_type(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        NewObject("bucket", "name", None, {"contentType": wrong}).checked()


async def test_the_metadata_s_type_on_every_road(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    said: dict[str, Any] = {"metadata": {"contentType": "a/b"}}
    large = patterned(PART_BYTES + 1)
    await storage.upload(gcs_bucket, "small.txt", b"x", **said)
    await storage.upload(gcs_bucket, "resumable.txt", b"x", force_resumable_upload=True, **said)
    for method in ("multipart", "composite"):
        how: Any = {"method": method, "part_bytes": PART_BYTES, **said}
        await storage.upload_parallel(gcs_bucket, f"{method}.txt", large, **how)
    async with storage.upload_stream(gcs_bucket, "written.txt", **said) as writer:
        await writer.write(b"x")
    assert {item["contentType"] for item in gcs.objects(gcs_bucket)} == {"a/b"}
    assert len(gcs.objects(gcs_bucket)) == 5
