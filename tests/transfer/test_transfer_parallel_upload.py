"""Uploads in parts, against faults: exactly one intact object, or none, and never a part left."""

import io
from pathlib import Path
from typing import Any

import pytest
from leaks import names_in, nothing_under_way
from part_places import MIB, PART_BYTES, names, operations, unfinished
from sample_data import encoded_crc32c, patterned

from storage_stream import Preconditions, RetryPolicy, Storage
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    Forbidden,
    IntegrityError,
    InvalidArgument,
    InvalidName,
    NotFound,
    PreconditionFailed,
    ServerError,
    StorageError,
    TransferError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(12 * MIB + 5)  # three parts
PART, COMPLETE = "storage.multipartUploads.uploadPart", "storage.multipartUploads.complete"
CREATE, ABORT = "storage.multipartUploads.create", "storage.multipartUploads.abort"
INSERT, COMPOSE, GET = "storage.objects.insert", "storage.objects.compose", "storage.objects.get"
METHODS = {"multipart": PART, "composite": INSERT}
JOINS = {"multipart": COMPLETE, "composite": COMPOSE}
NONE_LEFT: list[str] = []


@pytest.fixture(autouse=True)
def bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    gcs.log.clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").write_bytes(DATA)
    return tmp_path / "source"


async def upload(storage: Storage, data: Any, method: str, **arguments: Any) -> Any:
    chosen = {"part_bytes": PART_BYTES, "method": method, **arguments}
    return await storage.upload_parallel("bucket", "näme", data, **chosen)


def whole(gcs: EmulatorHandle) -> None:
    """Exactly one intact object, and nothing else."""
    assert names(gcs) == ["näme"]
    assert unfinished(gcs) == NONE_LEFT
    assert gcs.read("bucket", "näme") == DATA


def nothing(gcs: EmulatorHandle) -> None:
    assert names(gcs) == NONE_LEFT
    assert unfinished(gcs) == NONE_LEFT


# -- what is made ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
async def test_the_object(gcs: EmulatorHandle, storage: Storage, source: Path, method: str) -> None:
    metadata = {"cacheControl": "no-store", "metadata": {"colour": "blue"}}
    made = await upload(storage, source, method, content_type="a/b", metadata=metadata)
    whole(gcs)
    assert made["crc32c"] == encoded_crc32c(DATA)
    assert (made["contentType"], made["cacheControl"]) == ("a/b", "no-store")
    assert made["metadata"] == {"colour": "blue"}
    assert gcs.metadata("bucket", "näme")["generation"] == made["generation"]
    assert metadata == {"cacheControl": "no-store", "metadata": {"colour": "blue"}}


@pytest.mark.parametrize("method", METHODS)
async def test_sources(gcs: EmulatorHandle, storage: Storage, source: Path, method: str) -> None:
    await upload(storage, bytearray(DATA), method)
    whole(gcs)
    file = io.BytesIO(b"before" + DATA)
    file.seek(6)
    await upload(storage, file, method)
    whole(gcs)
    assert file.tell() == len(DATA) + 6
    with source.open("rb") as opened:
        await upload(storage, opened, method, workers=1)
        assert opened.tell() == len(DATA)
    whole(gcs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [0, 1, PART_BYTES])
async def test_one_part_is_an_ordinary_upload(
    gcs: EmulatorHandle, storage: Storage, method: str, size: int
) -> None:
    await upload(storage, DATA[:size], method)
    assert gcs.read("bucket", "näme") == DATA[:size]
    assert operations(gcs) == ["insert", "insert"]


async def test_every_part_goes_out_with_its_checksum(gcs: EmulatorHandle, storage: Storage) -> None:
    await upload(storage, DATA, "multipart")
    parts = [DATA[at : at + PART_BYTES] for at in range(0, len(DATA), PART_BYTES)]
    told = [entry.headers["x-goog-hash"] for entry in gcs.log if entry.operation == PART]
    assert sorted(told) == sorted(f"crc32c={encoded_crc32c(part)}" for part in parts)


async def test_more_components_than_one_composition_takes(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    path, size = tmp_path / "large", 33 * PART_BYTES
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size - 1)
        file.write(b"x")
    made = await upload(storage, path, "composite", workers=4)
    assert made["size"] == str(size)
    assert names(gcs) == ["näme"]
    assert operations(gcs).count("compose") == 2


async def test_a_customer_s_key(gcs: EmulatorHandle, storage: Storage, source: Path) -> None:
    key = bytes(range(32))
    for method in METHODS:
        made = await upload(storage, source, method, encryption_key=key)
        assert made["crc32c"] == encoded_crc32c(DATA)
        assert await storage.download("bucket", "näme", encryption_key=key) == DATA
        assert names(gcs) == ["näme"]


async def test_who_pays(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("paid", billing={"requesterPays": True})
    for method in ("multipart", "composite"):
        how: Any = {"method": method, "part_bytes": PART_BYTES, "user_project": "p"}
        await storage.upload_parallel("paid", "x", DATA, **how)
        assert await storage.download("paid", "x", user_project="p") == DATA


# -- what is refused before anything is sent -------------------------------------------------


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (InvalidArgument, {"part_bytes": 1024}),
        (InvalidArgument, {"workers": 0}),
        (InvalidArgument, {"method": "magic"}),
        (InvalidArgument, {"preconditions": Preconditions(if_generation_match=0)}),
        (InvalidArgument, {"metadata": {"metadata": {"Colour": "blue"}}}),
        (InvalidArgument, {"metadata": {"temporaryHold": True}}),
        (InvalidArgument, {"content_type": "a\nb"}),
        (InvalidArgument, {"params": {"fields": "name"}}),
        (TypeError, {"file_data": iter([b"a"])}),
        (TypeError, {"unknown": 1}),
        (FileNotFoundError, {"file_data": Path("none")}),
        (InvalidName, {"object_name": ".."}),
        (InvalidArgument, {"file_data": b"", "preconditions": Preconditions(0)}),
    ],
)
async def test_bad_input(
    gcs: EmulatorHandle, storage: Storage, error: type[Exception], arguments: dict[str, Any]
) -> None:
    given: dict[str, Any] = {"object_name": "o", "file_data": DATA, **arguments}
    with pytest.raises(error):
        await storage.upload_parallel("bucket", **given)
    assert operations(gcs) == []


async def test_what_multipart_cannot_say_composite_can(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    new_only = Preconditions(if_generation_match=0)
    metadata = {"metadata": {"Colour": "bläu"}}
    made = await upload(storage, DATA, "composite", metadata=metadata, preconditions=new_only)
    assert made["metadata"] == {"Colour": "bläu"}
    with pytest.raises(PreconditionFailed):
        await upload(storage, DATA, "composite", preconditions=new_only)
    whole(gcs)


# -- what breaks, and goes on ----------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "words",
    [
        ["return-503"],
        ["return-reset-connection"] * 3,
        ["drop-at-100000", "return-503-after-256K"],
        ["commit-then-drop"],
        ["commit-then-503", "commit-then-503"],
        ["retry-after-0", "return-429"],
    ],
)
async def test_a_part_that_breaks_is_sent_again(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: str, words: list[str]
) -> None:
    gcs.arm_next(METHODS[method], *words)
    await upload(storage, source, method)
    whole(gcs)


@pytest.mark.parametrize(
    "words", [["return-503"], ["commit-then-drop"], ["commit-then-503", "return-503"]]
)
async def test_the_last_request_of_a_multipart_upload_is_lost(
    gcs: EmulatorHandle, storage: Storage, source: Path, words: list[str]
) -> None:
    gcs.arm_next(COMPLETE, *words)
    made = await upload(storage, source, "multipart")
    assert made["crc32c"] == encoded_crc32c(DATA)
    whole(gcs)


@pytest.mark.parametrize("word", ["commit-then-drop", "commit-then-503", "garbled-json"])
@pytest.mark.parametrize("conditions", [None, Preconditions(if_generation_match=0)])
async def test_the_answer_of_a_composition_is_lost(
    gcs: EmulatorHandle, storage: Storage, word: str, conditions: Preconditions | None
) -> None:
    gcs.arm_next(COMPOSE, word)
    made = await upload(storage, DATA, "composite", preconditions=conditions)
    assert made["crc32c"] == encoded_crc32c(DATA)
    whole(gcs)


async def test_an_older_object_of_the_same_bytes_is_not_taken_for_ours(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    old = gcs.put("bucket", "näme", DATA)
    gcs.arm_next(COMPOSE, "return-503")
    with pytest.raises(ServerError):
        await upload(storage, DATA, "composite")
    assert gcs.metadata("bucket", "näme")["generation"] == old["generation"]
    whole(gcs)


async def test_a_start_that_is_refused_once(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(CREATE, "return-503", "return-reset-connection")
    await upload(storage, DATA, "multipart")
    whole(gcs)


# -- what fails, and leaves nothing ----------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
async def test_a_part_that_arrives_changed(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: str
) -> None:
    gcs.arm_next(METHODS[method], "pass", "flip-bit-at-1000")
    with pytest.raises(BadRequest):
        await upload(storage, source, method)
    nothing(gcs)
    await nothing_under_way(storage)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("word", ["return-403", "return-503"])
async def test_a_part_that_fails_for_good(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: str, word: str
) -> None:
    expected = Forbidden if word == "return-403" else ServerError
    gcs.arm_next(METHODS[method], "pass", *[word] * 30)
    with pytest.raises(expected) as caught:
        await upload(storage, source, method)
    assert caught.value.subject is not None
    gcs.arm_next(METHODS[method])
    nothing(gcs)


async def test_a_file_stands_where_it_stood_when_it_fails(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.arm_next(COMPLETE, "return-403")
    file = io.BytesIO(b"before" + DATA)
    file.seek(6)
    with pytest.raises(Forbidden):
        await upload(storage, file, "multipart")
    assert file.tell() == 6


async def test_a_file_that_is_closed_meanwhile(gcs: EmulatorHandle, storage: Storage) -> None:
    class Closing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            if self.tell() == len(DATA):
                self.close()
            return data

    with pytest.raises(ValueError, match="closed") as caught:
        await upload(storage, Closing(DATA), "multipart")
    assert "does not stand where it stood" in caught.value.__notes__[0]
    nothing(gcs)


@pytest.mark.parametrize("method", METHODS)
async def test_the_end_fails_for_good(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: str
) -> None:
    gcs.arm_next(JOINS[method], "return-403")
    with pytest.raises(Forbidden):
        await upload(storage, source, method)
    nothing(gcs)


@pytest.mark.parametrize("method", METHODS)
async def test_the_beginning_is_refused(gcs: EmulatorHandle, storage: Storage, method: str) -> None:
    gcs.arm_next(CREATE if method == "multipart" else INSERT, "return-404")
    with pytest.raises(NotFound):
        await upload(storage, DATA, method, workers=1)
    expected = ["create"] if method == "multipart" else ["insert", "list"]
    assert operations(gcs) == expected


@pytest.mark.parametrize("method", METHODS)
async def test_an_object_that_is_not_what_was_sent_is_deleted(
    gcs: EmulatorHandle, storage: Storage, method: str
) -> None:
    gcs.arm_next(GET if method == "multipart" else COMPOSE, "wrong-hash")
    with pytest.raises(IntegrityError):
        await upload(storage, DATA, method)
    nothing(gcs)


@pytest.mark.parametrize("method", METHODS)
async def test_a_source_that_becomes_shorter(
    gcs: EmulatorHandle, storage: Storage, method: str
) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 11 * MIB:
                self.truncate(11 * MIB)
            return super().read(size)

    with pytest.raises(TransferError, match="shorter"):
        await upload(storage, Shrinking(DATA), method)
    nothing(gcs)
    await nothing_under_way(storage)


async def test_what_cannot_be_removed_is_said(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(PART, "return-403")
    gcs.arm_next(ABORT, "return-403")
    with pytest.raises(Forbidden) as caught:
        await upload(storage, DATA, "multipart")
    assert "temporary parts" in caught.value.__notes__[0]
    assert len(unfinished(gcs)) == 1


async def test_a_component_that_cannot_be_removed_is_said(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.arm_next("storage.batch", "return-403")
    with pytest.raises(StorageError) as caught:
        await upload(storage, DATA, "composite")
    assert "the object was made" in caught.value.__notes__[0]
    assert gcs.read("bucket", "näme") == DATA


# -- the journal -----------------------------------------------------------------------------


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


async def test_the_connection_is_lost_for_good(
    gcs: EmulatorHandle, storage: Storage, source: Path
) -> None:
    gcs.arm_next(COMPLETE, *["return-reset-connection"] * 9)
    with pytest.raises(ConnectionLost):
        await upload(storage, source, "multipart")
    nothing(gcs)
