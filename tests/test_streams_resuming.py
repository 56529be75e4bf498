"""Broken downloads: what can be continued is, byte for byte; what cannot is one clear error."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from leaks import names_in, nothing_under_way
from sample_data import patterned
from scripted_server import Asked, Line, ScriptedServer, chunked, head, media, media_head, reply
from standing_time import client_on, pass_until, standing_time, until_stalled

from storage_stream import Environment, Preconditions, RetryPolicy, Storage
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    IntegrityError,
    NotFound,
    ObjectChanged,
    ProtocolError,
    RangeNotSatisfiable,
    RequestTimeout,
    ServerError,
    StorageError,
    TransferStalled,
    TruncatedStream,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
DATA = patterned(1_000_000)
FEW = RetryPolicy(retries=3, initial_delay=0)


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "name", DATA)
    return gcs


# -- what goes on ----------------------------------------------------------------------------


async def test_100_megabytes_cut_at_five_places(gcs: EmulatorHandle, storage: Storage) -> None:
    data = patterned(100_000_000)
    gcs.put("bucket", "large", data)
    cuts = sorted(random.Random(3).sample(range(1, len(data)), 5))  # noqa: S311 - not secret
    gcs.arm_next(GET, *(f"drop-at-{cut}" for cut in cuts))
    async with storage.download_stream("bucket", "large") as stream:
        assert await stream.read() == data
        assert (stream.resumes, stream.verified) == (5, True)
    fetched = sum(entry.bytes_out for entry in gcs.log)
    assert fetched - len(data) <= 1024 * 1024
    assert [entry.range for entry in gcs.log] == [None, *(f"bytes={cut}-" for cut in cuts)]
    generation = gcs.metadata("bucket", "large")["generation"]
    assert all(f"generation={generation}" in entry.query for entry in gcs.log[1:])


@pytest.mark.usefixtures("stored")
async def test_500_cuts_with_progress(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(GET, *(f"drop-at-{n * 2000 - 1000}" for n in range(1, 501)))
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read() == DATA
        assert (stream.resumes, stream.verified) == (500, True)
    assert len(gcs.log) == 501


@pytest.mark.parametrize(
    "word",
    [
        "return-503-after-256K",
        "return-broken-stream",
        "return-broken-stream-final-chunk-after-500000B",
        "return-503",
        "return-429",
        "return-408",
        "return-reset-connection",
        "commit-then-drop",
        "drop-at-0",
        "drop-at-1",
        "drop-at-999999",
        "retry-after-0",
    ],
)
async def test_every_passing_trouble_is_overcome(
    stored: EmulatorHandle, storage: Storage, word: str
) -> None:
    stored.arm_next(GET, word)
    async with storage.download_stream("bucket", "name") as stream:
        assert await stream.read() == DATA
        assert stream.verified is True
    assert len(stored.log) == 2


async def test_a_range_goes_on_inside_the_range(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "drop-at-300000", "drop-at-400000")
    assert (
        await storage.download("bucket", "name", start=250_000, end=450_000)
        == DATA[250_000:450_000]
    )
    assert [entry.range for entry in stored.log] == [
        "bytes=250000-449999",
        "bytes=300000-449999",
        "bytes=400000-449999",
    ]


async def test_the_last_bytes_go_on(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "drop-at-999000")
    assert await storage.download("bucket", "name", start=-5_000) == DATA[-5_000:]
    assert [entry.range for entry in stored.log] == ["bytes=-5000", "bytes=999000-"]


async def test_an_old_generation_of_a_versioned_bucket_is_delivered_whole(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    gcs.create_bucket("versioned", versioning={"enabled": True})
    old = gcs.put("versioned", "name", DATA)
    gcs.arm_next(GET, "drop-at-500000")
    async with storage.download_stream("versioned", "name") as stream:
        first = await stream.read(1000)
        gcs.put("versioned", "name", b"new")
        assert first + await stream.read() == DATA
        assert stream.generation == int(old["generation"])
        assert (stream.resumes, stream.verified) == (1, True)
    assert await storage.download("versioned", "name") == b"new"


async def test_a_chosen_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("versioned", versioning={"enabled": True})
    old = int(gcs.put("versioned", "name", DATA)["generation"])
    gcs.put("versioned", "name", b"new")
    assert await storage.download("versioned", "name", generation=old) == DATA


async def test_a_200_to_a_range_request_is_understood(storage_of: Callable[..., Storage]) -> None:
    """The server ignores ranges: what is here already is left out."""
    async with (
        ScriptedServer([reply(media(DATA)[:-400_000]), reply(media(DATA))]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name") as stream,
    ):
        assert await stream.read() == DATA
        assert (stream.resumes, stream.verified) == (1, True)
    assert server.asked[1].headers["range"] == "bytes=600000-"


async def test_a_200_to_the_callers_range(storage_of: Callable[..., Storage]) -> None:
    async with ScriptedServer([reply(media(DATA))]) as server, storage_of(server) as storage:
        assert await storage.download("bucket", "name", start=7, end=100_000) == DATA[7:100_000]
        assert await storage.download("bucket", "name", start=-7) == DATA[-7:]


async def test_a_200_to_a_range_behind_the_end(storage_of: Callable[..., Storage]) -> None:
    """Google answers 416; this is the same error, for handlers of aiohttp's errors too."""
    async with ScriptedServer([reply(media(DATA))]) as server, storage_of(server) as storage:
        with pytest.raises(RangeNotSatisfiable) as caught:
            await storage.download("bucket", "name", start=len(DATA) + 1)
        await nothing_under_way(storage)
    assert isinstance(caught.value, aiohttp.ClientResponseError)
    assert (caught.value.status, caught.value.subject) == (416, "gs://bucket/name")


async def test_a_206_that_brings_less_than_was_asked(storage_of: Callable[..., Storage]) -> None:
    """RFC 9110 §15.3.7 allows it; the rest is asked for."""
    answers = [reply(media(DATA, 0, 400_000)), reply(media(DATA, 400_000, 500_000))]
    async with ScriptedServer(answers) as server, storage_of(server) as storage:
        assert await storage.download("bucket", "name", start=0, end=500_000) == DATA[:500_000]
    assert server.asked[1].headers["range"] == "bytes=400000-499999"


async def test_waiting_as_long_as_the_service_asks(storage_of: Callable[..., Storage]) -> None:
    busy = reply(head(503, "Retry-After: 86400", "Content-Length: 0"))
    async with ScriptedServer([busy]) as server, storage_of(server) as storage:
        with pytest.raises(ServerError) as caught:  # a day is more than we wait by ourselves
            await storage.download("bucket", "name")
    assert caught.value.headers["retry-after"] == "86400"
    assert len(server.asked) == 1


# -- what does not ---------------------------------------------------------------------------


async def test_without_progress_the_budget_ends(storage_of: Callable[..., Storage]) -> None:
    answers = [reply(media(DATA)[:-400_000]), reply(b"")]
    async with ScriptedServer(answers) as server, storage_of(server, retry=FEW) as storage:
        async with storage.download_stream("bucket", "name") as stream:
            assert await stream.read(600_000) == DATA[:600_000]
            for _ in range(2):
                with pytest.raises(ConnectionLost, match=r"gs://bucket/name.*4 attempts") as caught:
                    await stream.read(1)
                assert caught.value.attempts == len(server.asked) == 4
                assert caught.value.elapsed is not None
                assert caught.value.method == "GET"
        await nothing_under_way(storage)


async def test_a_new_byte_fills_the_budget_again(storage_of: Callable[..., Storage]) -> None:
    nothing, size = reply(b""), len(DATA)
    answers = [reply(media(DATA)[: 1 - size])]
    for start in range(1, 6):
        answers += [nothing] * 2
        answers.append(reply(media(DATA, start)[: 1 + start - size]))
    answers += [nothing] * 2 + [reply(media(DATA, 6))]
    async with ScriptedServer(answers) as server, storage_of(server, retry=FEW) as storage:
        assert await storage.download("bucket", "name") == DATA
    assert len(server.asked) == len(answers)


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("drop-at-500000", TruncatedStream | ConnectionLost),
        ("return-503", ServerError),
        ("return-reset-connection", ConnectionLost),
        ("return-broken-stream", TruncatedStream | ConnectionLost),
    ],
)
async def test_no_retries(
    stored: EmulatorHandle,
    storage: Storage,
    tmp_path: Path,
    word: str,
    error: type[StorageError],
) -> None:
    stored.arm_next(GET, word, word, word)
    kinds = getattr(error, "__args__", error)
    with pytest.raises(kinds) as caught:
        await storage.download("bucket", "name", retries=0)
    assert caught.value.attempts == 1
    with pytest.raises(kinds):
        await storage.download_to_filename("bucket", "name", tmp_path / "file", retries=0)
    with pytest.raises(kinds):
        async with storage.download_stream("bucket", "name", retries=0) as stream:
            assert len(await stream.read()) == 0, "a short success"
    assert names_in(tmp_path) == []
    assert len(stored.log) == 3


async def test_what_arrived_before_the_error_can_be_read(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.arm_next(GET, "drop-at-500000")
    async with storage.download_stream("bucket", "name", retries=0) as stream:
        pieces = [await stream.read(1000) for _ in range(500)]
        assert b"".join(pieces) == DATA[:500_000]
        with pytest.raises(StorageError):
            await stream.read(1)
        with pytest.raises(StorageError):
            await stream.read()


async def test_a_failed_read_loses_no_byte(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "drop-at-500000")
    async with storage.download_stream("bucket", "name", retries=0) as stream:
        with pytest.raises(StorageError):
            await stream.read()
        assert stream.bytes_read == 0
        pieces = [await stream.read(1000) for _ in range(500)]
        assert b"".join(pieces) == DATA[:500_000]


async def test_overwritten_while_it_is_read(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "name", DATA)
    gcs.arm_next(GET, "drop-at-500000")
    async with storage.download_stream("bucket", "name") as stream:
        await stream.read(1000)
        gcs.put("bucket", "name", DATA)
        with pytest.raises(ObjectChanged, match="gs://bucket/name"):
            await stream.read()
    assert len(gcs.log) == 2


async def test_overwritten_where_the_server_ignores_the_generation(
    storage_of: Callable[..., Storage],
) -> None:
    changed = media(DATA, 600_000, generation=2)
    async with (
        ScriptedServer([reply(media(DATA)[:-400_000]), reply(changed)]) as server,
        storage_of(server) as storage,
    ):
        with pytest.raises(ObjectChanged):
            await storage.download("bucket", "name")


async def test_content_range_that_begins_elsewhere(storage_of: Callable[..., Storage]) -> None:
    for start in (599_999, 600_001, 0):
        answers = [reply(media(DATA)[:-400_000]), reply(media(DATA, start, 1_000_000))]
        async with ScriptedServer(answers) as server, storage_of(server) as storage:
            with pytest.raises(ProtocolError, match="byte 600000 was asked for"):
                await storage.download("bucket", "name")
        assert len(server.asked) == 2


async def test_a_206_without_content_range(storage_of: Callable[..., Storage]) -> None:
    answer = media_head(DATA, status=206, length=10) + DATA[:10]
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError, match="Content-Range"):
            await storage.download("bucket", "name", end=10)


@pytest.mark.parametrize("length", [None, len(DATA) - 1])
async def test_a_body_that_ends_early_in_good_order(
    storage_of: Callable[..., Storage], length: int | None
) -> None:
    """Nothing but the stored size tells that a byte is missing."""
    begin = media_head(DATA, length=length)
    async with (
        ScriptedServer([reply(begin + DATA[:-1])]) as server,
        storage_of(server, retry=FEW) as storage,
    ):
        with pytest.raises(StorageError):
            await storage.download("bucket", "name")
        async with storage.download_stream("bucket", "name") as stream:
            with pytest.raises(StorageError):
                await stream.read(len(DATA))


@pytest.mark.parametrize(
    "answer",
    [
        head(200) + DATA[:-1],
        head(200, "Transfer-Encoding: chunked") + chunked(DATA[:1000], end=False),
        head(200, "Transfer-Encoding: chunked") + b"3e8\r\n" + DATA[:999],
        head(200, "Content-Length: 1000") + DATA[:999],
    ],
    ids=["no-length", "between-chunks", "in-a-chunk", "before-its-length"],
)
async def test_a_body_that_breaks_and_nothing_names_the_object(
    storage_of: Callable[..., Storage], answer: bytes
) -> None:
    """It could not be told whether a repeat brings the same object: an error, never a short one."""
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(StorageError):
            await storage.download("bucket", "name")
    assert len(server.asked) == 1


async def test_more_bytes_than_announced(storage_of: Callable[..., Storage]) -> None:
    small = DATA[:1000]
    begin = media_head(small, more=["Transfer-Encoding: chunked"])
    answer = begin + chunked(small + b"more")
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError):
            await storage.download("bucket", "name")


@pytest.mark.parametrize(
    "answer",
    [
        b"not http at all\r\n\r\n",
        head(200, "Content-Length: -5"),
        head(200, "Content-Length: 5", "Content-Length: 6") + b"12345",
        head(200, "Transfer-Encoding: chunked") + b"zz\r\n",
        head(204),
        head(302, "Location: http://127.0.0.1:1/", "Content-Length: 0"),
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["no-http", "negative-length", "two-lengths", "no-chunk", "204", "redirect", "long-header"],
)
async def test_nonsense(storage_of: Callable[..., Storage], answer: bytes) -> None:
    async with (
        ScriptedServer([reply(answer)]) as server,
        storage_of(server, retry=FEW) as storage,
    ):
        with pytest.raises(StorageError):
            await storage.download("bucket", "name")
        await nothing_under_way(storage)


# -- wrong bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["flip-bit-at-100000"], ["wrong-hash"]])
async def test_wrong_bytes_are_told_in_place_of_the_end(
    stored: EmulatorHandle, storage: Storage, words: list[str]
) -> None:
    stored.arm_next(GET, *words)
    async with storage.download_stream("bucket", "name") as stream:
        pieces = [await stream.read(1000) for _ in range(1000)]
        assert sum(map(len, pieces)) == len(DATA)
        assert stream.verified is None
        for _ in range(2):
            with pytest.raises(IntegrityError, match="gs://bucket/name") as caught:
                await stream.read(1)
            assert caught.value.expected != caught.value.actual


async def test_a_flipped_bit_before_a_cut_is_found(storage_of: Callable[..., Storage]) -> None:
    flipped = DATA[:1000] + bytes([DATA[1000] ^ 1]) + DATA[1001:]
    first = media_head(DATA, length=len(DATA)) + flipped[:500_000]
    async with (
        ScriptedServer([reply(first), reply(media(DATA, 500_000))]) as server,
        storage_of(server) as client,
        client.download_stream("bucket", "name") as stream,
    ):
        with pytest.raises(IntegrityError):
            await stream.read()
        assert stream.resumes == 1


async def test_wrong_bytes_become_neither_data_nor_file(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    stored.arm_next(GET, "flip-bit-at-100000", "flip-bit-at-100000")
    with pytest.raises(IntegrityError):
        await storage.download("bucket", "name")
    with pytest.raises(IntegrityError):
        await storage.download_to_filename("bucket", "name", tmp_path / "file")
    assert names_in(tmp_path) == []


# -- time ------------------------------------------------------------------------------------


async def test_a_stall_is_broken_off_and_continued(stored: EmulatorHandle) -> None:
    stored.arm_next(GET, "stall-for-600s-after-512K")
    clock = FakeClock()
    async with (
        client_on(clock, stored) as storage,
        storage.download_stream("bucket", "name", stall_timeout=20) as stream,
    ):
        reading = asyncio.create_task(stream.read())
        await pass_until(clock, lambda: len(stored.log) == 2, lambda: "it is not broken off")
        assert await reading == DATA
        assert (stream.resumes, stream.verified) == (1, True)


async def test_a_stall_without_retries(stored: EmulatorHandle) -> None:
    stored.arm_next(GET, "stall-for-600s-after-512K")
    clock = FakeClock()
    async with (
        client_on(clock, stored) as storage,
        storage.download_stream("bucket", "name", stall_timeout=20, retries=0) as stream,
    ):
        assert await stream.read(512 * 1024) == DATA[: 512 * 1024]
        reading = asyncio.create_task(stream.read(1))
        await pass_until(clock, reading.done, lambda: "it waits on")
        with pytest.raises(TransferStalled) as caught:
            await reading
        assert isinstance(caught.value, TimeoutError)


async def test_a_trickle_is_a_stall(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "trickle-10Bps")
    with pytest.raises(TransferStalled):
        await storage.download("bucket", "name", stall_timeout=0.3, retries=0)


async def test_the_first_byte_has_its_own_limit(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "stall-for-600s-after-0K", "stall-for-600s-after-0K")
    with pytest.raises(RequestTimeout) as caught:
        await storage.download("bucket", "name", timeout=0.2, retries=1)
    assert caught.value.attempts == 2


async def test_no_limit_on_the_whole_time(stored: EmulatorHandle, storage: Storage) -> None:
    """The body takes longer than `timeout`, which bounds only the wait for its first byte."""
    stored.arm_next(GET, "stall-for-600s-after-512K")
    with standing_time() as time:
        stream = await storage.download_stream("bucket", "name", timeout=0.2, retries=0)
        first = await stream.read(512 * 1024)
        reading = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        time.advance(0.4)
        await asyncio.sleep(0)
    await until_stalled(stored)
    stored.advance_clock(600)
    assert first + await reading == DATA
    stream.close()


async def test_nobody_listens(storage_of: Callable[..., Storage]) -> None:
    async with ScriptedServer([reply(b"")]) as server:
        storage = storage_of(server)
    async with storage:
        with pytest.raises(ConnectFailed) as caught:
            await storage.download("bucket", "name", retries=2)
        assert caught.value.attempts == 3


async def test_a_missing_object_costs_one_request(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket")
    for bucket in ("bucket", "no-such-bucket"):
        with pytest.raises(NotFound, match=f"gs://{bucket}/none"):
            await storage.download(bucket, "none")
    assert len(gcs.log) == 2


async def test_the_time_of_an_error_begins_with_the_first_request() -> None:
    clock = FakeClock()
    network = MemoryTransport([Answer(404)])
    surroundings = Environment(transport=network, clock=clock)
    async with Storage(
        api_root="https://gcs.test", anonymous=True, environment=surroundings
    ) as storage:
        request = storage.download_stream("bucket", "name")
        clock.advance(100)
        with pytest.raises(NotFound) as caught:
            await request
    assert caught.value.elapsed == 0


@pytest.mark.usefixtures("stored")
async def test_a_precondition_that_stops_holding(gcs: EmulatorHandle, storage: Storage) -> None:
    wanted = Preconditions(if_metageneration_match=1)
    gcs.arm_next(GET, "drop-at-500000")
    async with storage.download_stream("bucket", "name", preconditions=wanted) as stream:
        await stream.read(1000)
        await storage.patch_metadata("bucket", "name", {"contentType": "text/plain"})
        with pytest.raises(ObjectChanged):
            await stream.read()


async def test_answers_in_the_midst_of_a_body(storage_of: Callable[..., Storage]) -> None:
    """Bytes behind the wanted ones do not count, whatever happens to them."""
    sent = media_head(DATA, length=len(DATA)) + DATA[:600_000]

    async def then_nothing(_: Asked, line: Line) -> None:
        await line.send(sent)

    async with ScriptedServer([then_nothing]) as server, storage_of(server) as storage:
        assert await storage.download("bucket", "name", end=500_000) == DATA[:500_000]
    assert len(server.asked) == 1
