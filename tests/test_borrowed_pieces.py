"""What a transport only lends is never handed out: every way to read, on one that writes over it.

Each piece lies in the same memory, and is written over as soon as the next is asked for or the
answer closed. All that a caller was given is looked at when the transfer is over.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from sample_data import gzipped, patterned, text_lines

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream._protocol.http import Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.base import ReplyStream
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = patterned(700_000)
TEXT = text_lines(500_000)
SLICES = {"slice_bytes": 256 * 1024, "workers": 2}


class LentReply:
    """A reply whose pieces lie in one memory."""

    def __init__(self, reply: ReplyStream) -> None:
        self._reply = reply
        self._memory = bytearray(1 << 20)
        self._lent = 0
        self.head, self.framing, self.raw = reply.head, reply.framing, reply.raw
        self.abort = reply.abort
        self.whole: bytes | None = None

    @property
    def buffered(self) -> int:
        return self._reply.buffered

    def receive_into(self, _target: memoryview) -> None: ...

    async def read_piece(self, at_least: int = 1) -> bytes | memoryview:
        self._take_back()
        piece = await self._reply.read_piece(at_least)
        self._lent = len(piece)
        self._memory[: self._lent] = piece
        return memoryview(self._memory)[: self._lent] if piece else b""

    def close(self) -> None:
        self._take_back()
        self._reply.close()

    def _take_back(self) -> None:
        self._memory[: self._lent] = b"\xff" * self._lent


class LendingTransport:
    """The network, with lent answers."""

    def __init__(self) -> None:
        self._network = AiohttpTransport()
        self.close = self._network.close

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the name of the contract
        session: Any = None,
    ) -> ReplyStream:
        return LentReply(await self._network.send(request, timeout=timeout, session=session))


@pytest.fixture
async def lending(gcs: EmulatorHandle) -> AsyncIterator[Storage]:
    transport = LendingTransport()
    gcs.put("bucket", "name", DATA)
    gcs.put("bucket", "text", TEXT)
    gcs.put("bucket", "gzip", gzipped(TEXT), contentEncoding="gzip")
    async with Storage(
        retry=RetryPolicy(initial_delay=0), environment=Environment(transport)
    ) as storage:
        yield storage
    await transport.close()


async def _all(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in pieces]


async def _until_empty(read: Callable[[], Awaitable[bytes]]) -> list[bytes]:
    pieces: list[bytes] = []
    while piece := await read():
        pieces.append(piece)
    return pieces


async def _into(read: Callable[[bytearray], Awaitable[int]]) -> list[bytes]:
    pieces: list[bytes] = []
    buffer = bytearray(30_000)
    while count := await read(buffer):
        pieces.append(bytes(buffer[:count]))
    return pieces


async def _lines(stream: Any) -> list[bytes]:
    return await _all(stream.iter_lines(keep_ends=True))


STREAM_READS: dict[str, Callable[[Any], Awaitable[Iterable[bytes]]]] = {
    "read()": lambda s: _until_empty(s.read),
    "read(7)": lambda s: _until_empty(lambda: s.read(7_001)),
    "read(300,000)": lambda s: _until_empty(lambda: s.read(300_000)),
    "read1": lambda s: _until_empty(s.read1),
    "read1(9)": lambda s: _until_empty(lambda: s.read1(9_001)),
    "readinto": lambda s: _into(s.readinto),
    "iter": lambda s: _all(aiter(s)),
    "iter_chunks": lambda s: _all(s.iter_chunks(64 * 1024)),
}


@pytest.mark.parametrize("way", STREAM_READS)
@pytest.mark.parametrize(("name", "data"), [("name", DATA), ("gzip", TEXT)])
async def test_streams(lending: Storage, way: str, name: str, data: bytes) -> None:
    async with lending.download_stream("bucket", name) as stream:
        pieces = list(await STREAM_READS[way](stream))
    assert {type(piece) for piece in pieces} == {bytes}
    assert b"".join(pieces) == data


@pytest.mark.parametrize("name", ["text", "gzip"])
async def test_lines(lending: Storage, name: str) -> None:
    async with lending.download_stream("bucket", name) as stream:
        lines = await _lines(stream)
    assert {type(line) for line in lines} == {bytes}
    assert lines == TEXT.splitlines(keepends=True)


async def test_a_resumed_stream(lending: Storage, gcs: EmulatorHandle) -> None:
    gcs.arm_next("storage.objects.get", "drop-at-400001")
    async with lending.download_stream("bucket", "name") as stream:
        pieces = await _until_empty(lambda: stream.read(50_000))
        assert stream.resumes == 1
    assert b"".join(pieces) == DATA


async def test_a_cancelled_read_puts_copies_back(lending: Storage) -> None:
    pieces: list[bytes] = []
    async with lending.download_stream("bucket", "name") as stream:
        for turns in range(1, 40):
            reading = asyncio.ensure_future(stream.read())
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                pieces.append(await reading)
        pieces.append(await stream.read())
    assert b"".join(pieces) == DATA


@pytest.mark.parametrize("sliced", [False, True])
async def test_downloads(lending: Storage, tmp_path: Path, *, sliced: bool) -> None:
    how: Any = SLICES if sliced else {}
    whole = await lending.download("bucket", "name", **how)
    part = await lending.download("bucket", "name", start=5, end=650_000, **how)
    buffer = bytearray(len(DATA))
    assert await lending.download_into("bucket", "name", buffer, **how) == len(DATA)
    async with aclosing(lending.iter_download("bucket", "name", **how)) as pieces:
        iterated = await _all(pieces)
    await lending.download_to_filename("bucket", "name", tmp_path / "file", **how)
    assert type(whole) is type(part) is bytes
    assert (whole, part, bytes(buffer)) == (DATA, DATA[5:650_000], DATA)
    assert {type(piece) for piece in iterated} == {bytes}
    assert b"".join(iterated) == DATA
    assert (tmp_path / "file").read_bytes() == DATA


async def test_readers_of_files(lending: Storage) -> None:
    async with lending.open("bucket", "name", "rb") as file:
        pieces = [await file.read(10_000), await file.read1(10_000)]
        rest = await file.read()
        assert b"".join(pieces) + rest == DATA
        await file.seek(1_000)
        again = await _into(file.readinto)
    assert b"".join(again) == DATA[1_000:]
    async with lending.open("bucket", "text", "rb") as file:
        assert await _until_empty(file.readline) == TEXT.splitlines(keepends=True)
    async with lending.open("bucket", "text", "r") as words:
        assert await words.read() == TEXT.decode()


async def test_a_stream_becomes_an_upload(lending: Storage, gcs: EmulatorHandle) -> None:
    async with lending.download_stream("bucket", "name") as stream:
        await lending.upload("bucket", "copy", stream)
    assert gcs.read("bucket", "copy") == DATA


async def test_answers_that_are_no_bodies(lending: Storage) -> None:
    resource = await lending.download_metadata("bucket", "name")
    assert resource["size"] == str(len(DATA))
    names = [item["name"] async for item in lending.iter_objects("bucket", page_size=1)]
    assert names == ["gzip", "name", "text"]
