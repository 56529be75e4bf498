"""What files ask of the service, and what they make of its answers."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from asked_ranges import ranges
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way
from scripted_server import ScriptedServer, chunked, head, media, reply
from stored_object import DATA, SIZE

from storage_stream import ObjectReader, Storage
from storage_stream.errors import (
    ConnectionLost,
    IntegrityError,
    NotFound,
    ObjectChanged,
    ServerError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
KIB = 1024


def known(file: ObjectReader) -> tuple[Any, ...]:
    return file.size, file.metadata, file.generation


def verified(file: ObjectReader) -> bool | None:
    return file.verified


def size(file: ObjectReader) -> int | None:
    return file.size


# -- how many requests -----------------------------------------------------------------------


async def test_nothing_is_asked_before_the_first_read(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with storage.open("bucket", "name") as file:
        assert known(file) == (None, None, None)
        assert await file.seek(1000) == 1000
        assert await file.seek(50, io.SEEK_CUR) == await file.tell() == 1050
        assert await file.read(0) == b""
        assert ranges(stored) == []
        assert await file.read(10) == DATA[1050:1060]
        assert file.size == SIZE
        assert file.metadata is not None
        assert file.metadata.content_type == "text/plain"
    assert ranges(stored) == ["bytes=1050-"]


async def test_one_request_reads_all_and_is_verified(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with storage.open("bucket", "name") as file:
        assert verified(file) is None
        parts = [await file.read(100_000) for _ in range(SIZE // 100_000)]
        assert b"".join(parts) == DATA
        assert await file.read(1) == b""
        assert (file.verified, file.resumes) == (True, 0)
    assert ranges(stored) == [None]


async def test_small_seeks_ask_nothing(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.open("bucket", "name") as file:
        await file.read(SIZE // 2)
        position = SIZE // 2
        for step in (-256 * KIB, 256 * KIB, 1, 200 * KIB, -100 * KIB, 256 * KIB):
            position = await file.seek(step, io.SEEK_CUR)
            assert await file.read(10) == DATA[position : position + 10]
            position = await file.seek(-10, io.SEEK_CUR)
        assert await file.read() == DATA[position:]
        assert file.verified is True  # every byte came along one connection
    assert ranges(stored) == [None]


async def test_far_seeks_ask_once_each_and_only_when_it_is_read(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with storage.open("bucket", "name") as file:
        await file.read(10)
        for _ in range(10):
            await file.seek(2_000_000)
            await file.seek(0)
        assert await file.read(5) == DATA[:5]
        await file.seek(2_000_000)
        assert await file.read(10) == DATA[2_000_000:2_000_010]
        await file.seek(1_000_000)
        assert await file.read(10) == DATA[1_000_000:1_000_010]
        assert await file.seek(5_000_000) == 5_000_000
        assert await file.read() == b""
        await file.seek(1_000_010)
        assert await file.read() == DATA[1_000_010:]
        assert verified(file) is None
        assert file.generation is not None
        pinned = f"generation={file.generation}"
    assert ranges(stored) == [None, "bytes=2000000-", "bytes=1000000-"]
    assert all(pinned in entry.query for entry in stored.log[1:])


async def test_the_end_and_the_size_cost_one_request(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with storage.open("bucket", "name") as file:
        assert await file.seek(-100, io.SEEK_END) == SIZE - 100
        assert await file.read(40) == DATA[-100:-60]
        assert await file.read() == DATA[-60:]
        assert file.size == SIZE
    assert ranges(stored) == ["bytes=-100"]
    async with storage.open("bucket", "name") as file:
        assert await file.seek(0, io.SEEK_END) == SIZE
        assert await file.seek(0) == 0
        assert await file.read() == DATA
        assert file.verified is True
    assert ranges(stored) == ["bytes=-100", None]


async def test_the_end_of_an_object_that_is_shorter(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "short", b"short")
    async with storage.open("bucket", "short") as file:
        assert await file.seek(-100, io.SEEK_END) == 0
        assert await file.read() == b"short"
    assert ranges(gcs) == ["bytes=-100"]


async def test_an_empty_object(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("bucket", "empty", b"")
    for offset, asked in ((0, [None]), (-5, ["bytes=-5", None])):
        before = len(gcs.log)
        async with storage.open("bucket", "empty") as file:
            assert await file.seek(offset, io.SEEK_END) == 0
            assert (await file.read(), await file.readline(), file.size) == (b"", b"", 0)
            assert [line async for line in file] == []
            assert file.verified is True
        assert ranges(gcs)[before:] == asked


async def test_a_first_read_behind_the_end(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.open("bucket", "name") as file:
        await file.seek(SIZE + 1)
        assert await file.read() == b""
        assert (await file.tell(), file.size) == (SIZE + 1, SIZE)
        await file.seek(SIZE - 1)
        assert await file.read() == DATA[-1:]
    # The second tells which generation this is true of.
    assert ranges(stored) == [f"bytes={SIZE + 1}-", None, f"bytes={SIZE - 1}-"]


async def test_a_server_that_does_not_tell_the_size(storage_of: Callable[..., Storage]) -> None:
    whole = head(200, "ETag: x", "Transfer-Encoding: chunked") + chunked(DATA[:1000])
    last = head(206, "ETag: x", "Content-Range: bytes 999-999/1000", "Content-Length: 1")
    answers = [reply(whole), reply(last + DATA[999:1000])]
    async with (
        ScriptedServer(answers) as server,
        storage_of(server) as storage,
        storage.open("bucket", "name") as file,
    ):
        assert await file.read(10) == DATA[:10]
        assert size(file) is None
        with pytest.raises(io.UnsupportedOperation, match="size"):
            await file.seek(0, io.SEEK_END)
        assert await file.read() == DATA[10:1000]
        assert file.size == 1000
        assert await file.seek(-1, io.SEEK_END) == 999


# -- what happens meanwhile ------------------------------------------------------------------


@pytest.mark.parametrize("versioning", [False, True])
async def test_overwritten_meanwhile(
    gcs: EmulatorHandle,
    storage: Storage,
    versioning: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": versioning})
    gcs.put("bucket", "name", DATA)
    async with storage.open("bucket", "name") as file:
        assert await file.read(10) == DATA[:10]
        gcs.put("bucket", "name", b"something else" * 300_000)
        await file.seek(2_000_000)
        if versioning:  # the generation is still there
            assert await file.read(10) == DATA[2_000_000:2_000_010]
            return
        for _ in range(2):
            with pytest.raises(ObjectChanged, match="gs://bucket/name"):
                await file.read(10)
            assert await file.tell() == 2_000_000


async def test_a_server_without_generations_gives_another_object(
    storage_of: Callable[..., Storage],
) -> None:
    whole, other = DATA[:1_000_000], DATA[1:1_000_001]
    without = [
        re.sub(rb"x-goog-generation[^\r]*\r\n", b"", answer)
        for answer in (media(whole), media(other, 900_000))
    ]
    async with (
        ScriptedServer([*map(reply, without)]) as server,
        storage_of(server) as storage,
        storage.open("bucket", "name") as file,
    ):
        await file.read(10)
        await file.seek(900_000)
        with pytest.raises(ObjectChanged, match="crc32c"):
            await file.read(10)


async def test_broken_connections_are_replaced(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "drop-at-500000", "drop-at-1500000")
    async with storage.open("bucket", "name") as file:
        assert b"".join([line async for line in file]) == DATA
        assert (file.resumes, file.verified) == (2, True)
    assert ranges(stored) == [None, "bytes=500000-", "bytes=1500000-"]


async def test_a_read_that_failed_can_be_repeated(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(GET, "drop-at-1000000", "return-503")
    async with storage.open("bucket", "name", retries=0) as file:
        assert await file.read(10) == DATA[:10]
        with pytest.raises(ConnectionLost, match="gs://bucket/name"):
            await file.read()
        with pytest.raises(ServerError):
            await file.read()
        assert await file.tell() == 10
        assert await file.read() == DATA[10:]


async def test_one_changed_bit(storage_of: Callable[..., Storage]) -> None:
    changed = media(DATA[:1000]).replace(DATA[500:520], DATA[501:521])
    async with (
        ScriptedServer([reply(changed)]) as server,
        storage_of(server) as storage,
        storage.open("bucket", "name") as file,
    ):
        for _ in range(2):
            with pytest.raises(IntegrityError):
                await file.read()


async def test_the_generation_that_is_asked_for(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})
    old = int(gcs.put("bucket", "name", b"old")["generation"])
    gcs.put("bucket", "name", b"new")
    async with storage.open("bucket", "name", generation=old) as file:
        assert file.generation == old
        assert await file.read() == b"old"


async def test_what_is_not_there(gcs_bucket: str, storage: Storage) -> None:
    async with storage.open(gcs_bucket, "no such") as file:
        for _ in range(2):
            with pytest.raises(NotFound):
                await file.read()
        with pytest.raises(NotFound):
            await file.seek(0, io.SEEK_END)


async def everything(file: ObjectReader) -> bytes:
    """Reads of all kinds; together they give all bytes."""
    parts = [await file.read(1000), await file.readline(), await file.read1()]
    await file.seek(300_000, io.SEEK_CUR)
    await file.seek(-300_000, io.SEEK_CUR)
    parts.append(await file.read(1_000_000))
    await file.seek(2_900_000)
    end = await file.read(10)
    await file.seek(sum(map(len, parts)))
    parts.append(await file.read())
    assert end == DATA[2_900_000:2_900_010]
    return b"".join(parts)


@pytest.mark.parametrize("moment", Moment)
async def test_cancelling_loses_nothing(
    stored: EmulatorHandle, storage: Storage, moment: Moment
) -> None:
    k = 0
    while True:
        file = await storage.open("bucket", "name")
        parts: list[bytes] = []

        async def reading(file: ObjectReader = file, parts: list[bytes] = parts) -> None:
            while part := await file.read(1_100_000):
                parts.append(part)

        was_cancelled = await cancelled_at(reading(), k, moment)
        assert await file.tell() == sum(map(len, parts))
        await reading()
        assert b"".join(parts) == DATA
        assert file.verified is True
        await file.close()
        await nothing_under_way(storage)
        if not was_cancelled:
            break
        k += 1 if k < 8 else 7
    assert k >= 3  # in each of the reads at least: how many pieces come is the network's affair
    assert not stored.unfinished_sessions


async def test_reads_of_all_kinds_cancelled_leave_nothing_open(
    stored: EmulatorHandle, storage: Storage
) -> None:
    k, went_on = 0, True
    while went_on:
        async with storage.open("bucket", "name") as file:
            went_on = await cancelled_at(everything(file), k, Moment.WAITING)
            position = await file.tell()
            assert await file.read(100) == DATA[position : position + 100]
        await nothing_under_way(storage)
        k += 1 if k < 8 else 9
    assert len(stored.log) > 8
