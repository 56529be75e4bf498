"""A single request whose answer is lost, and whose repeat is refused by its own object."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from storage_stream import Preconditions, Storage
from storage_stream.errors import NotFound, PreconditionFailed
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


class TestRemovals:
    """A repeat that finds nothing any more: the attempt before it did the work."""

    async def test_of_a_named_generation(
        self, gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
    ) -> None:
        made = gcs.put(gcs_bucket, "name", b"data")
        gcs.arm_next("storage.objects.delete", "commit-then-drop")
        named: Any = {"params": {"generation": made["generation"]}}
        assert await storage.delete(gcs_bucket, "name", **named) == ""
        with pytest.raises(NotFound):
            await storage.delete(gcs_bucket, "name", **named)

    async def test_in_a_batch(self, gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
        generation = int(gcs.put(gcs_bucket, "name", b"data")["generation"])
        gcs.arm_next("storage.batch", "commit-then-drop")
        async with storage.batch() as batch:
            call = batch.delete(gcs_bucket, "name", generation=generation)
        assert call.result() == ""

    async def test_of_a_bucket(self, gcs: EmulatorHandle, storage: Storage) -> None:
        gcs.create_bucket("empty")
        gcs.arm_next("storage.buckets.delete", "commit-then-503")
        await storage.delete_bucket("empty")

    async def test_a_move_is_done_when_its_source_is_gone(
        self, gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
    ) -> None:
        gcs.create_bucket("other")
        gcs.put(gcs_bucket, "name", b"data")
        gcs.arm_next("storage.objects.delete", "commit-then-drop")
        await storage.move(gcs_bucket, "name", "other")
        assert gcs.read("other", "name") == b"data"
        assert gcs.objects(gcs_bucket) == []


class TestCopies:
    async def test_the_copy_that_is_there_is_the_one_that_was_made(
        self, gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
    ) -> None:
        gcs.put(gcs_bucket, "name", b"data")
        gcs.arm_next("storage.objects.rewrite", "commit-then-drop")
        given: Any = {"new_name": "copy", "preconditions": NEW}
        made = await storage.copy(gcs_bucket, "name", gcs_bucket, **given)
        stored = gcs.metadata(gcs_bucket, "copy")
        assert made["resource"]["generation"] == stored["generation"]
        with pytest.raises(PreconditionFailed):
            await storage.copy(gcs_bucket, "name", gcs_bucket, **given)

    @pytest.mark.parametrize(
        ("stored", "metadata"), [(b"other", None), (b"data", {"metadata": {"colour": "red"}})]
    )
    async def test_another_object_is_a_refusal(
        self,
        gcs: EmulatorHandle,
        gcs_bucket: str,
        storage: Storage,
        stored: bytes,
        metadata: dict[str, Any] | None,
    ) -> None:
        gcs.put(gcs_bucket, "name", b"data")
        gcs.put(gcs_bucket, "copy", stored)
        gcs.arm_next("storage.objects.rewrite", "return-503")
        with pytest.raises(PreconditionFailed):
            await storage.copy(
                *(gcs_bucket, "name", gcs_bucket),
                new_name="copy",
                metadata=metadata,
                preconditions=NEW,
            )
        assert gcs.read(gcs_bucket, "copy") == stored
