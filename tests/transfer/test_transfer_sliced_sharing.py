"""Who brings what, when connections differ: the slow one is helped, the window is kept."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import names_in, nothing_under_way
from sample_data import encoded_crc32c, patterned
from standing_time import client_on, pass_until

from storage_stream import Progress, RetryPolicy, Storage
from storage_stream._transport.environment import Environment
from storage_stream.errors import (
    Forbidden,
    InvalidArgument,
    ProtocolError,
    StorageError,
    TransferError,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport
from storage_stream.testing.emulator_handle import EmulatorHandle
from storage_stream.testing.memory_transport import RecordedRequest

GET = "storage.objects.get"
SLICE = 256 * 1024
PIECE = 64 * 1024
DATA = patterned(16 * SLICE)
RIGHT = f"crc32c={encoded_crc32c(DATA)}"


def answer(
    request: RecordedRequest, piece_bytes: int = PIECE, hashes: str = RIGHT, **more: Any
) -> Answer:
    """As the service answers a GET of media, with or without a range."""
    told = (request.headers.get("range") or "bytes=0-").removeprefix("bytes=")
    first, last = told.split("-")
    start, stop = int(first), int(last) + 1 if last else len(DATA)
    part = DATA[start:stop]
    headers = {
        "x-goog-generation": "7",
        "x-goog-hash": hashes,
        "x-goog-stored-content-encoding": "identity",
        "x-goog-stored-content-length": str(len(DATA)),
        "content-range": f"bytes {start}-{stop - 1}/{len(DATA)}",
    }
    pieces = [part[at : at + piece_bytes] for at in range(0, len(part), piece_bytes)]
    return Answer(206 if last or start else 200, headers, pieces, **more)


def client_of(network: MemoryTransport, clock: FakeClock) -> Storage:
    environment = Environment(transport=network, clock=clock, random=lambda: 0.5)
    retry = RetryPolicy(initial_delay=0)
    return Storage(
        api_root="https://gcs.test", anonymous=True, environment=environment, retry=retry
    )


def ranges(network: MemoryTransport) -> list[str | None]:
    return [request.headers.get("range") for request in network.requests]


async def test_what_a_connection_that_stands_still_has_left_is_brought_by_others() -> None:
    """The first stops after one piece, for ever."""
    clock = FakeClock(auto_advance=False)

    def serve(request: RecordedRequest) -> Answer:
        return answer(request, stall_after=None if request.headers.get("range") else PIECE)

    network = MemoryTransport(serve)
    async with client_of(network, clock) as storage:
        begun = clock.now()
        work = asyncio.create_task(
            storage.download("b", "n", slice_bytes=8 * SLICE, workers=2, stall_timeout=None)
        )
        while not work.done():
            clock.advance(0.1)
            for _ in range(20):
                await asyncio.sleep(0)
        assert await work == DATA
        assert clock.now() - begun < 4
    told = [str(value).removeprefix("bytes=").split("-") for value in ranges(network)[1:]]
    assert [(int(a), int(b) + 1) for a, b in told] == [
        (8 * SLICE, 16 * SLICE),
        (4 * SLICE, 8 * SLICE),  # half of the rest, to a multiple of 256 KiB
        (2 * SLICE, 4 * SLICE),
        (PIECE, 2 * SLICE),
    ]
    assert network.open == 0
    assert clock.timers == 0


async def test_one_connection_that_is_never_waited_for_brings_everything() -> None:
    """No time passes: nobody looks whether others would help."""
    network = MemoryTransport(answer)
    async with client_of(network, FakeClock(auto_advance=False)) as storage:
        assert await storage.download("b", "n", slice_bytes=SLICE, workers=4) == DATA
    assert ranges(network) == [None, f"bytes={8 * SLICE}-{16 * SLICE - 1}"]
    assert network.open == 0


async def test_bytes_behind_the_end_of_a_slice_are_not_counted() -> None:
    """The first answer goes on behind its slice: another connection brings these bytes."""
    network = MemoryTransport(lambda request: answer(request, piece_bytes=SLICE + 5000))
    told: list[int] = []
    progress = Progress(lambda snapshot: told.append(snapshot.bytes_confirmed), interval=0)
    async with client_of(network, FakeClock(auto_advance=False)) as storage:
        data = await storage.download("b", "n", slice_bytes=SLICE, workers=4, progress=progress)
    assert data == DATA
    assert len(network.requests) == 2
    assert told == sorted(told)
    assert told[-1] == len(DATA)


@pytest.mark.parametrize("workers", [1, 4])
async def test_a_checksum_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, workers: int
) -> None:
    network = MemoryTransport(lambda request: answer(request, hashes="crc32c=%%%,md5=x"))
    how: Any = {"slice_bytes": SLICE, "workers": workers}
    async with client_of(network, FakeClock(auto_advance=False)) as storage:
        with pytest.raises(ProtocolError, match="crc32c"):
            await storage.download("b", "n", **how)
        with pytest.raises(ProtocolError, match="crc32c"):
            await storage.download_to_filename("b", "n", tmp_path / "file", **how)
        with pytest.raises(ProtocolError, match="crc32c"):
            async with storage.download_stream("b", "n") as stream:
                await stream.read()
    assert names_in(tmp_path) == []
    assert network.open == 0


@pytest.mark.parametrize("size", [2**60, 2**63 - 1])
async def test_more_than_memory_can_hold(size: int) -> None:
    """Whatever the server says: an error with what to do, and no connection left."""
    headers = {"x-goog-generation": "7", "x-goog-stored-content-length": str(size)}
    network = MemoryTransport([Answer(200, headers, [b"1"])])
    async with client_of(network, FakeClock(auto_advance=False)) as storage:
        with pytest.raises(TransferError, match="download_to_filename") as caught:
            await storage.download("b", "n", slice_bytes=SLICE)
    assert caught.value.subject == "gs://b/n"
    assert len(network.requests) == 1
    assert network.open == 0


async def test_the_window_of_an_iterator_is_never_exceeded() -> None:
    clock = FakeClock(auto_advance=False)
    network = MemoryTransport(answer)
    async with client_of(network, clock) as storage:
        found = bytearray()
        pieces = storage.iter_download("b", "n", slice_bytes=SLICE, workers=3)
        async with aclosing(pieces):
            async for piece in pieces:
                found += piece
                for _ in range(20):  # all that could be fetched meanwhile
                    await asyncio.sleep(0)
                assert len(network.requests) <= 1 + (len(found) - len(piece)) // SLICE + 3
    assert bytes(found) == DATA
    assert ranges(network) == [None] + [
        f"bytes={at}-{at + SLICE - 1}" for at in range(SLICE, len(DATA), SLICE)
    ]
    assert network.open == 0


async def test_an_iteration_that_is_left_early_ends_all() -> None:
    network = MemoryTransport(answer)
    async with client_of(network, FakeClock()) as storage:
        async with aclosing(
            storage.iter_download("b", "n", slice_bytes=SLICE, workers=3)
        ) as pieces:
            async for _ in pieces:
                break
        assert network.open == 0
        assert len(network.requests) <= 3
        assert len(asyncio.all_tasks()) == 1


async def test_what_came_before_a_failure_is_given_and_then_the_failure() -> None:
    def serve(request: RecordedRequest) -> Answer | StorageError:
        told = request.headers.get("range") or ""
        if told.startswith(f"bytes={3 * SLICE}-"):
            return Answer(403)
        return answer(request)

    network = MemoryTransport(serve)
    async with client_of(network, FakeClock()) as storage:
        found = bytearray()

        async def read() -> None:
            async for piece in storage.iter_download("b", "n", slice_bytes=SLICE, workers=2):
                found.extend(piece)

        with pytest.raises(Forbidden):
            await read()
    assert DATA.startswith(bytes(found))
    assert network.open == 0


async def test_a_server_that_sends_less_than_it_says_is_asked_again_then_refused() -> None:
    def serve(request: RecordedRequest) -> Answer:
        whole = answer(request)
        if request.headers.get("range") is None:
            return whole
        return Answer(206, whole.headers, whole.pieces[:-1])

    network = MemoryTransport(serve)
    async with client_of(network, FakeClock()) as storage:
        with pytest.raises(StorageError):
            await storage.download("b", "n", slice_bytes=SLICE, workers=2, retries=1)
    assert network.open == 0


async def test_a_server_that_tells_no_generation_is_read_over_one_connection() -> None:
    def serve(request: RecordedRequest) -> Answer:
        whole = answer(request)
        told = tuple(line for line in whole.head.headers if "generation" not in line[0])
        return Answer(200, told, whole.pieces)

    network = MemoryTransport(serve)
    async with client_of(network, FakeClock()) as storage:
        assert await storage.download("b", "n", slice_bytes=SLICE) == DATA
    assert len(network.requests) == 1


async def test_a_buffer_that_is_too_small_or_read_only() -> None:
    network = MemoryTransport(answer)
    async with client_of(network, FakeClock()) as storage:
        with pytest.raises(InvalidArgument, match="buffer"):
            await storage.download_into("b", "n", bytearray(len(DATA) - 1))
        with pytest.raises(TypeError, match="writable"):
            await storage.download_into("b", "n", memoryview(DATA))
        assert len(network.requests) == 1
        buffer = bytearray(len(DATA))
        assert await storage.download_into("b", "n", memoryview(buffer).cast("I")) == len(DATA)
        buffer.append(1)  # nothing holds on to it
    assert buffer[:-1] == DATA
    assert network.open == 0


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("way", ["bytes", "order"])
async def test_cancelled_at_every_await(moment: Moment, way: str) -> None:
    network = MemoryTransport(answer)

    async def fetch(storage: Storage) -> None:
        if way == "bytes":
            assert await storage.download("b", "n", slice_bytes=4 * SLICE, workers=2) == DATA
            return
        found = bytearray()
        async with aclosing(
            storage.iter_download("b", "n", slice_bytes=4 * SLICE, workers=2)
        ) as pieces:
            async for piece in pieces:
                found += piece
        assert bytes(found) == DATA

    async with client_of(network, FakeClock(auto_advance=False)) as storage:
        k = 0
        while await cancelled_at(fetch(storage), k, moment):
            assert network.open == 0
            assert len(asyncio.all_tasks()) == 1
            k += 1
    assert k >= 2


async def test_a_slow_connection_of_the_emulator_is_helped(
    gcs: EmulatorHandle, tmp_path: Path
) -> None:
    """By its clock this thread does next to nothing: on a busy machine nobody would be called."""
    gcs.put("bucket", "name", DATA)
    gcs.arm_next(GET, "trickle-400000Bps")  # alone it would take 10 s
    clock = FakeClock()
    async with client_on(clock, gcs) as storage:
        work = asyncio.create_task(
            storage.download_to_filename(
                *("bucket", "name", tmp_path / "file"),
                slice_bytes=SLICE,
                workers=4,
                stall_timeout=None,
            )
        )
        await pass_until(clock, lambda: len(gcs.log) > 4, lambda: "nobody helped")
        await pass_until(clock, work.done, lambda: "it does not end")
        await work
        await nothing_under_way(storage)
    assert (tmp_path / "file").read_bytes() == DATA
    assert names_in(tmp_path) == ["file"]
