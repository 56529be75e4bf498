"""Processes that are killed at every point: whatever they leave, `recover` finds and clears."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from images_house import SETTINGS, House, encoded, pattern

from storage_stream.images import ConverterService, Database, FileService, ImageService
from storage_stream.images.sql.database import utc_now

PROGRAM = Path(__file__).with_name("killed_process.py")


class Killed:
    """The process that forks, and dies in its forks."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def does(self, word: str, point: int, *ids: UUID) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = " ".join([word, str(point), *map(str, ids)])
        self._process.stdin.write(f"{line}\n".encode())
        outcome = (await self._process.stdout.readline()).decode().strip()
        assert outcome in {"done", "killed"}
        return outcome


@pytest.fixture
async def killed(house: House, database_url: str) -> AsyncIterator[Killed]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROGRAM), database_url, house.bucket),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    assert process.stdin is not None
    yield Killed(process)
    process.stdin.close()
    assert await process.wait() == 0


@pytest.fixture
async def later(house: House, database_url: str) -> AsyncIterator[House]:
    """The same house an hour later, when every lease has ended."""

    def now() -> datetime:
        return utc_now() + timedelta(hours=1)

    async with Database(database_url, now=now) as database:
        files = FileService(database, house.storage, house.bucket)
        converters = ConverterService(database, files)
        images = ImageService(database, files, converters)
        gone = (house.storage, database, files, converters, images, house.gcs, house.bucket)
        yield House(*gone)


async def recovered(later: House) -> None:
    """Nothing unfinished is left, and no object without a row or the other way round."""
    await nobody_else(later.database)
    await later.images.recover()
    async with later.database.reading() as connection:
        rows = (
            await connection.execute(sa.text("SELECT state, object_name FROM image_files"))
        ).all()
        files = await connection.execute(
            sa.text("SELECT count(*) FROM images WHERE file_id NOT IN (SELECT id FROM image_files)")
        )
        assert files.scalar_one() == 0
    assert {row.state for row in rows} <= {"ready", "empty"}
    assert {row.object_name for row in rows if row.state == "ready"} == later.objects()


async def nobody_else(database: Database) -> None:
    """PostgreSQL has noticed that the others are dead."""
    if database.is_sqlite:
        return
    asked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        " AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(300), database.engine.connect() as connection:
        while (await connection.execute(asked)).scalar_one():
            await connection.rollback()


async def test_a_conversion_is_there_as_a_whole_or_not_at_all(
    house: House, later: House, killed: Killed
) -> None:
    file_id = await house.file(encoded(pattern(64, 48)))
    converter_id = await house.converter(SETTINGS)
    await house.images.create({"file_id": file_id})  # so that the file stays
    point, complete = 1, 0
    while await killed.does("convert", point, file_id, converter_id) == "killed":
        await recovered(later)
        images, files, objects = await house.counts()
        assert (images, files, objects) in {(1, 1, 1), (5, 4, 4)}
        if images > 1:
            complete += 1
            page = await house.images.list({"version": None}, sort="-timestamp")
            assert page["count"] == 2
            newest = page["data"][0]["id"]
            (gallery,) = await house.images.get_gallery(newest)
            assert gallery["versions"].keys() == {"original", "resized", "scaled", "cropped"}
            await house.images.delete(newest)
        point += 1
    assert point > 12
    assert 0 < complete < point


async def test_an_upload_of_the_page_is_an_image_or_nothing(
    house: House, later: House, killed: Killed
) -> None:
    """Not even a file that no image uses is left, however early or late it dies."""
    converter_id = await house.converter()
    step = 1 if house.database.is_sqlite else 3  # the points are the same
    point, complete = 1, 0
    while await killed.does("page-upload", point, converter_id) == "killed":
        await recovered(later)
        counts = await house.counts()
        assert counts in {(0, 0, 0), (3, 3, 3)}
        if counts != (0, 0, 0):
            complete += 1
            (image,) = (await house.images.list({"version": None}))["data"]
            await house.images.delete(image["id"])
        point += step
    assert point > 12
    assert complete < point
    assert complete or step > 1


async def test_a_deletion_ends_in_the_end(house: House, later: House, killed: Killed) -> None:
    converter_id = await house.converter()
    point = 1
    while True:
        file_id = await house.file(encoded(pattern(32, 24)))
        rows = await house.images.convert_from_file(file_id, converter_id)
        outcome = await killed.does("delete", point, rows[0]["id"])
        await recovered(later)
        assert await house.counts() in {(0, 0, 0), (3, 3, 3)}
        await house.images.m_delete(rows[0]["id"])
        if outcome == "done":
            break
        point += 1
    assert point > 6


async def test_an_upload_that_died_can_be_begun_again(
    house: House, later: House, killed: Killed
) -> None:
    row = await house.files.create("notes", "txt")
    point = 1
    while await killed.does("upload", point, row["id"]) == "killed":
        await recovered(later)
        state = (await house.files.get(row["id"]))["state"]
        if state == "ready":
            await house.files.delete(row["id"])
            row = await house.files.create("notes", "txt")
        else:
            assert state == "empty"
        point += 1
    assert point > 6


async def test_who_is_alive_is_not_recovered(house: House) -> None:
    """A lease that has not ended is believed."""
    async with house.files.writing([{"name": "new", "extension": "png"}]) as new:
        place = new.claimed[0]
        resource = await house.storage.upload(place.bucket, place.object_name, b"bytes")
        assert await house.images.recover() == 0
        async with house.database.writing() as connection:
            await new.commit(connection, [resource])
    assert await house.counts() == (0, 1, 1)
