"""Files and the leases of who writes them: content comes once, and from one."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from images_house import House

from storage_stream import errors as storage_errors
from storage_stream.errors import ServerError
from storage_stream.images import ClaimLost, Conflict, Database, FileService, ValidationError
from storage_stream.images.sql.database import utc_now


async def test_content_from_bytes_paths_and_streams(house: House, tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    path = tmp_path / "notes.txt"
    path.write_bytes(b"one two")
    for data in (b"one two", path, pieces()):
        row = await house.files.create(
            {"name": "notes", "extension": ".png", "meta": {"a": "\\u0000 ü"}}
        )
        assert (row["state"], row["extension"], row["metadata"]) == (
            "empty",
            "png",
            {"a": "\\u0000 ü"},
        )
        row = await house.files.upload(str(row["id"]), data)
        assert (row["state"], row["size"], row["content_type"]) == ("ready", 7, "image/png")
        async with await house.files.open(row["id"]) as stream:
            assert await stream.read() == b"one two"
    assert path.exists()


async def test_content_of_another_object(house: House) -> None:
    house.gcs.put("elsewhere", "photo", b"bytes", contentType="text/html")
    row = await house.files.create("photo", "svg")
    row = await house.files.upload_object(row["id"], "elsewhere", "photo")
    # What a browser would carry out is not called so, unless somebody says it.
    assert (row["size"], row["content_type"]) == (5, "application/octet-stream")
    other = await house.files.create("nothing")
    with pytest.raises(storage_errors.NotFound):
        await house.files.upload_object(other["id"], "elsewhere", "nothing")
    assert (await house.files.get(other["id"]))["state"] == "empty"
    assert await house.counts() == (0, 2, 1)


async def test_content_comes_once(house: House) -> None:
    row = await house.files.create("photo")
    outcomes = await asyncio.gather(
        *(house.files.upload(row["id"], bytes([number])) for number in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Conflict) for each in outcomes) == 3
    assert await house.counts() == (0, 1, 1)
    with pytest.raises(Conflict, match="it is ready"):
        await house.files.upload(row["id"], b"again")


async def test_a_failed_upload_leaves_the_file_as_it_was(house: House) -> None:
    row = await house.files.create("photo")
    house.gcs.arm_next("storage.objects.insert", *["return-503"] * 20)
    with pytest.raises(ServerError):
        await house.files.upload(row["id"], b"bytes")
    assert await house.files.get(row["id"]) == row
    with pytest.raises(Conflict, match="no content"):
        await house.files.open(row["id"])
    await house.files.delete(row["id"])
    assert await house.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "a", "extension": "../x"},
        {"name": "a", "extension": 7},
        {"name": "a", "state": "ready"},
        {"name": "a", "meta": [1]},
        {"name": "a", "meta": {"x": object()}},
        {"name": "a", "meta": {"x": "\0"}},
        {"name": "a", "meta": {"x": "\ud800"}},
    ],
)
async def test_files_that_cannot_be(house: House, data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        await house.files.create(data)
    assert await house.counts() == (0, 0, 0)


async def test_who_was_given_up_keeps_nothing(house: House, database_url: str) -> None:
    """Somebody else recovered the rows while the object was still on its way."""

    async def written_too_late(other: FileService) -> None:
        async with house.files.writing([{"name": "new", "extension": None}]) as new:
            assert await other.recover() == 1
            place = new.claimed[0]
            made = await house.storage.upload(place.bucket, place.object_name, b"late")
            async with house.database.writing() as connection:
                await new.commit(connection, [made])

    async with Database(database_url, now=lambda: utc_now() + timedelta(hours=1)) as later:
        with pytest.raises(ClaimLost):
            await written_too_late(FileService(later, house.storage, house.bucket))
    assert await house.counts() == (0, 0, 0)


async def test_a_lease_is_renewed_while_work_goes_on(house: House) -> None:
    files = FileService(house.database, house.storage, house.bucket, lease=0.03)
    row = await files.create("slow")

    async def lease() -> Any:
        async with house.database.reading() as connection:
            found = await connection.execute(sa.text("SELECT lease_until FROM image_files"))
            return found.scalar_one()

    async def slowly() -> AsyncIterator[bytes]:
        first = await lease()
        while await lease() == first:
            yield b"x"

    assert (await files.upload(row["id"], slowly()))["state"] == "ready"
    assert await lease() is None


async def test_lists(house: House) -> None:
    for number in range(5):
        await house.files.create(f"file{number}", "png" if number % 2 else None)
    page = await house.files.list({"extension": "png"}, sort="-name", limit=1, columns="name")
    assert page == {
        "count": 2,
        "offset": 0,
        "page": 1,
        "pages": 2,
        "on_page": 1,
        "data": [{"name": "file3"}],
    }
    found = await house.files.list({"name": {"like": "file%", "gt": "file1"}, "extension": None})
    assert [row["name"] for row in found["data"]] == ["file2", "file4"]
    found = await house.files.list({"name": ["file0", "file4", "other"]}, offset=1)
    assert [row["name"] for row in found["data"]] == ["file4"]
    impossible: list[dict[str, Any]] = [
        {"nonsense": 1},
        {"owner": uuid4()},
        {"metadata": {}},
        {"size": "large"},
        {"size": {"near": 1}},
        {"id": "nonsense"},
        {"size": 2**63},
        {"name": "a\0"},
        {"name": {"like": "\ud800"}},
    ]
    for wrong in impossible:
        with pytest.raises(ValidationError):
            await house.files.list(wrong)
    for offset, limit in ((-1, 1), (2**63, 1), (0, 0), (0, 1001)):
        with pytest.raises(ValidationError):
            await house.files.list(offset=offset, limit=limit)


async def test_what_cannot_be_cleared_is_logged_and_recovered(
    house: House, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    row = await house.files.create("photo")

    async def breaks() -> AsyncIterator[bytes]:
        yield b"x"
        house.gcs.arm_next("storage.objects.delete", "return-403")
        raise RuntimeError("in vain")

    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="in vain"):
        await house.files.upload(row["id"], breaks())
    assert "left to be recovered" in caplog.text
    assert (await house.files.get(row["id"]))["state"] == "uploading"
    async with Database(database_url, now=lambda: utc_now() + timedelta(hours=1)) as later:
        assert await FileService(later, house.storage, house.bucket).recover() == 1
    assert (await house.files.get(row["id"]))["state"] == "empty"
