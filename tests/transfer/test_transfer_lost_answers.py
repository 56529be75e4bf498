"""A single request whose answer is lost, and whose repeat is refused by its own object."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from storage_stream import Preconditions, Storage
from storage_stream.errors import PreconditionFailed
from storage_stream.testing import EmulatorHandle

NEW = Preconditions(if_generation_match=0)


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
@pytest.mark.parametrize("metadata", [None, {"metadata": {"colour": "red"}}])
async def test_it_is_found_to_have_been_carried_out(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    storage: Storage,
    kind: Callable[[bytes], Any],
    metadata: dict[str, Any] | None,
) -> None:
    gcs.arm_next("storage.objects.insert", "commit-then-drop")
    made = await storage.upload(
        gcs_bucket, "name", kind(b"data"), preconditions=NEW, metadata=metadata
    )
    assert made["generation"] == gcs.metadata(gcs_bucket, "name")["generation"]
    assert [entry.method for entry in gcs.log] == ["POST", "POST", "GET"]


@pytest.mark.parametrize(
    ("stored", "kept"),
    [(b"other", {}), (b"data", {"contentType": "text/html"}), (b"dat", {})],
)
async def test_anothers_object_is_a_refusal(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, stored: bytes, kept: dict[str, Any]
) -> None:
    gcs.put(gcs_bucket, "name", stored, **kept)
    gcs.arm_next("storage.objects.insert", "return-503")
    with pytest.raises(PreconditionFailed):
        await storage.upload(gcs_bucket, "name", b"data", preconditions=NEW)
    assert gcs.read(gcs_bucket, "name") == stored


async def test_a_first_attempt_is_not_asked_about(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.put(gcs_bucket, "name", b"data")
    gcs.log.clear()
    with pytest.raises(PreconditionFailed):
        await storage.upload(gcs_bucket, "name", b"data", preconditions=NEW)
    assert [entry.method for entry in gcs.log] == ["POST"]
