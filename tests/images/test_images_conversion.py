"""Converting: the rows and the pixels that come of it, on both databases."""

from uuid import UUID

import pytest
from images_house import SETTINGS, House, difference, encoded, pattern
from PIL import Image, ImageFilter, ImageOps

from storage_stream.images import ValidationError


async def test_the_two_calls_of_the_documentation(house: House) -> None:
    file_id = await house.file(encoded(pattern()))
    converter_id = await house.converter(SETTINGS)

    images = await house.images.convert_from_file(
        file_id=file_id, converter_id=converter_id, metadata={"test": True}
    )
    correlation_id = images[0]["correlation_id"]
    (gallery,) = await house.images.get_gallery(correlation_id)

    original, *versions = images
    assert [row["version"] for row in images] == [None, "resized", "scaled", "cropped"]
    assert original["original_id"] is None
    assert original["correlation_id"] == original["id"]
    assert original["metadata"] == {"test": True}
    assert original["file_id"] == file_id
    assert {row["original_id"] for row in versions} == {original["id"]}
    assert {row["correlation_id"] for row in versions} == {original["id"]}
    assert [row["revision"] for row in images] == [0, 1, 1, 1]
    files = [await house.files.get(row["file_id"]) for row in versions]
    assert versions[2]["metadata"] == {
        "some_meta": True,
        "test": True,
        "type": "crop",
        "version": "cropped",
        "source": "previous_version",
        "format": "png",
        "output_extension": "png",
        "size": [240, 240],
        "file_size": files[2]["size"],
    }
    assert [file["content_type"] for file in files] == ["image/png", "image/jpeg", "image/png"]
    assert [file["extension"] for file in files] == ["png", "jpeg", "png"]
    assert gallery["id"] == correlation_id
    assert gallery["versions"].keys() == {"original", "resized", "scaled", "cropped"}
    for row, name in zip(images, ["original", "resized", "scaled", "cropped"], strict=True):
        shown = dict(gallery["versions"][name])
        file = shown.pop("file")
        assert shown == row
        assert file == await house.files.get(row["file_id"])
    assert await house.counts() == (4, 4, 4)


async def test_the_pixels_are_those_of_pillow(house: House) -> None:
    source = pattern()
    rows = await house.images.convert_from_file(
        await house.file(encoded(source)), await house.converter(SETTINGS)
    )
    resized, scaled, cropped = [await house.picture(row) for row in rows[1:]]
    lanczos = Image.Resampling.LANCZOS
    flipped = ImageOps.flip(source.filter(ImageFilter.BLUR).resize((320, 240), lanczos))

    assert (resized.format, resized.size) == ("PNG", (200, 200))
    assert difference(resized, source.resize((200, 200), lanczos)) <= 2
    assert (scaled.format, scaled.size) == ("JPEG", (320, 240))
    assert difference(scaled, flipped) <= 24  # what a JPEG of quality 90 keeps of such waves
    assert difference(scaled, ImageOps.flip(flipped)) > 100
    assert (cropped.format, cropped.size) == ("PNG", (240, 240))
    assert difference(cropped, flipped.crop((40, 0, 280, 240))) <= 2


async def test_converting_again_makes_a_new_revision(house: House) -> None:
    converter_id = await house.converter()
    first = await house.images.convert_from_file(
        await house.file(encoded(pattern(64, 48))), converter_id
    )
    again = await house.images.convert_image(str(first[0]["id"]), str(converter_id))
    assert again[0] == first[0]
    assert [row["revision"] for row in again[1:]] == [2, 2]
    assert await house.counts() == (5, 5, 5)
    (gallery,) = await house.images.get_gallery(first[0]["id"])
    assert {row["revision"] for row in gallery["versions"].values()} == {0, 2}


async def test_settings_of_a_call_merge_mappings_and_replace_lists(house: House) -> None:
    converter_id = await house.converter(SETTINGS)
    changes = {
        "meta": {"added": 1},
        "versions": [{"version": "only", "format": "webp", "save_settings": {"quality": 50}}],
    }
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(64, 48))), converter_id, changes
    )
    assert [row["version"] for row in rows] == [None, "only"]
    assert rows[1]["metadata"]["some_meta"] is True
    assert rows[1]["metadata"]["added"] == 1
    assert (await house.picture(rows[1])).format == "WEBP"
    assert (await house.converters.get(converter_id))["settings"] == SETTINGS


@pytest.mark.parametrize(
    ("name", "extension", "field"),
    [("image1", "gif", "ext"), ("picture1", "png", "filename_mask")],
)
async def test_files_that_a_converter_does_not_take(
    house: House, name: str, extension: str, field: str
) -> None:
    file_id = await house.file(encoded(pattern(8, 8)), name, extension)
    converter_id = await house.converter(SETTINGS)
    before = await house.counts()
    with pytest.raises(ValidationError) as caught:
        await house.images.convert_from_file(file_id, converter_id)
    assert caught.value.field == field
    assert await house.counts() == before


async def test_a_version_is_no_original(house: House) -> None:
    converter_id = await house.converter()
    rows = await house.images.convert_from_file(
        await house.file(encoded(pattern(64, 48))), converter_id
    )
    with pytest.raises(ValidationError, match=str(rows[1]["id"])):
        await house.images.convert_image(rows[1]["id"], converter_id)


async def test_columns(house: House) -> None:
    converter_id = await house.converter()
    file_id = await house.file(encoded(pattern(64, 48)))
    names = await house.images.convert_from_file(file_id, converter_id, columns=["id", "version"])
    assert [row["version"] for row in names] == [None, "preview", "mirror"]
    assert all(row.keys() == {"id", "version"} for row in names)
    assert await house.images.convert_image(names[0]["id"], converter_id, columns=None) == []
    with pytest.raises(ValidationError, match="no column 'nonsense'"):
        await house.images.convert_image(names[0]["id"], converter_id, columns="nonsense")
    assert (await house.counts())[0] == 5


async def test_a_gallery_is_named_by_the_caller(house: House) -> None:
    gallery_id = UUID(int=7)
    converter_id = await house.converter()
    for _ in range(2):
        file_id = await house.file(encoded(pattern(64, 48)))
        await house.images.convert_from_file(file_id, converter_id, correlation_id=str(gallery_id))
    (gallery,) = await house.images.get_gallery(gallery_id)
    assert len(gallery["images"]) == 2
    assert gallery["versions"] == gallery["images"][1]["versions"]


async def test_files_of_a_converter_without_images(house: House) -> None:
    converter_id = await house.converter()
    file_id = await house.file(encoded(pattern(64, 48)))
    made = await house.converters.convert(converter_id, file_id, metadata={"mine": 1})
    assert [each.version for each in made] == ["preview", "mirror"]
    assert made[0].metadata["size"] == [32, 24]
    assert made[0].metadata["mine"] == 1
    assert await house.counts() == (0, 3, 3)
