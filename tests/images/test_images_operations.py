"""Every operation does to a picture by libvips what it does by Pillow; settings that cannot be."""

from typing import Any

import pytest
from images_house import House, difference, encoded, pattern
from PIL import Image

from storage_stream.images import (
    ConverterService,
    ConverterSettings,
    ImageService,
    ValidationError,
)
from storage_stream.images.conversion.settings import merged

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Pixels do not depend on the database."""

OPERATIONS: dict[str, Any] = {
    "resize": [[30, 50], (30, 50)],
    "crop": [[4, 6, 40, 30], (36, 24)],
    "rotate": [90, (60, 80)],
    "scale": [0.25, (20, 15)],
    "abs_scale": [40, (40, 30)],
    "aspect_crop": [{"ratio": [1, 2], "rel_shift": [0.25, 0]}, (30, 60)],
    "blur": [None, (80, 60)],
    "flip_horizontal": [None, (80, 60)],
    "flip_vertical": [None, (80, 60)],
    "auto_orient": [None, (80, 60)],
    "set_background_color_rgb": [[200, 100, 50], (80, 60)],
}


def settings_of(*operations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    version = {"version": "v", "format": "png", "operations": list(operations), **changes}
    return {"versions": [version]}


def see_through(image: Image.Image) -> Image.Image:
    image.putalpha(image.convert("L").point(range(256)))
    return image


KINDS = {
    "colour": pattern(80, 60),
    "grey": pattern(80, 60).convert("L"),
    "see-through": see_through(pattern(80, 60)),
    "palette": pattern(80, 60).quantize(16),
}


@ON_SQLITE
@pytest.mark.parametrize("kind", KINDS)
async def test_both_engines_agree(house: House, kind: str) -> None:
    by_pillow = ConverterService(house.database, house.files, engine="pillow")
    file_id = await house.file(encoded(KINDS[kind]))
    versions = []
    for name, (params, _) in OPERATIONS.items():
        operations = [{"name": name, "params": params}]
        versions.append(
            {
                "version": name,
                "format": "png",
                "source": "unprocessed_original",
                "operations": operations,
            }
        )
    converter_id = await house.converter({"versions": versions})
    ours = await house.images.convert_from_file(file_id, converter_id)
    other = ImageService(house.database, house.files, by_pillow)
    theirs = await other.convert_from_file(file_id, converter_id)
    for one, two in zip(ours[1:], theirs[1:], strict=True):
        name = str(one["version"])
        pictures = [(await house.picture(row)).convert("RGBA") for row in (one, two)]
        assert pictures[0].size == OPERATIONS[name][1], name
        # What they look like: colours that are hardly seen are known to few bits.
        black = Image.new("RGBA", pictures[0].size, "black")
        flat = [Image.alpha_composite(black, each) for each in pictures]
        assert difference(flat[0], flat[1]) <= 3, name
        assert difference(*(each.getchannel("A") for each in pictures)) <= 2, name


@ON_SQLITE
@pytest.mark.parametrize("image_format", ["jpeg", "png", "gif", "bmp", "tiff", "webp"])
@pytest.mark.parametrize("engine", ["vips", "pillow"])
async def test_every_format_is_written(house: House, image_format: str, engine: Any) -> None:
    converters = ConverterService(house.database, house.files, engine=engine)
    images = ImageService(house.database, house.files, converters)
    converter_id = await house.converter(settings_of(format=image_format))
    rows = await images.convert_from_file(
        await house.file(encoded(see_through(pattern(40, 30)))), converter_id
    )
    picture = await house.picture(rows[1])
    assert (picture.format or "").lower() == image_format
    assert picture.size == (40, 30)


@ON_SQLITE
@pytest.mark.parametrize("engine", ["vips", "pillow"])
async def test_what_is_small_is_enlarged_only_where_it_is_wanted(house: House, engine: Any) -> None:
    converters = ConverterService(house.database, house.files, engine=engine)
    images = ImageService(house.database, house.files, converters)
    versions = [
        {
            "version": f"{side}-{enlarge}",
            "format": "png",
            "source": "unprocessed_original",
            "operations": [{"name": "abs_scale", "params": {"size": side, "enlarge": enlarge}}],
        }
        for side in (10, 40, 80)
        for enlarge in (False, True)
    ]
    converter_id = await house.converter({"versions": versions})
    rows = await images.convert_from_file(await house.file(encoded(pattern(40, 30))), converter_id)
    sizes = [tuple(row["metadata"]["size"]) for row in rows[1:]]
    assert sizes == [(10, 8), (10, 8), (40, 30), (40, 30), (40, 30), (80, 60)]
    assert [(await house.picture(row)).size for row in rows[1:]] == sizes


@ON_SQLITE
async def test_pictures_are_turned_upright(house: House) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a secret"
    data = encoded(pattern(80, 60), "jpeg", exif=exif, quality=95)
    converter_id = await house.converter(settings_of(format="jpeg", save_settings={"quality": 95}))
    rows = await house.images.convert_from_file(await house.file(data), converter_id)
    picture = await house.picture(rows[1])
    assert picture.size == (60, 80)
    assert not picture.getexif()
    upright = pattern(80, 60).transpose(Image.Transpose.ROTATE_270)
    assert difference(picture, upright) < 40


@ON_SQLITE
async def test_a_picture_too_large_to_keep_is_read_once_where_it_gets_small(house: House) -> None:
    large = pattern(64, 48).resize((6000, 4800))  # 82 MiB of pixels
    data = encoded(large, "jpeg", quality=60)
    small = {
        "versions": [
            {"version": f"v{n}", "format": "png", "operations": [{"name": "scale", "params": s}]}
            for n, s in enumerate([0.12, 0.06, 0.03])
        ]
    }
    file_id = await house.file(data, extension="jpg")
    before = sum(entry.bytes_out for entry in house.gcs.log)
    rows = await house.images.convert_from_file(file_id, await house.converter(small))
    came = sum(entry.bytes_out for entry in house.gcs.log) - before
    assert came <= 1.1 * len(data) + 64 * 1024
    assert [row["metadata"]["size"] for row in rows[1:]] == [[720, 576], [360, 288], [180, 144]]
    wanted = large.resize((720, 576), Image.Resampling.LANCZOS)
    assert difference(await house.picture(rows[1]), wanted) < 16


@ON_SQLITE
async def test_a_picture_too_large_to_keep_is_streamed_for_each_version(house: House) -> None:
    data = encoded(pattern(64, 48).resize((6000, 4800)), "jpeg", quality=60)
    settings = settings_of({"name": "scale", "params": 0.9}, {"name": "resize", "params": [90, 70]})
    settings["versions"].append({**settings["versions"][0], "version": "again"})
    file_id, converter_id = (
        await house.file(data, extension="jpg"),
        await house.converter(settings),
    )
    before = sum(entry.bytes_out for entry in house.gcs.log)
    rows = await house.images.convert_from_file(file_id, converter_id)
    came = sum(entry.bytes_out for entry in house.gcs.log) - before
    assert came <= 2.1 * len(data) + 64 * 1024
    assert (await house.picture(rows[1])).size == (90, 70)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (None, "settings"),
        ([], "settings"),
        ({}, "versions"),
        ({"versions": []}, "versions"),
        ({"versions": "text"}, "versions"),
        ({"versions": [{}]}, "versions[0].format"),
        ({"nonsense": 1, "versions": []}, "settings"),
        (settings_of(format="svg"), "versions[0].format"),
        (settings_of(format=["png"]), "versions[0].format"),
        (settings_of(source=["previous_version"]), "versions[0].source"),
        (settings_of(source=[]), "versions[0].source"),
        (settings_of(version="original"), "versions[0].version"),
        (settings_of(version=""), "versions[0].version"),
        (settings_of(source="thin air"), "versions[0].source"),
        (settings_of(output_extension="../x"), "versions[0].output_extension"),
        (settings_of(save_settings={"quality": 0}), "versions[0].save_settings"),
        (settings_of(save_settings={"optimize": 1}), "versions[0].save_settings.optimize"),
        (settings_of(meta={"a": float("nan")}), "versions[0].meta"),
        (settings_of({"name": "explode"}), "versions[0].operations[0].name"),
        (settings_of({"name": "resize"}), "versions[0].operations[0].params"),
        (settings_of({"name": "crop", "params": [0]}), "versions[0].operations[0].params.rect"),
        (settings_of({"name": "resize", "params": {"s": 1}}), "versions[0].operations[0].params"),
        (settings_of({"name": "rotate", "params": 45}), "versions[0].operations[0].params.angle"),
        (settings_of({"name": "scale", "params": 0}), "versions[0].operations[0].params.scale"),
        (settings_of({"name": "scale", "params": True}), "versions[0].operations[0].params.scale"),
        (settings_of({"name": "blur", "params": 3}), "versions[0].operations[0].params"),
        (
            settings_of({"name": "abs_scale", "params": {"size": 9, "enlarge": 0}}),
            "versions[0].operations[0].params.enlarge",
        ),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(settings: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ConverterSettings.of(settings)
    assert caught.value.field == field


def test_names_that_are_given_twice() -> None:
    version = {"version": "v", "format": "png"}
    with pytest.raises(ValidationError, match="named twice"):
        ConverterSettings.of({"versions": [version, version]})


def test_merging() -> None:
    stored = {"a": {"b": 1, "c": [1, 2]}, "d": [1, 2], "e": {"f": 1}}
    changes = {"a": {"c": [3]}, "d": [4], "e": None}
    assert merged(stored, changes) == {"a": {"b": 1, "c": [3]}, "d": [4], "e": None}
    assert stored["d"] == [1, 2]
    with pytest.raises(ValidationError):
        merged(stored, [1])
