"""Deleting: rows, files that nothing else uses, and their objects; nothing more, nothing less."""

from uuid import uuid4

import pytest
from images_house import House, encoded, pattern

from storage_stream.errors import ServerError
from storage_stream.images import Conflict, NotFound, ValidationError


async def test_an_original_goes_with_its_versions_but_not_with_shared_files(house: House) -> None:
    converter_id = await house.converter()
    shared = await house.file(encoded(pattern(32, 24)))
    rows = await house.images.convert_from_file(shared, converter_id)
    other = await house.images.create({"file_id": shared})
    assert await house.counts() == (4, 3, 3)

    assert await house.images.delete(rows[0]["id"]) == rows[0]

    assert await house.counts() == (1, 1, 1)
    assert (await house.files.get(shared))["state"] == "ready"
    await house.images.delete(other["id"])
    assert await house.counts() == (0, 0, 0)
    with pytest.raises(NotFound):
        await house.images.delete(other["id"])


async def test_versions_are_deleted_in_all_their_revisions(house: House) -> None:
    converter_id = await house.converter()
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(32, 24))), converter_id
    )
    again = await house.images.convert_image(rows[0]["id"], converter_id)

    gone = await house.images.delete_versions(rows[0]["id"], "preview")

    assert gone == [rows[1], again[1]]
    assert await house.counts() == (3, 3, 3)
    named = await house.images.delete_versions([str(rows[0]["id"])], ["mirror"], columns="version")
    assert [dict(row) for row in named] == [{"version": "mirror"}] * 2
    assert await house.images.delete_versions(rows[0]["id"], "preview") == []
    assert await house.counts() == (1, 1, 1)


@pytest.mark.parametrize("versions", ["original", ["preview", "original"], [None]])
async def test_originals_are_not_deleted_as_versions(house: House, versions: list[str]) -> None:
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(32, 24))), await house.converter()
    )
    with pytest.raises(ValidationError):
        await house.images.delete_versions(rows[0]["id"], versions)
    assert await house.counts() == (3, 3, 3)


async def test_several_at_once(house: House) -> None:
    converter_id = await house.converter()
    first = await house.images.convert_from_file(
        await house.file(encoded(pattern(32, 24))), converter_id
    )
    second = await house.images.convert_from_file(
        await house.file(encoded(pattern(32, 24))), converter_id
    )
    ids = [first[0]["id"], first[1]["id"], second[2]["id"], uuid4()]
    gone = await house.images.m_delete(ids)
    assert gone == [first[0], first[1], second[2]]
    assert await house.counts() == (2, 2, 2)


async def test_what_could_not_be_removed_is_removed_by_recover(house: House) -> None:
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(32, 24))), await house.converter()
    )
    house.gcs.arm_next("storage.objects.delete", *["return-503"] * 30)
    with pytest.raises(ServerError):
        await house.images.delete(rows[0]["id"])
    images, files, objects = await house.counts()
    assert images == 0
    assert (files, objects) == (3, 3)  # rows that lead to the objects
    with pytest.raises(NotFound):
        await house.files.get_ready(rows[0]["file_id"])
    house.gcs.arm_next("storage.objects.delete")


async def test_files_that_nothing_uses(house: House) -> None:
    used = await house.file(encoded(pattern(8, 8)))
    await house.images.create({"file_id": used})
    await house.file(encoded(pattern(8, 8)))
    await house.files.create("empty", "png")
    assert await house.files.delete_unlinked(1) == 0
    assert await house.files.delete_unlinked(0) == 2
    assert await house.counts() == (1, 1, 1)
    with pytest.raises(Conflict, match="an image uses it"):
        await house.files.delete(used)
    assert await house.counts() == (1, 1, 1)
