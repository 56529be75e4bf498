"""Bytes on their way out: held as long as they may be needed, and summed up once."""

import io
import random
import tracemalloc
from pathlib import Path

import pytest
from sample_data import encoded_crc32c, patterned

from storage_stream._protocol.lending import lent_chunks
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._transfer.outgoing import (
    FramedContent,
    HeldBytes,
    RewindableBytes,
    metered,
)
from storage_stream._transfer.path_source import LENT_BYTES, PathSource
from storage_stream._transfer.source import FileSource, MemorySource

QUANTUM = 256 * 1024
DATA = patterned(5 * QUANTUM + 100)


async def _sent(outgoing: HeldBytes | RewindableBytes, start: int, stop: int) -> bytes:
    content = outgoing.content(start, stop)
    read = b"".join([bytes(chunk) async for chunk in content.chunks()])
    assert len(read) == content.length == stop - start
    assert b"".join([bytes(chunk) async for chunk in lent_chunks(content)]) == read
    return read


# -- what comes once -------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1000, 70_000, 400_000])
async def test_held_bytes(size: int) -> None:
    held = HeldBytes()
    for start in range(0, len(DATA), size):
        held.append(DATA[start : start + size])
    assert (held.begin, held.end) == (0, len(DATA))
    assert held.crc.encoded == encoded_crc32c(DATA)
    assert held.joined() == DATA
    assert await _sent(held, 0, len(DATA)) == DATA
    assert await _sent(held, 3, 2 * QUANTUM) == DATA[3 : 2 * QUANTUM]
    assert await _sent(held, 5, 5) == b""


async def test_confirmed_bytes_are_let_go() -> None:
    held, dice, confirmed = HeldBytes(), random.Random(3), 0  # noqa: S311 - reproducible
    position = 0
    while position < len(DATA):
        size = dice.choice([1, 50, 70_000, 200_000])
        held.append(DATA[position : position + size])
        position = min(len(DATA), position + size)
        confirmed = dice.randint(confirmed, position)
        held.confirmed(confirmed)
        assert held.begin == confirmed
        assert held.checked(confirmed).encoded == encoded_crc32c(DATA[:confirmed])
        assert await _sent(held, confirmed, position) == DATA[confirmed:position]
    held.confirmed(len(DATA) + 5)  # another process sent more than came here yet
    assert held.begin == len(DATA)
    assert held.joined() == b""


async def test_a_part_can_be_sent_twice() -> None:
    held = HeldBytes()
    held.append(DATA)
    content = held.content(10, 20)
    for _ in range(2):
        assert b"".join([bytes(chunk) async for chunk in content.chunks()]) == DATA[10:20]


def test_many_small_writes_do_not_cost_more_than_their_bytes() -> None:
    held, line = HeldBytes(), b"a line of text\n"
    tracemalloc.start()
    try:
        for _ in range(200_000):
            held.append(bytes(line))
            held.confirmed(0)
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held.end == 200_000 * len(line)
    assert current < 2 * held.end


# -- what can be read again ------------------------------------------------------------------


async def test_every_byte_enters_the_checksum_once() -> None:
    outgoing = RewindableBytes(MemorySource(DATA))
    assert await _sent(outgoing, 0, 2 * QUANTUM + 7) == DATA[: 2 * QUANTUM + 7]
    assert await _sent(outgoing, QUANTUM, len(DATA)) == DATA[QUANTUM:]
    assert await _sent(outgoing, 0, len(DATA)) == DATA
    assert outgoing.crc.length == len(DATA)
    assert outgoing.crc.encoded == outgoing.content(0, 1).crc.encoded == encoded_crc32c(DATA)


async def test_what_another_process_sent_is_read_for_its_checksum() -> None:
    outgoing = RewindableBytes(FileSource(io.BytesIO(DATA)))
    await outgoing.prepare(3 * QUANTUM)
    await outgoing.prepare(QUANTUM)
    assert outgoing.crc.length == 3 * QUANTUM
    assert await _sent(outgoing, 3 * QUANTUM, len(DATA)) == DATA[3 * QUANTUM :]
    assert outgoing.crc.encoded == encoded_crc32c(DATA)


async def test_checksums_are_known_where_the_service_may_stop() -> None:
    outgoing = RewindableBytes(MemorySource(DATA))
    await outgoing.prepare(len(DATA))
    outgoing.confirmed(QUANTUM)  # nothing is held, so nothing is let go
    for offset in range(0, len(DATA), QUANTUM):
        assert outgoing.checked(offset).length == offset
        assert outgoing.checked(offset + 1).encoded == encoded_crc32c(DATA[:offset])


async def test_remembered_checksums_are_bounded() -> None:
    """Of more than 256 MiB every second one is remembered, and so on."""
    block = bytes(1024 * 1024)

    class Endless:
        length = 300 * 1024 * 1024

        async def chunks(self, start: int, stop: int):  # type: ignore[no-untyped-def] # noqa: ANN202
            for _ in range(start, stop, len(block)):
                yield block

        lent_chunks = chunks

    outgoing = RewindableBytes(Endless())  # type: ignore[arg-type] # a double
    await outgoing.prepare(Endless.length)
    marks = [mark.length for mark in outgoing._marks]
    assert len(marks) <= 1024
    assert marks == list(range(0, Endless.length + 1, 2 * QUANTUM))


# -- in a frame ------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"bytes", HeldBytes().content(0, 0)])
async def test_a_frame_counts_what_is_in_it(content: bytes) -> None:
    frame = MultipartFrame.around({"name": "n"}, "text/plain", "boundary")
    framed = FramedContent(frame, content)
    read = [bytes(chunk) async for chunk in framed.chunks()]
    assert framed.length == len(b"".join(read))
    assert all(read)
    assert [bytes(chunk) async for chunk in framed.lent_chunks()] == read


async def test_what_is_lent_is_summed_counted_and_framed_as_it_passes(tmp_path: Path) -> None:
    """Through every layer in one buffer, which each of them is done with when the next comes."""

    class Count:
        moved_bytes = 0

        def moved(self, count: int) -> None:
            self.moved_bytes += count

    path, count = tmp_path / "file", Count()
    data = patterned(LENT_BYTES + 100)
    path.write_bytes(data)
    outgoing = RewindableBytes(PathSource(path))
    frame = MultipartFrame.around({"name": "n"}, "text/plain", "boundary")
    content = metered(outgoing.content(0, len(data)), count)  # type: ignore[arg-type] # a double
    lent = [chunk async for chunk in FramedContent(frame, content).lent_chunks()]
    first, second = (chunk for chunk in lent if isinstance(chunk, memoryview))
    assert first.obj is second.obj
    assert (lent[0], lent[-1]) == (frame.head, frame.tail)
    assert outgoing.crc.encoded == encoded_crc32c(data)
    assert count.moved_bytes == len(data)
