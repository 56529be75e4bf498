"""All that can be uploaded, in one request and in a session; and what a failing source does."""

import asyncio
import gzip
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiofiles
import pytest
from leaks import nothing_under_way
from sample_data import encoded_crc32c, patterned, text_lines

from storage_stream import Storage
from storage_stream.errors import (
    IntegrityError,
    NotFound,
    StorageError,
    TransferError,
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
GET = "storage.objects.get"
QUANTUM = 256 * 1024
DATA = patterned(3 * QUANTUM + 7)
SIZES = [0, 1, QUANTUM, QUANTUM + 1, len(DATA)]


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")


async def _async_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


def _reader(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def _at_five(data: bytes) -> io.BytesIO:
    file = io.BytesIO(b"12345" + data)
    file.seek(5)
    return file


KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "text": lambda data: data.decode("latin-1"),
    "file": _at_five,
    "text file": lambda data: io.StringIO(data.decode("latin-1"), newline=""),
    "async iterator": _async_pieces,
    "iterator": _pieces,
    "list": lambda data: [data],
    "StreamReader": _reader,
}


@pytest.mark.parametrize("resumable", [None, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_at_every_size(
    gcs: EmulatorHandle, storage: Storage, kind: str, *, resumable: bool | None
) -> None:
    for size in SIZES:
        data = DATA[:size]
        stored = data.decode("latin-1").encode() if "text" in kind else data
        resource = await storage.upload(
            *("bucket", "name", KINDS[kind](data)),
            chunk_bytes=QUANTUM,
            force_resumable_upload=resumable,
        )
        assert gcs.read("bucket", "name") == stored
        assert (resource["size"], resource["crc32c"]) == (str(len(stored)), encoded_crc32c(stored))
        is_one_request = len(stored) <= QUANTUM and resumable is None
        assert (len(gcs.log) == 1) is is_one_request
        gcs.log.clear()
    assert gcs.unfinished_sessions == 0


@pytest.mark.parametrize("size", SIZES)
async def test_paths_pipes_and_aiofiles(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "source"
    path.write_bytes(DATA[:size])
    await storage.upload("bucket", "path", path, chunk_bytes=QUANTUM)
    async with aiofiles.open(path, "rb") as file:
        await file.seek(min(5, size))
        await storage.upload("bucket", "aiofiles", file, chunk_bytes=QUANTUM)
        assert not file.closed
    process = await asyncio.create_subprocess_exec("cat", str(path), stdout=asyncio.subprocess.PIPE)
    await storage.upload("bucket", "process", process.stdout, chunk_bytes=QUANTUM)
    await process.wait()
    reader, writer = os.pipe()
    filling = asyncio.create_task(asyncio.to_thread(_fill, writer, DATA[:size]))
    with open(reader, "rb") as pipe:  # noqa: ASYNC230, PTH123 - a descriptor has no path
        await storage.upload("bucket", "pipe", pipe, chunk_bytes=QUANTUM)
    await filling
    assert gcs.read("bucket", "aiofiles") == DATA[:size][5:]
    for name in ("path", "process", "pipe"):
        assert gcs.read("bucket", name) == DATA[:size]


def _fill(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(data)


async def test_text_is_counted_in_bytes(gcs: EmulatorHandle, storage: Storage) -> None:
    resource = await storage.upload("bucket", "name", "é" * 10)
    assert resource["size"] == "20"
    assert gcs.read("bucket", "name") == "é".encode() * 10


# -- compressed ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bytes", "file", "async iterator", "text"])
@pytest.mark.parametrize("size", [0, 10, 3_000_000])
async def test_zipped(gcs: EmulatorHandle, storage: Storage, kind: str, size: int) -> None:
    data = text_lines(size)
    resource = await storage.upload("bucket", "name", KINDS[kind](data), zipped=True)
    assert resource["contentEncoding"] == "gzip"
    stored = gcs.read("bucket", "name")
    assert gzip.decompress(stored) == data
    assert size == 0 or len(stored) < max(size // 2, 40)
    assert await storage.download("bucket", "name") == data


async def test_zipped_in_a_session_that_breaks(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(INSERT, f"drop-at-{QUANTUM + 5}")
    resource = await storage.upload(
        "bucket", "name", _async_pieces(DATA), zipped=True, chunk_bytes=QUANTUM
    )
    assert gzip.decompress(gcs.read("bucket", "name")) == DATA
    assert resource["size"] == str(len(gcs.read("bucket", "name")))


async def test_zipped_of_a_source_that_fails(gcs: EmulatorHandle, storage: Storage) -> None:
    with pytest.raises(ZeroDivisionError):
        await storage.upload("bucket", "name", _failing(), zipped=True, chunk_bytes=QUANTUM)
    assert gcs.objects("bucket") == []
    assert gcs.unfinished_sessions == 0
    await nothing_under_way(storage)


# -- from bucket to bucket -------------------------------------------------------------------


@pytest.mark.parametrize("opened", [True, False])
@pytest.mark.parametrize("size", [0, 100, len(DATA)])
async def test_an_object_of_another_bucket(
    gcs: EmulatorHandle, storage: Storage, size: int, *, opened: bool
) -> None:
    gcs.put("source", "original", DATA[:size])
    gcs.arm_next(GET, "drop-at-300000")
    gcs.arm_next(INSERT, "drop-at-400000")
    request = storage.download_stream("source", "original")
    if opened:
        async with request as stream:
            await storage.upload("bucket", "name", stream, chunk_bytes=QUANTUM)
            assert stream.verified is True
    else:
        await storage.upload("bucket", "name", request, chunk_bytes=QUANTUM)
    assert gcs.read("bucket", "name") == DATA[:size]
    await nothing_under_way(storage)


@pytest.mark.parametrize("size", [100, len(DATA)])
async def test_an_object_that_arrives_changed_is_not_stored(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    gcs.put("source", "original", DATA[:size])
    gcs.arm_next(GET, "flip-bit-at-50")
    with pytest.raises(IntegrityError):
        await storage.upload(
            "bucket", "name", storage.download_stream("source", "original"), chunk_bytes=QUANTUM
        )
    assert gcs.objects("bucket") == []
    assert gcs.unfinished_sessions == 0


async def test_an_object_that_is_overwritten_meanwhile_is_not_mixed(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.put("source", "original", DATA)
    async with storage.download_stream("source", "original") as stream:
        await stream.read(1)
        gcs.put("source", "original", DATA[::-1])
        gcs.arm_next(GET, "pass")
        await storage.upload("bucket", "name", stream, chunk_bytes=QUANTUM)
    assert gcs.read("bucket", "name") == DATA[1:]


async def test_an_object_that_is_not_there(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("source")
    with pytest.raises(NotFound, match="gs://source/none"):
        await storage.upload("bucket", "name", storage.download_stream("source", "none"))
    assert len(gcs.log) == 1


# -- a source that fails ---------------------------------------------------------------------


async def _failing(size: int = len(DATA)) -> AsyncIterator[bytes]:
    async for piece in _async_pieces(DATA[:size]):
        yield piece
    raise ZeroDivisionError("the source's own")


@pytest.mark.parametrize("size", [0, 10, QUANTUM, QUANTUM + 1, len(DATA)])
async def test_its_own_exception_comes_out_and_nothing_stays(
    gcs: EmulatorHandle, storage: Storage, size: int
) -> None:
    with pytest.raises(ZeroDivisionError, match="own"):
        await storage.upload("bucket", "name", _failing(size), chunk_bytes=QUANTUM)
    assert gcs.objects("bucket") == []
    assert gcs.unfinished_sessions == 0
    expected = ["POST", *["PUT"] * ((size - 1) // QUANTUM), "DELETE"] if size > QUANTUM else []
    assert [entry.method for entry in gcs.log] == expected
    await nothing_under_way(storage)


@pytest.mark.parametrize("error", [OSError("on fire"), TransferError("its own")])
async def test_a_file_that_fails_in_a_session(
    gcs: EmulatorHandle, storage: Storage, error: Exception
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise error
            return super().read(min(size or 0, 300_000))

    file = Failing(DATA)
    with pytest.raises(type(error), match=str(error)):
        await storage.upload("bucket", "name", file, force_resumable_upload=True)
    assert gcs.objects("bucket") == []
    assert not file.closed
    assert file.tell() == 0
    await nothing_under_way(storage)


# -- side by side ----------------------------------------------------------------------------


@pytest.mark.parametrize("resumable", [None, True])
async def test_uploads_that_share_what_the_caller_passes(
    gcs: EmulatorHandle, storage: Storage, *, resumable: bool | None
) -> None:
    headers, params = {"X-Mine": "1"}, {"prettyPrint": "false"}
    metadata = {"metadata": {"a": "1"}, "Cache-Control": "no-store"}
    before = repr((headers, params, metadata))

    async def upload(number: int) -> None:
        kind = list(KINDS.values())[number % len(KINDS)]
        await storage.upload(
            "bucket",
            f"{number}.{'txt' if number % 2 else 'json'}",
            kind(bytes([number]) * (number * 20_000)),
            headers=headers,
            params=params,
            parameters=params,
            metadata=metadata,
            zipped=number % 5 == 0,
            chunk_bytes=QUANTUM,
            force_resumable_upload=resumable,
        )

    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(upload(number))
    assert repr((headers, params, metadata)) == before
    assert len(gcs.objects("bucket")) == 30
    for item in gcs.objects("bucket"):
        stem, _, ending = item["name"].partition(".")
        number = int(stem)
        stored = gcs.read("bucket", item["name"])
        assert ("contentEncoding" in item) is (number % 5 == 0)
        content = gzip.decompress(stored) if number % 5 == 0 else stored
        assert content == bytes([number]) * (number * 20_000)
        assert item["contentType"] == {"txt": "text/plain", "json": "application/json"}[ending]
        assert (item["metadata"], item["cacheControl"]) == ({"a": "1"}, "no-store")
    assert all(entry.headers.get("X-Mine") == "1" for entry in gcs.log if entry.method == "POST")


async def test_an_answer_that_does_not_say_what_is_stored(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    """Only who asks for a short answer gets one."""
    resource = await storage.upload("bucket", "name", DATA, params={"fields": "generation"})
    assert resource.keys() == {"generation"}
    assert gcs.read("bucket", "name") == DATA
    with pytest.raises(StorageError):
        await storage.upload("bucket", "name", DATA, params={"fields": "nonsense("})


WRITING_MODES = ["wb", "ab", "xb", "w"]


async def _is_refused(storage: Storage, file: Any) -> None:
    for begin in (storage.upload, storage.upload_parallel):
        with pytest.raises(io.UnsupportedOperation, match="not open for reading"):
            await begin("bucket", "name", file)


@pytest.mark.parametrize("mode", WRITING_MODES)
async def test_a_file_that_is_open_for_writing_is_no_source(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, mode: str
) -> None:
    with (tmp_path / "file").open(mode) as file:
        file.write("data" if mode == "w" else b"data")
        await _is_refused(storage, file)
        assert file.tell() == 4, "it stands where it stood"
    options: dict[str, Any] = {"mode": mode}
    async with aiofiles.open(tmp_path / "other", **options) as awaited:
        await awaited.write("data" if mode == "w" else b"data")
        await _is_refused(storage, awaited)
    assert len(gcs.log) == 0


async def test_an_object_that_is_being_written_is_no_source(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    async with storage.open("bucket", "other", "wb") as file:
        await file.write(b"data")
        await _is_refused(storage, file)
        assert len(gcs.log) == 0
    gcs.log.clear()
    async with storage.open("bucket", "other") as file:
        await storage.upload("bucket", "name", file)
    assert gcs.read("bucket", "name") == b"data"


async def test_a_file_for_both_is_a_source(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"data")
        file.seek(1)
        await storage.upload("bucket", "name", file)
    assert gcs.read("bucket", "name") == b"ata"


@pytest.mark.parametrize("resumable", [None, True, False])
async def test_a_file_is_read_by_one_upload_at_a_time(
    gcs: EmulatorHandle, storage: Storage, *, resumable: bool | None
) -> None:
    file = io.BytesIO(DATA)
    done = await asyncio.gather(
        *(
            storage.upload("bucket", name, file, force_resumable_upload=resumable)
            for name in ("first", "second", "third")
        ),
        return_exceptions=True,
    )
    assert isinstance(done[0], dict)
    assert [type(other) for other in done[1:]] == [UsageError, UsageError]
    assert gcs.read("bucket", "first") == DATA
    file.seek(0)
    await storage.upload("bucket", "later", file)
    assert gcs.read("bucket", "later") == DATA


async def test_a_block_that_gives_nothing_is_no_source(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    with pytest.raises(TypeError, match="Lock"):
        await storage.upload("bucket", "name", asyncio.Lock())
    assert len(gcs.log) == 0


@pytest.mark.parametrize(
    ("given", "expected"), [(None, "a/b"), ("c/d", "c/d")], ids=["none", "another"]
)
async def test_a_download_brings_its_content_type(
    gcs: EmulatorHandle, storage: Storage, given: str | None, expected: str
) -> None:
    gcs.put("bucket", "original", DATA, contentType="a/b")
    source = storage.download_stream("bucket", "original")
    await storage.upload("bucket", "name.txt", source, content_type=given)
    async with storage.download_stream("bucket", "original", start=5) as opened:
        await storage.upload("bucket", "part.txt", opened, content_type=given)
    for name in ("name.txt", "part.txt"):
        assert gcs.metadata("bucket", name)["contentType"] == expected
    assert gcs.read("bucket", "name.txt") == DATA
    await storage.upload("bucket", "file.txt", io.BytesIO(DATA))
    assert gcs.metadata("bucket", "file.txt")["contentType"] == "text/plain"


@pytest.mark.parametrize(
    ("how", "options", "encoding"),
    [
        ({"raw": True}, {}, "gzip"),
        ({}, {}, None),
        ({"raw": True, "end": 50}, {}, None),  # a part of gzip is none
        ({"raw": True}, {"metadata": {"Content-Encoding": "x"}}, "x"),
        ({}, {"zipped": True}, "gzip"),
    ],
)
async def test_a_download_brings_the_encoding_of_its_bytes(
    gcs: EmulatorHandle,
    storage: Storage,
    how: dict[str, Any],
    options: dict[str, Any],
    encoding: str | None,
) -> None:
    text = text_lines(3_000)
    gcs.put("bucket", "original", gzip.compress(text), contentEncoding="gzip")
    source = storage.download_stream("bucket", "original", **how)
    await storage.upload("bucket", "name", source, **options)
    assert gcs.metadata("bucket", "name").get("contentEncoding") == encoding
    if encoding == "gzip":
        assert await storage.download("bucket", "name") == text
