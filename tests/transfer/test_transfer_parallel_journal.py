"""Journals of uploads in parts: what one call left, another goes on with or removes."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from leaks import names_in
from part_places import (
    ABORT,
    DATA,
    METHODS,
    MIB,
    NONE_LEFT,
    PART,
    PART_BYTES,
    names,
    nothing,
    operations,
    unfinished,
    upload,
    whole,
)

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import Forbidden, InvalidArgument, ServerError, Unauthorized
from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.mark.parametrize("method", METHODS)
async def test_a_passing_failure_keeps_what_was_sent(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str
) -> None:
    journal = tmp_path / "journal"
    once = RetryPolicy(retries=0)
    gcs.arm_next(METHODS[method], "pass", "pass", "return-503")
    with pytest.raises(ServerError) as caught:
        await upload(storage, source, method, journal=journal, workers=1, retry=once)
    assert "same journal" in caught.value.__notes__[0]
    assert journal.exists()
    gcs.log.clear()
    await upload(storage, source, method, journal=journal)
    sent = METHODS[method].rpartition(".")[2]
    assert operations(gcs).count(sent) == 1
    whole(gcs)
    assert names_in(tmp_path) == ["source"]


@pytest.mark.parametrize("method", METHODS)
async def test_other_failures_leave_no_journal(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str
) -> None:
    gcs.arm_next(METHODS[method], "return-403")
    with pytest.raises(Forbidden):
        await upload(storage, source, method, journal=tmp_path / "journal")
    nothing(gcs)
    assert names_in(tmp_path) == ["source"]


async def broken(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: str, journal: Path
) -> None:
    """An upload whose last part failed for now."""
    gcs.arm_next(METHODS[method], "pass", "pass", "return-503")
    with pytest.raises(ServerError):
        await upload(
            *(storage, source, method), journal=journal, workers=1, retry=RetryPolicy(retries=0)
        )
    gcs.log.clear()


@pytest.mark.parametrize("method", METHODS)
async def test_parts_that_differ_are_sent_again(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str
) -> None:
    await broken(gcs, storage, source, method, tmp_path / "journal")
    changed = bytearray(DATA)
    changed[6 * MIB] ^= 1
    await upload(storage, changed, method, journal=tmp_path / "journal")
    assert gcs.read("bucket", "näme") == changed
    assert operations(gcs).count(METHODS[method].rpartition(".")[2]) == 2
    assert names(gcs) == ["näme"]
    assert unfinished(gcs) == NONE_LEFT


@pytest.mark.parametrize(
    "other",
    [
        {"method": "composite"},
        {"part_bytes": 6 * MIB},
        {"metadata": {"metadata": {"a": "b"}}},
        {"content_type": "a/b"},
        {"file_data": DATA[:-1]},
        {"object_name": "other"},
        {"params": {"predefinedAcl": "private"}},
        {"kms_key_name": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
        {"encryption_key": b"k" * 32},
        {"headers": {"x-goog-meta-a": "b"}},
    ],
)
async def test_a_journal_of_another_upload(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, "multipart", journal)
    given: dict[str, Any] = {"object_name": "näme", "file_data": source, "part_bytes": PART_BYTES}
    with pytest.raises(InvalidArgument, match="another upload"):
        await storage.upload_parallel("bucket", journal=journal, **given | other)
    assert operations(gcs) == []
    assert await storage.clean_upload(journal) == 1
    nothing(gcs)


@pytest.mark.parametrize(("method", "count"), [("multipart", 1), ("composite", 2)])
async def test_cleaning(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str, count: int
) -> None:
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, method, journal)
    gcs.put("bucket", ".storage-stream/upload/somebody-else", b"x")
    text = journal.read_bytes()
    failing = ABORT if method == "multipart" else "storage.objects.list"
    gcs.arm_next(failing, "return-403")
    with pytest.raises(Forbidden):
        await storage.clean_upload(journal)
    assert journal.exists()
    assert await storage.clean_upload(journal) == count
    assert not journal.exists()
    assert names(gcs) == [".storage-stream/upload/somebody-else"]
    assert unfinished(gcs) == NONE_LEFT
    journal.write_bytes(text)  # killed before it was removed
    assert await storage.clean_upload(journal) == 0
    with pytest.raises(FileNotFoundError):
        await storage.clean_upload(journal)


async def test_cleaning_removes_nothing_that_is_not_ours(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, "composite", journal)
    text = journal.read_text()
    prefix = text.partition('"handle": "')[2].partition('"')[0]
    for handle in ("a", ".storage-stream/upload/", prefix[:-1]):
        journal.write_text(text.replace(prefix, handle))
        with pytest.raises(InvalidArgument):
            await storage.clean_upload(journal)
    journal.write_text(text.replace('"composite"', '"magic"'))
    with pytest.raises(InvalidArgument, match="magic"):
        await storage.clean_upload(journal)
    assert operations(gcs) == []


@pytest.mark.parametrize("method", METHODS)
async def test_killed_after_the_object_was_made(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str
) -> None:
    """The journal is still there, and so is the object: nothing is sent again, or made twice."""
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, method, journal)
    text = journal.read_bytes()
    made = await upload(storage, source, method, journal=journal)
    journal.write_bytes(text)
    gcs.log.clear()
    again = await upload(storage, source, method, journal=journal)
    whole(gcs)
    assert not journal.exists()
    if method == "multipart":
        assert again["generation"] == made["generation"]
        assert operations(gcs) == ["listParts", "get", "get"]


async def test_killed_after_the_object_was_made_and_nobody_can_tell(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    """While it cannot be asked whether the object is there, it is not made a second time."""
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, "multipart", journal)
    text = journal.read_bytes()
    made = await upload(storage, source, "multipart", journal=journal)
    journal.write_bytes(text)
    gcs.arm_next("storage.objects.get", "401-once")
    with pytest.raises(Unauthorized):
        await upload(storage, source, "multipart", journal=journal)
    assert journal.exists()
    again = await upload(storage, source, "multipart", journal=journal)
    assert again["generation"] == made["generation"]
    assert not journal.exists()


async def test_killed_after_the_object_was_made_and_then_overwritten(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, "multipart", journal)
    text = journal.read_bytes()
    await upload(storage, source, "multipart", journal=journal)
    gcs.put("bucket", "näme", DATA[:-1] + b"?")
    journal.write_bytes(text)
    await upload(storage, source, "multipart", journal=journal)
    whole(gcs)


async def test_an_upload_that_somebody_aborted_begins_anew(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await broken(gcs, storage, source, "multipart", journal)
    text = journal.read_bytes()
    await storage.clean_upload(journal)
    journal.write_bytes(text)
    await upload(storage, source, "multipart", journal=journal)
    whole(gcs)


async def test_the_service_is_gone_while_it_gives_up(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    gcs.arm_next(PART, "return-403")
    gcs.arm_next(ABORT, *["return-reset-connection"] * 9)
    with pytest.raises(Forbidden):
        await upload(storage, source, "multipart", journal=tmp_path / "journal")
    gcs.arm_next(ABORT)
    assert await storage.clean_upload(tmp_path / "journal") == 1
    nothing(gcs)


async def test_a_journal_that_cannot_be_written(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await upload(storage, source, "multipart", journal=tmp_path / "none" / "journal")
    nothing(gcs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
async def test_two_uploads_do_not_share_a_journal(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path, method: str
) -> None:
    journal = tmp_path / "journal"
    both = await asyncio.gather(
        *(upload(storage, source, method, journal=journal) for _ in range(2)),
        return_exceptions=True,
    )
    refused = [each for each in both if isinstance(each, InvalidArgument)]
    assert len(refused) == 1
    assert "another upload" in str(refused[0])
    whole(gcs)
    assert names_in(tmp_path) == ["source"]


async def test_killed_while_the_components_of_the_object_are_removed(
    gcs: EmulatorHandle, storage: Storage, source: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    gcs.arm_next("storage.batch", "return-403")
    with pytest.raises(Forbidden) as caught:
        await upload(storage, source, "composite", journal=journal)
    assert "gs://bucket/.storage-stream/upload/" in caught.value.__notes__[-1]
    made = gcs.metadata("bucket", "näme")
    gcs.log.clear()
    again = await upload(storage, source, "composite", journal=journal)
    assert again["generation"] == made["generation"]
    assert "insert" not in operations(gcs)
    whole(gcs)
    assert names_in(tmp_path) == ["source"]
