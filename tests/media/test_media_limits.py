"""Which pictures are refused before they are decoded."""

from dataclasses import replace

import pytest

from storage_stream.errors import InvalidArgument, StorageError
from storage_stream.media.errors import ImageTooLarge
from storage_stream.media.headers import ImageInfo
from storage_stream.media.limits import (
    MemoryClass,
    PixelLimits,
    check_memory,
    check_pixels,
    memory_class,
    memory_pixels,
)

HUGE = ImageInfo("JPEG", 16384, 12288, "RGB", "image/jpeg")  # 201 megapixels


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, MemoryClass.ROWS),
        ({"progressive": True}, MemoryClass.WHOLE),
        ({"format": "PNG"}, MemoryClass.ROWS),
        ({"format": "PNG", "interlaced": True}, MemoryClass.WHOLE),
        ({"format": "TIFF"}, MemoryClass.ROWS),
        ({"format": "TIFF", "tiled": True}, MemoryClass.ROWS),
        ({"format": "WEBP"}, MemoryClass.WHOLE),
        ({"format": "GIF"}, MemoryClass.WHOLE),
        ({"format": "AVIF"}, MemoryClass.WHOLE),
        ({"format": "HEIF"}, MemoryClass.WHOLE),
        ({"format": "JPEG2000"}, MemoryClass.WHOLE),
        ({"format": "BMP"}, MemoryClass.WHOLE),
    ],
    ids=str,
)
def test_what_a_decoder_holds(changes: dict[str, object], expected: MemoryClass) -> None:
    info = replace(HUGE, **changes)  # type: ignore[arg-type] # any field's value
    assert memory_class(info) is expected
    if expected is MemoryClass.ROWS:
        check_memory(info)
    else:
        with pytest.raises(ImageTooLarge):
            check_memory(info)


def test_random_access_takes_all_but_of_tiles() -> None:
    assert memory_class(HUGE, random_access=True) is MemoryClass.WHOLE
    tiles = replace(HUGE, format="TIFF", tiled=True)
    assert memory_class(tiles, random_access=True) is MemoryClass.ROWS


def test_a_row_can_be_too_much_by_itself() -> None:
    ribbon = ImageInfo("PNG", 2**31 - 1, 1, "RGB", "image/png")
    assert memory_pixels(ribbon) == 2**31 - 1
    with pytest.raises(ImageTooLarge):
        check_memory(ribbon)
    column = ImageInfo("PNG", 1, 2**31 - 1, "RGB", "image/png")
    check_memory(column)


def test_the_limit_is_the_last_that_is_allowed() -> None:
    info = ImageInfo("WEBP", 1000, 1000, "RGB", "image/webp")
    check_memory(info, 1_000_000)
    check_pixels(info, 1_000_000)
    with pytest.raises(ImageTooLarge):
        check_memory(info, 999_999)
    with pytest.raises(ImageTooLarge):
        check_pixels(info, 999_999)
    check_memory(info, None)
    check_pixels(info, None)


def test_what_the_error_says() -> None:
    with pytest.raises(ImageTooLarge) as caught:
        check_memory(replace(HUGE, progressive=True), subject="gs://bucket/a.jpg")
    error = caught.value
    assert isinstance(error, StorageError)
    assert isinstance(error, ValueError)
    assert (error.width, error.height, error.max_pixels) == (16384, 12288, 100_000_000)
    assert str(error) == (
        "gs://bucket/a.jpg: 16384 x 12288 pixels are more than the 100000000 allowed "
        "in memory at once, which progressive JPEG needs"
    )


def test_both_limits_count() -> None:
    PixelLimits().check(HUGE)
    with pytest.raises(ImageTooLarge, match=r"1000000 allowed$"):
        PixelLimits(max_pixels=1_000_000).check(HUGE)
    with pytest.raises(ImageTooLarge, match="in memory at once"):
        PixelLimits().check(HUGE, random_access=True)
    PixelLimits(None, None).check(replace(HUGE, width=2**31, height=2**31))


def test_of_an_unknown_format_all_pixels_may_be_in_memory() -> None:
    PixelLimits(600, 600).check_unknown(30, 20)
    PixelLimits(None, None).check_unknown(2**31, 2**31)
    with pytest.raises(ImageTooLarge, match=r"599 allowed$"):
        PixelLimits(max_pixels=599).check_unknown(30, 20)
    with pytest.raises(ImageTooLarge, match="599 allowed in memory at once"):
        PixelLimits(max_memory_pixels=599).check_unknown(30, 20)


@pytest.mark.parametrize("limit", [0, -1])
def test_limits_are_positive(limit: int) -> None:
    with pytest.raises(InvalidArgument, match="max_memory_pixels"):
        PixelLimits(max_memory_pixels=limit)
    with pytest.raises(InvalidArgument, match="max_pixels"):
        PixelLimits(max_pixels=limit)
    with pytest.raises(InvalidArgument, match="max_memory_pixels"):
        check_memory(HUGE, limit)
    with pytest.raises(InvalidArgument, match="max_pixels"):
        check_pixels(HUGE, limit)
