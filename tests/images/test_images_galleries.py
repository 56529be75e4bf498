"""Galleries: the newest revision of each version, by revision and not by time."""

from uuid import UUID, uuid4

import pytest
from images_house import SMALL, House, encoded, pattern
from sqlalchemy import event

from storage_stream.images import ValidationError


async def gallery_of(house: House, gallery_id: UUID, originals: int, revisions: int) -> None:
    file_id = await house.file(encoded(pattern(8, 8)))
    for _ in range(originals):
        data = {"file_id": file_id, "correlation_id": gallery_id}
        original = await house.images.create(data, columns="id")
        rows = [
            {"file_id": file_id, "original_id": original["id"], "version": name}
            for name in ("preview", "mirror")
        ]
        for _ in range(revisions):
            await house.images.m_create(rows, columns=None)


async def test_three_originals_three_revisions_two_versions(house: House) -> None:
    one, two = uuid4(), uuid4()
    await gallery_of(house, one, 3, 3)
    await gallery_of(house, two, 1, 1)

    both = await house.images.get_gallery([two, one])

    assert [gallery["id"] for gallery in both] == [two, one]
    assert await house.images.get_gallery([str(one), two]) == both[::-1]
    images = both[1]["images"]
    assert len(images) == 3
    for image in images:
        assert image["versions"].keys() == {"original", "preview", "mirror"}
        assert image["versions"]["original"]["id"] == image["id"]
        newest = {name: row["revision"] for name, row in image["versions"].items()}
        assert newest == {"original": 0, "preview": 3, "mirror": 3}
    assert both[1]["versions"] == images[2]["versions"]
    listed = await house.images.list({"correlation_id": one, "version": None}, columns="id")
    assert [row["id"] for row in listed["data"]] == [image["id"] for image in images]


async def test_what_is_not_there_and_what_is_no_id(house: House) -> None:
    assert await house.images.get_gallery(uuid4()) == []
    assert await house.images.get_gallery([]) == []
    for wrong in ("nonsense", 7, None, ["nonsense"], b"0" * 16):
        with pytest.raises(ValidationError):
            await house.images.get_gallery(wrong)  # type: ignore[arg-type] # on purpose


async def test_a_revision_that_no_column_holds(house: House) -> None:
    with pytest.raises(ValidationError, match="more than a database can hold"):
        await house.images.list({"revision": 2**31})


async def test_more_galleries_than_a_statement_has_parameters(house: House) -> None:
    gallery_id = uuid4()
    await gallery_of(house, gallery_id, 1, 1)
    asked = [*(uuid4() for _ in range(2000)), gallery_id]
    assert [each["id"] for each in await house.images.get_gallery(asked)] == [gallery_id]


async def test_a_gallery_is_one_statement_whatever_is_in_it(house: House) -> None:
    gallery_id, statements = uuid4(), []
    await gallery_of(house, gallery_id, 20, 2)

    def asked(*arguments: object) -> None:
        statements.append(arguments[2])

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", asked)
    (gallery,) = await house.images.get_gallery(gallery_id)
    assert len(gallery["images"]) == 20
    assert len([each for each in statements if "SELECT" in str(each)]) == 1


async def test_a_moved_original_takes_its_versions_along(house: House) -> None:
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(16, 16))), await house.converter(SMALL)
    )
    there = uuid4()
    moved = await house.images.update(rows[0]["id"], {"correlation_id": there, "meta": {"a": 1}})
    assert (moved["correlation_id"], moved["metadata"]) == (there, {"a": 1})
    assert await house.images.get_gallery(rows[0]["correlation_id"]) == []
    (gallery,) = await house.images.get_gallery(there)
    assert gallery["versions"].keys() == {"original", "preview", "mirror"}
    with pytest.raises(ValidationError, match="gallery of its original"):
        await house.images.update(rows[1]["id"], {"correlation_id": uuid4()})
