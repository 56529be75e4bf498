"""How files are used: opened, closed, misused; with gzip, with text, with large objects."""

import asyncio
import contextlib
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from asked_ranges import ranges
from leaks import nothing_under_way
from sample_data import gzipped, text_lines
from scripted_server import Asked, Line, ScriptedServer, media
from stored_object import DATA, SIZE

from storage_stream import ObjectReader, Storage
from storage_stream.errors import (
    ClientClosed,
    InvalidArgument,
    InvalidName,
    StreamClosed,
    StreamNotOpen,
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

KIB = 1024


def size(file: ObjectReader) -> int | None:
    return file.size


# -- how it is used --------------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
async def test_awaited_and_entered(storage: Storage) -> None:
    file = await storage.open("bucket", "name")
    assert (file.bucket, file.name, file.mode, file.closed) == ("bucket", "name", "rb", False)
    assert await file.readable()
    assert await file.seekable()
    assert not await file.writable()
    async with file as same:
        assert same is file
        assert await file.read(3) == DATA[:3]
    assert file.closed
    await file.close()
    works: list[Callable[[], Awaitable[Any]]] = [
        *(file.read, file.read1, file.readline, file.readlines, file.tell, file.__aenter__),
        *(lambda: file.readinto(bytearray(1)), lambda: file.seek(0), lambda: anext(file)),
    ]
    for work in works:
        with pytest.raises(StreamClosed):
            await work()
    blob = storage.get_bucket("bucket").new_blob("name")
    async with blob.open() as blob_file:
        assert await blob_file.read(3) == DATA[:3]


async def test_what_is_not_open_says_so(storage: Storage) -> None:
    request: Any = storage.open("bucket", "name")
    with pytest.raises(StreamNotOpen, match=r"async with.*read"):
        await request.read()
    with pytest.raises(StreamNotOpen, match=r"async with.*iterating"):
        aiter(request)
    with pytest.raises(TypeError, match="async with"):
        request.__enter__()
    file = await request
    await file.close()
    with pytest.raises(UsageError, match="once"):
        await request


async def test_what_cannot_be(storage: Storage) -> None:
    for mode in ("a", "r+b", "rw", "", "q"):
        with pytest.raises(InvalidArgument):
            storage.open("bucket", "name", mode)
    with pytest.raises(InvalidName):
        storage.open("bucket", "")
    for mode, wrong in (
        *(("rb", "content_type"), ("rb", "encoding"), ("r", "metadata"), ("wb", "generation")),
        *(("w", "decode"), ("rb", "start"), ("rb", "raw"), ("wb", "newline"), ("rb", "nonsense")),
    ):
        with pytest.raises(TypeError, match=wrong):
            storage.open("bucket", "name", mode, **{wrong: None})
    with pytest.raises(InvalidArgument, match="Range"):
        storage.open("bucket", "name", headers={"Range": "bytes=1-2"})
    async with storage.open("bucket", "name") as file:
        with pytest.raises(InvalidArgument):
            await file.seek(-1)
        with pytest.raises(InvalidArgument):
            await file.seek(0, 3)
        with pytest.raises(TypeError):
            await file.seek(cast("int", 1.5))
        with pytest.raises(TypeError):
            await file.readinto(memoryview(b"read only"))
        works: list[Callable[[], Awaitable[Any]]] = [
            *(lambda: file.write(b""), lambda: file.writelines([]), lambda: file.truncate(0)),
        ]
        for work in works:
            with pytest.raises(io.UnsupportedOperation):
                await work()


@pytest.mark.usefixtures("stored")
async def test_one_task_at_a_time(storage: Storage) -> None:
    async with storage.open("bucket", "name") as file:
        reading = asyncio.create_task(file.read(2_000_000))
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="another task"):
            await file.read(1)
        assert await reading == DATA[:2_000_000]


@pytest.mark.parametrize("there", [0, 1_000_000])  # no answer yet; a part of the body
async def test_closed_while_it_is_read(storage_of: Callable[..., Storage], there: int) -> None:
    came, closed = asyncio.Event(), asyncio.Event()

    async def in_two_parts(_: Asked, line: Line) -> None:
        await line.send(media(DATA)[:there])
        came.set()
        await closed.wait()
        with contextlib.suppress(ConnectionError):
            await line.send(media(DATA)[there:])

    async with ScriptedServer([in_two_parts]) as server, storage_of(server) as storage:
        file = await storage.open("bucket", "name")
        reading = asyncio.create_task(file.read())
        await came.wait()
        await file.close()
        closed.set()
        with pytest.raises(StreamClosed):
            await reading
    await nothing_under_way(storage)


async def test_the_client_is_closed(stored: EmulatorHandle) -> None:
    async with Storage(api_root=stored.url, api_is_dev=True) as storage:
        file = await storage.open("bucket", "name")
        assert await file.read(10) == DATA[:10]
        await storage.close()
        for _ in range(2):
            with pytest.raises(ClientClosed):
                await file.read()
        await file.close()


# -- gzip ------------------------------------------------------------------------------------


async def test_gzip_is_read_as_it_is_stored_or_decoded(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    plain = text_lines(2_000_000)
    packed = gzipped(plain)
    gcs.put("bucket", "zipped", packed, contentEncoding="gzip")
    async with storage.open("bucket", "zipped") as file:
        await file.seek(-8, io.SEEK_END)
        assert await file.read() == packed[-8:]
        assert file.size == len(packed)
    async with storage.open("bucket", "zipped", decode=True) as file:
        assert await file.read(100) == plain[:100]
        with pytest.raises(io.UnsupportedOperation, match="size"):
            await file.seek(0, io.SEEK_END)
        await file.seek(1_500_000)
        assert await file.read(100) == plain[1_500_000:1_500_100]
        await file.seek(3_000_000)
        assert await file.read() == b""
        assert size(file) is None
        await file.seek(0)
        assert await file.read() == plain
        assert (file.size, file.verified) == (len(plain), True)
        assert await file.seek(-10, io.SEEK_END) == len(plain) - 10
        assert await file.read() == plain[-10:]
    async with storage.open("bucket", "zipped", "r", decode=True) as text:
        assert sum([1 async for _ in text]) == plain.count(b"\n") + (not plain.endswith(b"\n"))


async def test_decode_leaves_plain_objects_alone(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.open("bucket", "name", decode=True) as file:
        assert await file.seek(-10, io.SEEK_END) == SIZE - 10
        assert await file.read() == DATA[-10:]
    assert ranges(stored) == [None, f"bytes={SIZE - 10}-"]


# -- text ------------------------------------------------------------------------------------


async def test_rows_of_csv(gcs: EmulatorHandle, storage: Storage) -> None:
    rows = [["id", "wörd"], *([str(n), f"a, {n} €"] for n in range(5000))]
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    gcs.put("bucket", "table.csv", written.getvalue().encode())
    async with storage.open("bucket", "table.csv", "r", newline="") as file:
        assert [next(csv.reader([line])) async for line in file] == rows
    assert ranges(gcs) == [None]


async def test_bytes_that_are_not_of_the_encoding(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", b"good\nbad\xff\n")
    async with storage.open("bucket", "name", "r") as file:
        for _ in range(2):
            with pytest.raises(UnicodeDecodeError):
                await file.readline()
            assert await file.tell() == 0
        assert await file.buffer.read() == b"good\nbad\xff\n"
    async with storage.open("bucket", "name", "r", errors="replace") as file:
        assert await file.readlines() == ["good\n", "bad\ufffd\n"]
        assert await file.readlines() == []
    gcs.put("bucket", "name", "ends inside ä".encode()[:-1])
    async with storage.open("bucket", "name", "r") as file:
        assert await file.read(12) == "ends inside "
        with pytest.raises(UnicodeDecodeError):
            await file.read()


async def test_places_that_text_does_not_have(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", b"text")
    async with storage.open("bucket", "name", "r") as file:
        for offset, whence in ((1, io.SEEK_CUR), (-1, io.SEEK_END)):
            with pytest.raises(io.UnsupportedOperation):
                await file.seek(offset, whence)
        with pytest.raises(InvalidArgument):
            await file.seek(-1)
        with pytest.raises(InvalidArgument):
            await file.seek(0, 7)
        assert await file.read() == "text"
        assert await file.seek(0, io.SEEK_END) == 4
        assert (file.bucket, file.name) == ("bucket", "name")
        assert (file.mode, file.encoding, file.errors) == ("r", "utf-8", "strict")
    with pytest.raises(StreamClosed):
        await file.read()
    with pytest.raises(StreamClosed):
        await file.tell()


async def test_a_line_of_many_pieces_is_linear(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "long", b"x" * 20_000_000 + b"\nend")
    async with storage.open("bucket", "long") as file:
        assert [len(line) async for line in file] == [20_000_001, 3]
    async with storage.open("bucket", "long", "r") as text:
        assert [len(line) async for line in text] == [20_000_001, 3]


# -- memory ----------------------------------------------------------------------------------


async def test_little_is_held(gcs: EmulatorHandle, storage: Storage) -> None:
    lines = text_lines(8_000_000)
    gcs.put("bucket", "lines", lines)
    most = 0
    async with storage.open("bucket", "lines", "r") as file:
        window = file.buffer._window
        async for _ in file:
            most = max(most, window.end - window.start + len(file._text))
    assert most < 3 * 256 * KIB + 512 * KIB
