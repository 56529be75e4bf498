"""Galleries as a whole: listed, read in parts, named, deleted; on both databases."""

from uuid import UUID, uuid4

import pytest
from images_house import House, encoded, pattern

from storage_stream.images import NotFound, ValidationError


async def stored(house: House, gallery: UUID | None = None) -> UUID:
    """An original of its own file."""
    file_id = await house.file(encoded(pattern(8, 8)))
    row = await house.images.create({"file_id": file_id, "correlation_id": gallery})
    return row["id"]


async def test_galleries_are_listed_with_their_newest_image(house: House) -> None:
    empty = await house.images.create_gallery("Empty")
    named = await house.images.create_gallery("Named")
    first, second = await stored(house, named["id"]), await stored(house, named["id"])
    alone = await stored(house)
    await house.images.convert_image(second, await house.converter())

    found = await house.images.list_galleries()
    assert [(each["id"], each["name"], each["images"]) for each in found["data"]] == [
        (alone, None, 1),
        (named["id"], "Named", 2),
        (empty["id"], "Empty", 0),
    ]
    newest = [each["newest"] for each in found["data"]]
    assert [each and each["id"] for each in newest] == [alone, second, None]
    assert newest[1] is not None
    assert newest[1]["versions"].keys() == {"original", "preview", "mirror"}
    part = await house.images.list_galleries(offset=1, limit=1)
    assert (part["count"], part["pages"], part["page"]) == (3, 3, 2)
    assert [each["id"] for each in part["data"]] == [named["id"]]
    assert first != second


async def test_a_gallery_in_parts(house: House) -> None:
    gallery = (await house.images.create_gallery("Harz"))["id"]
    ids = [await stored(house, gallery) for _ in range(5)]
    await house.images.convert_image(ids[3], await house.converter())
    first = await house.images.get_gallery_images(gallery, limit=2)
    assert [each["id"] for each in first["data"]] == ids[:2]
    assert (first["id"], first["name"], first["count"], first["pages"]) == (gallery, "Harz", 5, 3)
    second = await house.images.get_gallery_images(gallery, 1, 2, newest_first=True)
    assert [each["id"] for each in second["data"]] == [ids[3], ids[2]]
    assert len(second["data"][0]["versions"]) == 3
    assert second["data"][0] == await house.images.get_versions(ids[3])
    preview = second["data"][0]["versions"]["preview"]["id"]
    for nothing in (preview, uuid4()):
        with pytest.raises(NotFound):
            await house.images.get_versions(nothing)
    with pytest.raises(NotFound):
        await house.images.get_gallery_images(uuid4())
    with pytest.raises(ValidationError):
        await house.images.get_gallery_images(gallery, limit=0)


async def test_names_of_galleries(house: House) -> None:
    unnamed = await stored(house)
    renamed = await house.images.rename_gallery(unnamed, "Mine")
    assert (renamed["name"], renamed["images"]) == ("Mine", 1)
    assert renamed["newest"] is not None
    await house.images.rename_gallery(unnamed, "Ours")
    listed = await house.images.list_galleries()
    assert [(each["name"], each["images"]) for each in listed["data"]] == [("Ours", 1)]
    with pytest.raises(NotFound):
        await house.images.rename_gallery(uuid4(), "x")
    for name in ("", "a\nb", "x" * 201):
        with pytest.raises(ValidationError):
            await house.images.create_gallery(name)


async def test_a_gallery_goes_with_all_of_its_images(house: House) -> None:
    gallery = (await house.images.create_gallery("Harz"))["id"]
    converter = await house.converter()
    for _ in range(3):
        await house.images.convert_image(await stored(house, gallery), converter)
    other = await stored(house)
    assert await house.images.delete_gallery(gallery) == 3
    assert await house.counts() == (1, 1, 1)
    listed = await house.images.list_galleries()
    assert [each["id"] for each in listed["data"]] == [other]
    empty = (await house.images.create_gallery("Empty"))["id"]
    assert await house.images.delete_gallery(empty) == 0
    for gone in (gallery, empty):
        with pytest.raises(NotFound):
            await house.images.delete_gallery(gone)
