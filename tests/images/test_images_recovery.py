"""Leases that end, clocks that jump, databases and buckets that go away: nothing is orphaned."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from images_house import SMALL, House, encoded, pattern

from storage_stream.errors import StorageError
from storage_stream.images import (
    ClaimLost,
    ConversionError,
    ConverterService,
    Database,
    DatabaseFailed,
    FileService,
    ImageService,
)
from storage_stream.images.sql.database import utc_now


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def other(house: House, database_url: str, clock: Clock) -> AsyncIterator[House]:
    """Another machine with the same database and bucket, and a clock that the test turns."""
    async with Database(database_url, now=clock) as database:
        files = FileService(database, house.storage, house.bucket)
        converters = ConverterService(database, files)
        images = ImageService(database, files, converters)
        gone = (house.storage, database, files, converters, images, house.gcs, house.bucket)
        yield House(*gone)


async def leads_everywhere(house: House) -> None:
    """Every object has its row, and every ready row its object."""
    async with house.database.reading() as connection:
        found = await connection.execute(sa.text("SELECT object_name FROM image_files"))
        assert {name for name in found.scalars() if name is not None} == house.objects()


async def test_the_late_object_of_an_upload_that_was_given_up_goes(
    house: House, other: House, clock: Clock
) -> None:
    row = await house.files.create("slow")

    async def slowly() -> AsyncIterator[bytes]:
        yield b"first"
        clock.ahead = timedelta(hours=1)
        assert await other.files.recover() == 1
        yield b"last"

    with pytest.raises(ClaimLost):
        await house.files.upload(row["id"], slowly())
    assert (await house.files.get(row["id"]))["state"] == "empty"
    assert house.objects() == set()


async def test_a_conversion_that_was_given_up_leaves_nothing(
    house: House, other: House, clock: Clock
) -> None:
    """The clock jumps while it goes on, and another machine believes it dead."""
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    before = await house.counts()
    run = house.converters.converting(converter_id, file_id, None, None)

    async def kept() -> None:
        async with run as converting:
            clock.ahead = timedelta(hours=1)
            assert await other.images.recover() == 2
            async with house.database.writing() as connection:
                await converting.commit(connection)

    with pytest.raises(ClaimLost):
        await kept()
    assert await house.counts() == before


async def test_two_recover_at_once(house: House, other: House, clock: Clock) -> None:
    rows: list[dict[str, Any]] = [{"name": "left", "extension": None}] * 150
    owner = house.files.writing(rows)
    new = await owner.__aenter__()  # and never left, as by who was killed
    for place in new.claimed[::10]:
        await house.storage.upload(place.bucket, place.object_name, b"bytes")
    clock.ahead = timedelta(hours=1)
    done = await asyncio.gather(*(other.images.recover() for _ in range(3)))
    assert sum(done) == 150
    assert await house.counts() == (0, 0, 0)
    assert not await owner.__aexit__(RuntimeError, RuntimeError("over"), None)


async def test_one_that_cannot_be_removed_keeps_no_other(
    house: House, other: House, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await house.file(b"bytes")
    house.gcs.arm_next("storage.objects.delete", *["return-403"] * 2)
    with pytest.raises(StorageError, match="403"):
        await house.files.delete_unlinked(0)
    assert await house.counts() == (0, 2, 2)

    clock.ahead = timedelta(hours=1)
    house.gcs.arm_next("storage.objects.delete", "return-403")
    with caplog.at_level(logging.ERROR):
        async with other.images:  # what cannot be cleared keeps nobody from working
            pass
    assert "403" in caplog.text
    assert await house.counts() == (0, 1, 1)
    clock.ahead = timedelta(hours=2)
    assert await other.images.recover() == 1
    assert await house.counts() == (0, 0, 0)


@pytest.mark.parametrize("operation", ["storage.objects.insert", "storage.objects.get"])
@pytest.mark.parametrize("word", ["return-503", "return-reset-connection", "commit-then-drop"])
async def test_what_the_bucket_refuses_once_is_asked_again(
    house: House, operation: str, word: str
) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    house.gcs.arm_next(operation, word, "pass", word)
    rows = await house.images.convert_from_file(file_id, converter_id)
    assert [row["version"] for row in rows] == [None, "preview", "mirror"]
    assert await house.counts() == (3, 3, 3)


@pytest.mark.parametrize(
    ("operation", "step"),
    [("storage.objects.get", 0), ("storage.objects.get", 1)]
    + [("storage.objects.insert", step) for step in range(2)],
)
async def test_what_the_bucket_refuses_for_good(house: House, operation: str, step: int) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    before = await house.counts()
    house.gcs.arm_next(operation, *["pass"] * step, "return-403")
    with pytest.raises(ConversionError, match=f"converter {converter_id}, file {file_id}.*403"):
        await house.images.convert_from_file(file_id, converter_id)
    assert await house.counts() == before


async def test_the_original_is_overwritten_behind_the_services_back(house: House) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    name = str((await house.files.get(file_id))["object_name"])
    house.gcs.put(house.bucket, name, encoded(pattern(8, 8)))
    with pytest.raises(ConversionError, match="NotFound"):
        await house.images.convert_from_file(file_id, converter_id)
    assert await house.counts() == (0, 1, 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_the_database_goes_away_while_it_converts(
    house: House, other: House, clock: Clock
) -> None:
    """Every connection is cut, of the conversion, its lease and its undoing."""
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    cut = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    run = house.converters.converting(converter_id, file_id, None, None)

    async def kept() -> None:
        async with run as converting, house.database.writing() as connection:
            await converting.commit(connection)
            async with other.database.engine.connect() as theirs:
                await theirs.execute(cut)
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(DatabaseFailed):
        await kept()
    clock.ahead = timedelta(hours=1)
    await other.images.recover()
    assert await other.counts() == (0, 1, 1)
    rows = await house.images.convert_from_file(file_id, converter_id)  # by new connections
    assert len(rows) == 3


async def test_many_are_cancelled_at_once(house: House) -> None:
    """At moments that chance chooses, once or twice, with leases that are renewed all the time."""
    chance = random.Random(7)  # noqa: S311 - no secret
    files = FileService(house.database, house.storage, house.bucket, lease=0.2)
    images = ImageService(
        house.database, files, ConverterService(house.database, files, max_parallel=4)
    )
    file_id, converter_id = await house.file(encoded(pattern(32, 24))), await house.converter(SMALL)
    original = (await images.create({"file_id": file_id}))["id"]
    works: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: images.convert_from_file(file_id, converter_id),
        lambda: images.convert_image(original, converter_id),
        lambda: images.update(original, {"meta": {"a": 1}}),
        lambda: images.delete_versions(original, ["preview", "mirror"]),
        lambda: images.get_gallery(original),
    ]
    places = asyncio.Semaphore(6)

    async def one() -> None:
        async with places:
            task = asyncio.ensure_future(chance.choice(works)())
            for pause in (chance.random() * 0.04, chance.random() * 0.004):
                await asyncio.wait([task], timeout=pause)
                task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(outcome, (dict, list, asyncio.CancelledError)), outcome

    await asyncio.gather(*(one() for _ in range(60)))
    assert await images.recover() == 0  # everybody cleared what was theirs
    await leads_everywhere(house)
    assert (await images.get(original))["id"] == original
    assert await images.exists(uuid4()) is False


async def test_an_open_service_recovers_by_itself(house: House, other: House, clock: Clock) -> None:
    files = FileService(other.database, house.storage, house.bucket, lease=0.01)
    async with ImageService(other.database, files), asyncio.timeout(300):
        left = house.files.writing([{"name": "left", "extension": None}])
        await left.__aenter__()
        assert (await house.counts())[1] == 1
        clock.ahead = timedelta(hours=1)
        # Another service does it; no event of ours can tell when.
        while (await house.counts())[1]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not await left.__aexit__(RuntimeError, RuntimeError("over"), None)
