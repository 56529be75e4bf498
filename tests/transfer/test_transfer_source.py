"""Sources: what can be read again from any byte, and what comes only once."""

import asyncio
import io
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import aiofiles
import pytest
from sample_data import gzipped, patterned

from storage_stream._transfer.path_source import PathSource
from storage_stream._transfer.source import FileSource, MemorySource, alone, source_of
from storage_stream.errors import TransferError, UsageError
from storage_stream.pipeline import gunzip

DATA = patterned(2_500_000)


async def _joined(chunks: AsyncIterator[bytes | memoryview]) -> bytes:
    return b"".join([bytes(chunk) async for chunk in chunks])


async def _read(source: Any) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, MemorySource | PathSource | FileSource):
        return await _joined(source.chunks(0, source.length))
    pieces = []
    while piece := await cast("Any", source).read_chunk():
        pieces.append(piece)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, b""),
        (b"x", b"x"),
        (bytearray(b"x"), b"x"),
        (memoryview(b"abcd")[::2], b"ac"),
        ("é" * 10, b"\xc3\xa9" * 10),
    ],
)
async def test_memory_is_bytes(data: Any, expected: bytes) -> None:
    assert await source_of(data) == expected


async def test_what_may_be_changed_is_copied() -> None:
    data = bytearray(b"before")
    source = await source_of(data)
    data[:] = b"after!"
    assert source == b"before"


def _file(folder: Path, data: bytes = DATA) -> Path:
    path = folder / "source"
    path.write_bytes(data)
    return path


async def _items() -> AsyncIterator[bytes]:
    for start in range(0, len(DATA), 100_001):
        yield DATA[start : start + 100_001]


def _piped(data: bytes) -> Any:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return open(reader, "rb")  # noqa: PTH123 - a descriptor has no path; the test closes it


def _stream_reader() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(DATA)
    reader.feed_eof()
    return reader


ONCE: dict[str, Callable[[], Any]] = {
    "async iterator": _items,
    "list": lambda: [DATA[:10], DATA[10:]],
    "generator": lambda: (DATA[start : start + 99_999] for start in range(0, len(DATA), 99_999)),
    "StreamReader": _stream_reader,
    "stage": lambda: gunzip(gzipped(DATA)),
}


@pytest.mark.parametrize("kind", ONCE)
async def test_what_comes_once(kind: str) -> None:
    source = await source_of(ONCE[kind]())
    assert not isinstance(source, MemorySource | PathSource | FileSource)
    assert await _read(source) == DATA


async def test_a_pipe_comes_once() -> None:
    with _piped(b"through a pipe") as pipe:
        assert await _read(await source_of(pipe)) == b"through a pipe"
        assert not pipe.closed


async def test_aiofiles(tmp_path: Path) -> None:
    async with aiofiles.open(_file(tmp_path), "rb") as file:
        await file.seek(5)
        assert await _read(await source_of(file)) == DATA[5:]
        assert not file.closed


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
async def test_text_becomes_utf_8(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text"
    path.write_text("é\n" * 1000, encoding=encoding)
    with path.open(encoding=encoding) as file:
        assert await _read(await source_of(file)) == ("é\n" * 1000).encode()
    async with aiofiles.open(path, encoding=encoding) as file:
        assert await _read(await source_of(file)) == ("é\n" * 1000).encode()


async def test_what_calls_itself_text_and_gives_bytes() -> None:
    class Liar(io.BytesIO):
        encoding = "utf-8"

    with pytest.raises(TypeError, match="bytes"):
        await _read(await source_of(Liar(b"x")))


def _opened(kind: str, folder: Path) -> Any:
    """A file of each kind, at its beginning; a path is no file, and needs no closing."""
    if kind == "path":
        return _file(folder)
    if kind == "file":
        return _file(folder).open("rb")
    if kind == "BytesIO":
        return io.BytesIO(DATA)
    made: Any = tempfile.TemporaryFile() if kind == "temporary" else tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the test closes it
    made.write(DATA)
    made.seek(0)
    return made


@pytest.mark.parametrize("kind", ["path", "file", "BytesIO", "temporary", "spooled"])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (0, 0), (1, 2), (1_048_575, 1_048_578)])
async def test_any_part_again_and_again(
    tmp_path: Path, kind: str, start: int, stop: int | None
) -> None:
    data = _opened(kind, tmp_path)
    source = await source_of(data)
    assert isinstance(source, PathSource | FileSource)
    assert source.length == len(DATA)
    end = len(DATA) if stop is None else stop
    for _ in range(2):
        assert await _joined(source.chunks(start, end)) == DATA[start:end]
    if kind != "path":
        assert not data.closed
        data.close()


async def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(DATA)
    file.seek(5)
    source = await source_of(file)
    assert isinstance(source, FileSource)
    assert source.length == len(DATA) - 5
    assert file.tell() == 5
    assert await _joined(source.chunks(3, 10)) == DATA[8:15]


async def test_a_file_that_stands_behind_its_end() -> None:
    file = io.BytesIO(b"short")
    file.seek(100)
    source = await source_of(file)
    assert isinstance(source, FileSource)
    assert source.length == 0
    assert file.tell() == 100


async def test_two_requests_that_overlap_read_each_its_own_bytes() -> None:
    """The one that was given up may still be reading when the next begins."""
    source = await source_of(io.BytesIO(DATA))
    assert isinstance(source, FileSource)
    first, second = source.chunks(0, len(DATA)), source.chunks(1_000, len(DATA))
    read = [b"", b""]
    for chunks in (first, second, first, second, second, first):
        read[chunks is second] += await anext(chunks)
    assert read == [DATA, DATA[1_000:]]


async def test_a_file_is_put_back_and_not_read_any_more() -> None:
    file = io.BytesIO(DATA)
    file.seek(7)
    source = await source_of(file)
    assert isinstance(source, FileSource)
    chunks = source.chunks(0, 2_000_000)
    await anext(chunks)
    await source.put_back()
    assert file.tell() == 7
    with pytest.raises(TransferError):
        await anext(chunks)
    assert file.tell() == 7


def _replaced(path: Path) -> None:
    newer = path.with_name("newer")
    newer.write_bytes(bytes(len(DATA)))
    newer.replace(path)


def _written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"something else")


CHANGES: dict[str, Callable[[Path], object]] = {
    "shorter": lambda path: os.truncate(path, 1_500_000),
    "longer": lambda path: path.write_bytes(DATA + b"more"),
    "replaced": _replaced,
    "written to": _written_to,
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_file_that_changes_while_it_is_read(tmp_path: Path, change: str) -> None:
    """Half of one file is never joined to half of another."""
    path = _file(tmp_path)
    os.utime(path, (1, 1))  # the clock may be too coarse to tell two writes of one test
    source = await source_of(path)
    assert isinstance(source, PathSource)
    chunks = source.chunks(0, len(DATA))
    assert bytes(await anext(chunks)) == DATA[: 1024 * 1024]
    CHANGES[change](path)
    with pytest.raises(TransferError, match="was changed"):
        await anext(chunks)


async def test_a_path_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await source_of(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        await source_of(tmp_path)


@pytest.mark.parametrize(
    "data", [5, object(), {"a": 1}, True], ids=lambda data: type(data).__name__
)
async def test_what_is_no_source(data: Any) -> None:
    with pytest.raises(TypeError, match="cannot upload"):
        await source_of(data)


@pytest.mark.parametrize(
    "thing",
    [io.BytesIO(b"x"), io.StringIO("x"), iter([b"x"]), (piece for piece in [b"x"])],
    ids=lambda thing: type(thing).__name__,
)
def test_what_has_a_position_is_read_by_one_upload_at_a_time(thing: Any) -> None:
    for _ in range(2):  # afterwards another may
        with alone(thing):  # noqa: SIM117 - the inner one is what is refused
            with pytest.raises(UsageError, match=type(thing).__name__), alone(thing):
                raise AssertionError("both read it")


@pytest.mark.parametrize("thing", [b"x", "x", [b"x"], Path("x"), None])
def test_what_has_no_position_is_read_by_many(thing: Any) -> None:
    with alone(thing), alone(thing):
        pass
