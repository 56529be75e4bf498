"""Conversions that fail: the error names who and why, and everything is as it was before."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from images_house import SMALL, House, encoded, pattern

from storage_stream import errors as storage_errors
from storage_stream.images import (
    Conflict,
    ConversionError,
    ConversionTimeout,
    ConverterService,
    ImageService,
    NotFound,
    UnreadableImage,
    ValidationError,
)


async def fails(house: House, kind: type[Exception], *arguments: Any, **named: Any) -> str:
    """The error's text; nothing else came of it."""
    before = await house.counts(), house.objects()
    with pytest.raises(kind) as caught:
        await house.images.convert_from_file(*arguments, **named)
    assert type(caught.value) is kind
    assert (await house.counts(), house.objects()) == before
    return str(caught.value)


async def test_the_second_version_cannot_be_stored(house: House) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    house.gcs.arm_next("storage.objects.insert", "pass", "return-403")
    text = await fails(house, ConversionError, file_id, converter_id)
    assert str(file_id) in text
    assert str(converter_id) in text
    assert "403" in text


async def test_a_version_that_cannot_be_of_this_picture(house: House) -> None:
    crop = {"name": "crop", "params": [100, 0, 120, 20]}
    settings = {"versions": [*SMALL["versions"], {**SMALL["versions"][0], "version": "part"}]}
    settings["versions"][2]["operations"] = [crop]
    file_id = await house.file(encoded(pattern(64, 48)))
    converter_id = await house.converter(settings)
    text = await fails(house, ValidationError, file_id, converter_id)
    assert "leaves nothing of 64 x 48" in text
    assert str(file_id) in text


async def test_what_is_not_there(house: House) -> None:
    file_id, converter_id, nobody = (
        await house.file(encoded(pattern(8, 8))),
        await house.converter(),
        uuid4(),
    )
    assert f"no converter {nobody}" in await fails(house, NotFound, file_id, nobody)
    assert f"no file {nobody}" in await fails(house, NotFound, nobody, converter_id)
    with pytest.raises(NotFound, match=f"no image {nobody}"):
        await house.images.convert_image(nobody, converter_id)
    empty = await house.files.create("image2", "png")
    text = await fails(house, Conflict, empty["id"], converter_id)
    assert str(empty["id"]) in text


@pytest.mark.parametrize(
    "data",
    [
        b"no picture at all",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        encoded(pattern(64, 48))[:-200],
        encoded(pattern(64, 48), "jpeg")[:700],
        b"",
    ],
    ids=["text", "svg", "cut png", "cut jpeg", "empty"],
)
async def test_it_is_no_image(house: House, data: bytes) -> None:
    file_id, converter_id = await house.file(data), await house.converter()
    text = await fails(house, UnreadableImage, file_id, converter_id)
    assert str(file_id) in text


async def test_a_header_of_a_thousand_million_pixels(house: House) -> None:
    data = bytearray(encoded(pattern(8, 8)))
    data[16:24] = (40_000).to_bytes(4, "big") + (25_000).to_bytes(4, "big")
    import zlib  # noqa: PLC0415 - only the header's checksum needs it

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    file_id, converter_id = await house.file(bytes(data)), await house.converter()
    assert "ImageTooLarge" in await fails(house, UnreadableImage, file_id, converter_id)


async def test_a_version_larger_than_is_allowed(house: House) -> None:
    grow = {"name": "resize", "params": [65_000, 65_000]}
    settings = {"versions": [{"version": "huge", "format": "png", "operations": [grow]}]}
    file_id, converter_id = (
        await house.file(encoded(pattern(8, 8))),
        await house.converter(settings),
    )
    assert "at most 100000000" in await fails(house, ValidationError, file_id, converter_id)


async def test_the_object_is_gone_behind_the_services_back(house: House) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    row = await house.files.get(file_id)
    await house.storage.delete(house.bucket, str(row["object_name"]))
    with pytest.raises(ConversionError, match=str(file_id)) as caught:
        await house.images.convert_from_file(file_id, converter_id)
    assert isinstance(caught.value.__cause__, storage_errors.NotFound)
    page = await house.files.list({"state": "ready"})
    assert [each["id"] for each in page["data"]] == [file_id]
    assert house.objects() == set()
    assert (await house.images.list())["count"] == 0


async def test_it_takes_too_long(house: House) -> None:
    slow = ConverterService(house.database, house.files, max_processing_time=0.001)
    images = ImageService(house.database, house.files, slow)
    file_id, converter_id = await house.file(encoded(pattern(640, 480))), await house.converter()
    before = await house.counts()
    with pytest.raises(ConversionTimeout, match=f"{converter_id}, file {file_id}.*0.001 s"):
        await images.convert_from_file(file_id, converter_id)
    assert await house.counts() == before


async def test_cancelled_at_any_moment(house: House) -> None:
    file_id, converter_id = await house.file(encoded(pattern(64, 48))), await house.converter()
    before = await house.counts()
    turns, is_done = 1, False
    while not is_done:
        task = asyncio.ensure_future(house.images.convert_from_file(file_id, converter_id))
        for _ in range(turns):
            await asyncio.sleep(0)
        is_done = task.done() or not task.cancel()
        outcome: object
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, asyncio.CancelledError) and await house.counts() == before:
            turns += 1 + turns // 2
            continue
        # It came too late: the commit was on its way, or all was done.
        assert await house.counts() == (3, 3, 3)
        is_done = True
