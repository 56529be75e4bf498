"""Uploads in parts, against faults: exactly one intact object, or none, and never a part left."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from leaks import nothing_under_way
from part_places import (
    ABORT,
    COMPLETE,
    COMPOSE,
    CREATE,
    DATA,
    GET,
    INSERT,
    METHODS,
    MIB,
    PART,
    PART_BYTES,
    names,
    nothing,
    operations,
    unfinished,
    upload,
    whole,
)
from sample_data import encoded_crc32c

from storage_stream import Preconditions, Storage
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
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

JOINS = {"multipart": COMPLETE, "composite": COMPOSE}


pytestmark = pytest.mark.usefixtures("bucket")


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
        await upload(storage, Closing(DATA), "multipart", workers=1)
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


async def test_a_file_is_read_by_one_upload_at_a_time(
    gcs: EmulatorHandle, storage: Storage, source: Path
) -> None:
    with source.open("rb") as file:
        both = await asyncio.gather(
            *(upload(storage, file, "multipart") for _ in range(2)), return_exceptions=True
        )
    assert [type(each) for each in both] == [dict, UsageError]
    whole(gcs)


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


async def test_the_connection_is_lost_for_good(
    gcs: EmulatorHandle, storage: Storage, source: Path
) -> None:
    gcs.arm_next(COMPLETE, *["return-reset-connection"] * 9)
    with pytest.raises(ConnectionLost):
        await upload(storage, source, "multipart")
    nothing(gcs)
