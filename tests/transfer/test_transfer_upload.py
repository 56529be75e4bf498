"""Uploads in one request: every kind of data arrives byte for byte, and is compared."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from leaks import nothing_under_way
from sample_data import encoded_crc32c, patterned
from scripted_server import ScriptedServer, head, reply

from storage_stream import Preconditions, RetryPolicy, Storage
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    IntegrityError,
    InvalidArgument,
    PreconditionFailed,
    ProtocolError,
    ServerError,
    StorageError,
    TooManyRequests,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
DATA = patterned(3_000_000)
Kind = Callable[[bytes], Any]
NEW_ONLY = Preconditions(if_generation_match=0)


# -- what is sent ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"bytes", b"bytes"),
        (DATA, DATA),
        (bytearray(b"bytearray"), b"bytearray"),
        (memoryview(b"memoryview"), b"memoryview"),
        (memoryview(b"abcdef")[::2], b"ace"),
        ("é" * 10, "é".encode() * 10),
        ("", b""),
        (b"", b""),
        (None, b""),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_data_in_memory(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, data: Any, expected: bytes
) -> None:
    resource = await storage.upload(gcs_bucket, "name", data)
    assert gcs.read(gcs_bucket, "name") == expected
    assert resource["size"] == str(len(expected))
    assert resource["crc32c"] == encoded_crc32c(expected)
    assert gcs.metadata(gcs_bucket, "name") | resource == gcs.metadata(gcs_bucket, "name")
    assert len(gcs.log) == 1


def _path(folder: Path) -> Path:
    (folder / "source").write_bytes(DATA)
    return folder / "source"


async def test_a_path(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    resource = await storage.upload(gcs_bucket, "one", _path(tmp_path))
    await storage.upload_from_filename(gcs_bucket, "two", str(_path(tmp_path)))
    assert gcs.read(gcs_bucket, "one") == gcs.read(gcs_bucket, "two") == DATA
    assert resource["crc32c"] == encoded_crc32c(DATA)
    assert [entry.method for entry in gcs.log] == ["POST", "POST"]


async def test_an_empty_file(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    await storage.upload(gcs_bucket, "name", tmp_path / "empty")
    assert gcs.read(gcs_bucket, "name") == b""


async def test_a_text_is_no_path(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    await storage.upload(gcs_bucket, "name", str(_path(tmp_path)))
    assert gcs.read(gcs_bucket, "name") == str(tmp_path / "source").encode()


async def test_a_path_that_is_not_there(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        await storage.upload(gcs_bucket, "name", tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        await storage.upload(gcs_bucket, "name", tmp_path)
    assert len(gcs.log) == 0


async def test_an_open_file_from_where_it_stands(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    with _path(tmp_path).open("rb") as file:
        file.seek(5)
        await storage.upload(gcs_bucket, "name", file)
        assert not file.closed
        assert file.tell() == len(DATA)
        await storage.upload(gcs_bucket, "rest", file)
    assert gcs.read(gcs_bucket, "name") == DATA[5:]
    assert gcs.read(gcs_bucket, "rest") == b""


async def test_files_in_memory(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    binary, text = io.BytesIO(DATA), io.StringIO("héllo\nworld")
    text.seek(1)
    await storage.upload(gcs_bucket, "binary", binary)
    await storage.upload(gcs_bucket, "text", text)
    assert not binary.closed
    assert not text.closed
    assert gcs.read(gcs_bucket, "binary") == DATA
    assert gcs.read(gcs_bucket, "text") == "éllo\nworld".encode()


async def test_a_text_file_becomes_utf_8(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, tmp_path: Path
) -> None:
    path = tmp_path / "text"
    path.write_text("héllo", encoding="latin-1")
    with path.open(encoding="latin-1") as file:
        await storage.upload(gcs_bucket, "name", file)
        assert not file.closed
    assert gcs.read(gcs_bucket, "name") == "héllo".encode()


class CountedFile(io.BytesIO):
    """A file that knows how many bytes were read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


@pytest.mark.parametrize(
    ("size", "times"), [(0, 0), (1, 1), (64 * 1024, 1), (64 * 1024 + 1, 2), (1_000_000, 2)]
)
async def test_how_often_a_file_is_read_that_goes_out_in_one_request(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, size: int, times: int
) -> None:
    # Its checksum goes before it: what is small is held meanwhile, all else is read again.
    file = CountedFile(DATA[:size])
    await storage.upload(gcs_bucket, "name", file)
    assert gcs.read(gcs_bucket, "name") == DATA[:size]
    assert file.count == times * size
    assert file.tell() == size
    (entry,) = gcs.log.select(operation=INSERT)
    assert entry.status == 200


async def test_a_small_file_is_sent_again_as_it_was_read(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-503")
    file = CountedFile(b"as it was")
    retry = RetryPolicy(always=True, initial_delay=0)
    await storage.upload(gcs_bucket, "name", file, retry=retry)
    assert gcs.read(gcs_bucket, "name") == b"as it was"
    assert file.count == 9


async def test_a_file_that_shrinks_leaves_no_object(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 1_000_000:
                return b""
            return super().read(size)

    with pytest.raises(StorageError, match="shorter"):
        await storage.upload(gcs_bucket, "name", Shrinking(DATA))
    assert gcs.objects(gcs_bucket) == []
    await nothing_under_way(storage)


async def test_a_file_that_cannot_be_read_leaves_no_object(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 1_000_000:
                raise OSError("the disk is on fire")
            return super().read(size)

    with pytest.raises(OSError, match="on fire"):
        await storage.upload(gcs_bucket, "name", Broken(DATA))
    assert gcs.objects(gcs_bucket) == []
    await nothing_under_way(storage)


async def _async_pieces() -> Any:
    yield b"later"


@pytest.mark.parametrize(
    "data",
    [5, 1.5, object(), ["list"], {"a": 1}, b"x".__iter__(), True],
    ids=lambda data: type(data).__name__,
)
async def test_what_is_no_data(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, data: Any
) -> None:
    with pytest.raises(TypeError, match=r"cannot upload|expected bytes"):
        await storage.upload(gcs_bucket, "name", data)
    assert len(gcs.log) == 0


async def test_an_async_iterable(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    await storage.upload(gcs_bucket, "name", _async_pieces())
    expected = b"".join([piece async for piece in _async_pieces()])
    assert gcs.read(gcs_bucket, "name") == expected


async def test_a_file_that_cannot_seek(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"through a pipe")
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: ASYNC230, PTH123 - a descriptor has no path
        await storage.upload(gcs_bucket, "name", pipe)
        assert not pipe.closed
    assert gcs.read(gcs_bucket, "name") == b"through a pipe"


# -- what is said about it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("a.txt", None, "text/plain"),
        ("a.json", None, "application/json"),
        ("folder/a.png", None, "image/png"),
        ("unknown", None, "application/octet-stream"),
        ("a.txt", "image/jpeg", "image/jpeg"),
        ("a", "text/html; charset=utf-8", "text/html; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
async def test_content_type(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    storage: Storage,
    name: str,
    given: str | None,
    expected: str,
    kind: Kind,
) -> None:
    resource = await storage.upload(gcs_bucket, name, kind(b"data"), content_type=given)
    assert resource["contentType"] == gcs.metadata(gcs_bucket, name)["contentType"] == expected


@pytest.mark.parametrize("wrong", ["text/plain\r\nX: y", "text/plain\n", "tëxt"])
async def test_a_content_type_that_fits_no_header(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, wrong: str
) -> None:
    with pytest.raises(InvalidArgument, match="content type"):
        await storage.upload(gcs_bucket, "name", b"", content_type=wrong)
    assert len(gcs.log) == 0


METADATA: dict[str, Any] = {
    "Content-Disposition": "inline",
    "Cache-Control": "no-store",
    "contentLanguage": "fr",
    "Content-Encoding": "gzip",
    "metadata": {"colour": "rouge é", "number": 5, "Mixed-Case": "kept"},
}


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
async def test_metadata(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, kind: Kind) -> None:
    before = json.dumps(METADATA)
    await storage.upload(gcs_bucket, "name", kind(b"data"), metadata=METADATA)
    assert json.dumps(METADATA) == before
    resource = gcs.metadata(gcs_bucket, "name")
    assert resource["contentDisposition"] == "inline"
    assert resource["cacheControl"] == "no-store"
    assert resource["contentLanguage"] == "fr"
    assert resource["contentEncoding"] == "gzip"
    assert resource["metadata"] == {"colour": "rouge é", "number": "5", "Mixed-Case": "kept"}
    assert len(gcs.log) == 1


async def test_what_the_caller_passed_is_not_changed(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    headers, parameters, metadata = {"X-Mine": "1"}, {"projection": "full"}, {"metadata": {"a": 1}}
    params = {"prettyPrint": "false"}
    await storage.upload(
        gcs_bucket,
        "name",
        b"x",
        headers=headers,
        parameters=parameters,
        params=params,
        metadata=metadata,
    )
    assert headers == {"X-Mine": "1"}
    assert parameters == {"projection": "full"}
    assert params == {"prettyPrint": "false"}
    assert metadata == {"metadata": {"a": 1}}
    entry = gcs.log[0]
    assert entry.headers["X-Mine"] == "1"
    assert "projection=full" in entry.query
    assert "prettyPrint=false" in entry.query


# -- what goes wrong -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
async def test_a_bit_that_flips_on_the_way(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, kind: Kind
) -> None:
    """The service itself refuses them: there is never such an object, not for a moment."""
    gcs.arm_next(INSERT, *["flip-bit-at-1000000"] * 2)
    with pytest.raises(IntegrityError) as caught:
        await storage.upload(gcs_bucket, "name", kind(DATA))
    assert caught.value.expected == encoded_crc32c(DATA)
    assert caught.value.state is None
    assert gcs.objects(gcs_bucket) == []
    assert {(entry.method, entry.status) for entry in gcs.log} == {("POST", 400)}


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
async def test_bytes_that_were_damaged_once_are_sent_again(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, kind: Kind
) -> None:
    gcs.arm_next(INSERT, "flip-bit-at-1000000")
    await storage.upload(gcs_bucket, "name", kind(DATA))
    assert gcs.read(gcs_bucket, "name") == DATA
    assert [entry.status for entry in gcs.log] == [400, 200]


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
@pytest.mark.parametrize("how", [{}, {"force_resumable_upload": True}])
async def test_a_checksum_of_the_callers_is_the_one_that_counts(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, kind: Kind, how: dict[str, Any]
) -> None:
    others = {"crc32c": encoded_crc32c(b"something else")}
    with pytest.raises(StorageError):
        await storage.upload(gcs_bucket, "name", kind(DATA), metadata=others, **how)
    assert gcs.objects(gcs_bucket) == []


async def test_another_refusal_of_a_request_is_no_damage(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-400")
    with pytest.raises(BadRequest):
        await storage.upload(gcs_bucket, "name", DATA)
    assert len(gcs.log) == 1


@pytest.mark.parametrize("generation", [None, "x", [], "-1", "9" * 5000])
async def test_a_generation_that_is_none(
    storage_of: Callable[..., Storage], generation: Any
) -> None:
    said = {"size": "4", "crc32c": "AAAAAA==", "generation": generation}
    body = json.dumps(said).encode()
    answer = head(200, f"Content-Length: {len(body)}") + body
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(IntegrityError) as caught:
            await storage.upload("bucket", "name", b"data")
    assert "generation is not known" in caught.value.__notes__[0]
    assert len(server.asked) == 1


@pytest.mark.parametrize("size", [4, "4", None])
async def test_a_size_as_a_number_is_that_number(
    storage_of: Callable[..., Storage], size: Any
) -> None:
    body = json.dumps({"size": size, "crc32c": encoded_crc32c(b"data")}).encode()
    answer = head(200, f"Content-Length: {len(body)}") + body
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        assert (await storage.upload("bucket", "name", b"data"))["size"] == size
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
@pytest.mark.parametrize("word", ["wrong-hash", "short-length"])
async def test_an_object_that_is_not_what_was_sent_is_deleted(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, kind: Kind, word: str
) -> None:
    gcs.arm_next(INSERT, word)
    with pytest.raises(IntegrityError, match=f"gs://{gcs_bucket}/name") as caught:
        await storage.upload(gcs_bucket, "name", kind(DATA))
    assert gcs.objects(gcs_bucket) == []
    assert [entry.method for entry in gcs.log] == ["POST", "DELETE"]
    assert "generation=" in gcs.log[1].query
    assert caught.value.expected == encoded_crc32c(DATA)


async def test_a_wrong_object_that_cannot_be_deleted_is_told(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "wrong-hash")
    gcs.arm_next("storage.objects.delete", "return-403")
    with pytest.raises(IntegrityError) as caught:
        await storage.upload(gcs_bucket, "name", b"data")
    assert "could not be deleted" in caught.value.__notes__[0]


async def test_only_the_wrong_generation_is_deleted(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("versioned", versioning={"enabled": True})
    gcs.put("versioned", "name", b"older")
    gcs.arm_next(INSERT, "wrong-hash")
    with pytest.raises(IntegrityError):
        await storage.upload("versioned", "name", b"data")
    kept = gcs.objects("versioned", versions="true")
    assert [item["size"] for item in kept] == ["5"]


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("return-503", ServerError),
        ("drop-at-1000000", ConnectionLost),
        ("return-reset-connection", ConnectionLost),
        ("return-503-after-512K", StorageError),
    ],
)
async def test_without_a_precondition_it_is_not_repeated(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    storage: Storage,
    kind: Kind,
    word: str,
    error: type[StorageError],
) -> None:
    gcs.arm_next(INSERT, word)
    with pytest.raises(error) as caught:
        await storage.upload(gcs_bucket, "name", kind(DATA))
    assert caught.value.attempts == 1
    assert len(gcs.log) == 1
    assert gcs.objects(gcs_bucket) == []


@pytest.mark.parametrize("kind", ["bytes", "file", "path"])
@pytest.mark.parametrize(
    "word", ["return-503", "drop-at-1000000", "return-reset-connection", "return-503-after-512K"]
)
async def test_with_a_precondition_it_is_repeated(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    storage: Storage,
    tmp_path: Path,
    kind: str,
    word: str,
) -> None:
    file = io.BytesIO(b"12345" + DATA)
    file.seek(5)
    data = {"bytes": DATA, "file": file, "path": _path(tmp_path)}[kind]
    gcs.arm_next(INSERT, word, word)
    await storage.upload(gcs_bucket, "name", data, preconditions=NEW_ONLY)
    assert gcs.read(gcs_bucket, "name") == DATA
    assert len(gcs.log) == 3
    assert all("ifGenerationMatch=0" in entry.query for entry in gcs.log)


async def test_always_repeats_without_a_precondition(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-503")
    await storage.upload(
        gcs_bucket, "name", b"data", retry=RetryPolicy(initial_delay=0, always=True)
    )
    assert len(gcs.log) == 2


async def test_what_was_certainly_not_done_is_repeated(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-429")
    await storage.upload(gcs_bucket, "name", b"data")
    assert len(gcs.log) == 2
    gcs.arm_next(INSERT, *["return-429"] * 3)
    with pytest.raises(TooManyRequests) as caught:
        await storage.upload(gcs_bucket, "name", b"data", retries=2)
    assert caught.value.attempts == 3


async def test_an_object_that_is_there_already(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.put(gcs_bucket, "name", b"old")
    with pytest.raises(PreconditionFailed):
        await storage.upload(gcs_bucket, "name", DATA, preconditions=NEW_ONLY)
    assert gcs.read(gcs_bucket, "name") == b"old"


async def test_a_large_refused_upload_gives_the_servers_reason(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    """The server may answer before it has read everything; what it says must not get lost."""
    gcs.arm_next(INSERT, "return-403")
    with pytest.raises(StorageError) as caught:
        await storage.upload(gcs_bucket, "name", patterned(20_000_000))
    assert getattr(caught.value, "status", None) == 403


@pytest.mark.parametrize(
    "answer",
    [
        head(200, "Content-Length: 0"),
        head(200, "Content-Length: 4") + b"true",
        head(200, "Content-Length: 10") + b'{"size": "',
        head(200, "Content-Length: 100") + b"{}",
        head(308, "Content-Length: 0"),
    ],
    ids=["nothing", "no-object", "half", "broken", "308"],
)
async def test_an_answer_that_says_nothing(
    storage_of: Callable[..., Storage], answer: bytes
) -> None:
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(StorageError):
            await storage.upload("bucket", "name", b"data")
        await nothing_under_way(storage)
    assert len(server.asked) == 1


async def test_garbled_json(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    gcs.arm_next(INSERT, "garbled-json")
    with pytest.raises(ProtocolError, match="not JSON"):
        await storage.upload(gcs_bucket, "name", b"data")
