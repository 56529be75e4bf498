"""A picture that was cut never passes for a whole one, wherever it was cut."""

import io
import pickle
import random
import zlib

import pytest
from parsing_samples import ALL, NO_END_MARK, ROW_BY_ROW, opened, sample
from PIL import Image, ImageFile

from storage_stream.media import (
    DamagedImage,
    ParserClosed,
    StreamParser,
    TruncatedImage,
    UnidentifiedImage,
)

PLACES = 20


def cuts(name: str) -> list[int]:
    """Random places, always the same; where nothing marks the end, in front of the last row."""
    size = len(sample(name))
    last = size * 99 // 100 - 30 if name in NO_END_MARK else size - 1
    rng = random.Random(name)  # noqa: S311 - places, no secrets
    return [last, *(rng.randrange(64, last) for _ in range(PLACES - 1))]


def close_cut(name: str, place: int) -> TruncatedImage:
    parser = StreamParser()
    parser.feed(sample(name)[:place])
    with pytest.raises(TruncatedImage) as caught:
        parser.close()
    assert not parser.finished
    return caught.value


def ready(image: Image.Image, rows: int, *, bottom_up: bool) -> Image.Image:
    upper, lower = (image.height - rows, image.height) if bottom_up else (0, rows)
    return image.crop((0, upper, image.width, lower))


@pytest.mark.parametrize("name", ALL)
def test_every_cut_is_told(name: str) -> None:
    for place in cuts(name):
        error = close_cut(name, place)
        assert error.height in {None, opened(sample(name)).height}


@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_the_rows_that_are_told_are_final(name: str) -> None:
    whole = opened(sample(name))
    bottom_up = name.startswith(("bmp", "tga", "pfm"))
    for place in cuts(name):
        error = close_cut(name, place)
        if error.partial is None:
            assert error.rows_ready == 0
            continue
        assert error.partial.size == whole.size
        assert ready(error.partial, error.rows_ready, bottom_up=bottom_up).tobytes() == (
            ready(whole, error.rows_ready, bottom_up=bottom_up).tobytes()
        )


@pytest.mark.parametrize("name", ["jpeg", "jpeg-420", "jpeg-grey", "jpeg-cmyk", "jpeg-restarts"])
def test_as_many_rows_of_a_jpeg_are_told_as_can_be_decoded(name: str) -> None:
    whole = opened(sample(name))
    for place in cuts(name):
        error = close_cut(name, place)
        if error.partial is None:
            continue
        # With an end marker behind it Pillow decodes what is there, and makes up the rest.
        made_up = opened(sample(name)[:place] + b"\xff\xd9")
        right = next(
            (
                row
                for row in range(whole.height)
                if ready(made_up, row + 1, bottom_up=False).tobytes()
                != ready(whole, row + 1, bottom_up=False).tobytes()
            ),
            whole.height,
        )
        # A row of blocks, and one that smoothing between two of them waits for.
        assert 0 <= right - error.rows_ready <= 17


@pytest.mark.parametrize("name", ["png", "png-grey", "bmp", "ppm", "tga", "tga-rle", "gif"])
def test_as_many_rows_are_told_as_bytes_came(name: str) -> None:
    for place in cuts(name):
        rows = close_cut(name, place).rows_ready
        assert abs(rows - place * opened(sample(name)).height / len(sample(name))) <= 16


@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_what_did_not_come_is_blank(name: str) -> None:
    error = close_cut(name, len(sample(name)) * 2 // 5)
    assert error.partial is not None
    bottom_up = name.startswith(("bmp", "tga", "pfm"))
    missing = error.partial.height - error.rows_ready
    if name.startswith("gif"):
        missing = max(0, missing - 1)  # in the row that was begun
    rest = ready(error.partial, missing, bottom_up=not bottom_up)
    assert rest.height > 16
    extrema = rest.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    assert all(low == high for low, high in bands)


@pytest.mark.parametrize("name", [*ROW_BY_ROW, "jpeg-progressive", "png-interlaced"])
def test_a_cut_picture_can_be_allowed(name: str) -> None:
    data = sample(name)
    parser = StreamParser(allow_truncated=True)
    parser.feed(data[: len(data) // 2])
    image = parser.close()
    assert parser.truncated
    assert not parser.finished
    assert image.size == opened(data).size
    assert image.getbbox() is not None


@pytest.mark.parametrize("name", ["webp", "avif", "jp2", "qoi", "tiff"])
def test_where_there_is_nothing_of_it_a_cut_picture_cannot_be_allowed(name: str) -> None:
    parser = StreamParser(allow_truncated=True)
    parser.feed(sample(name)[: len(sample(name)) // 2])
    with pytest.raises(TruncatedImage) as caught:
        parser.close()
    assert caught.value.partial is None


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "png", "gif", "webp"])
def test_the_flag_of_pillow_changes_nothing_and_is_not_changed(name: str) -> None:
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        close_cut(name, len(sample(name)) - 10)
        assert ImageFile.LOAD_TRUNCATED_IMAGES
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def test_all_pixels_but_no_end_is_cut() -> None:
    error = close_cut("png", len(sample("png")) - 12)  # without its IEND
    assert error.rows_ready == error.height
    assert error.partial is not None
    assert error.partial.tobytes() == opened(sample("png")).tobytes()


def test_an_end_mark_behind_too_few_rows_is_no_end() -> None:
    data = sample("png-grey")
    head, pixels = data[:33], zlib.decompress(data[41:-16])  # one IDAT chunk
    few = zlib.compress(pixels[: len(pixels) // 2])
    chunk = b"IDAT" + few
    cut = head + len(few).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    parser = StreamParser()
    parser.feed(cut + data[-12:])
    with pytest.raises(TruncatedImage) as caught:
        parser.close()
    assert caught.value.rows_ready == opened(data).height // 2


def test_a_jpeg_thumbnail_in_the_metadata_is_not_its_end() -> None:
    small = io.BytesIO()
    opened(sample("jpeg")).resize((16, 16)).save(small, "JPEG")
    comment = b"\xff\xfe" + (len(small.getvalue()) + 2).to_bytes(2, "big") + small.getvalue()
    data = sample("jpeg")
    data = data[:2] + comment + data[2:]
    parser = StreamParser()
    parser.feed(data[:-2])
    with pytest.raises(TruncatedImage):
        parser.close()
    parser.reset()
    parser.feed(data)
    assert parser.close().tobytes() == opened(sample("jpeg")).tobytes()


@pytest.mark.parametrize("place", [1, 2, 3, 40, 300])
def test_a_file_that_ends_in_its_header_is_no_picture(place: int) -> None:
    parser = StreamParser()
    parser.feed(sample("jpeg")[:place])
    with pytest.raises((TruncatedImage, UnidentifiedImage)):
        parser.close()


def test_the_error_tells_what_is_there_and_travels() -> None:
    error = close_cut("bmp", len(sample("bmp")) // 2)
    assert str(error) == f"the picture ends with {error.rows_ready} of {error.height} rows final"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(copy), copy.rows_ready, copy.partial) == (TruncatedImage, error.rows_ready, None)
    assert isinstance(error, EOFError)


@pytest.mark.parametrize("name", ["png", "png-palette", "png-interlaced"])
def test_damage_is_told_from_a_cut(name: str) -> None:
    data = bytearray(sample(name))
    place = len(data) // 2
    data[place : place + 400] = bytes(400)
    parser = StreamParser()
    with pytest.raises(DamagedImage):  # noqa: PT012 - some are told at once, some at the end
        parser.feed(data)
        parser.close()
    with pytest.raises(ParserClosed):
        parser.feed(b"more")


@pytest.mark.parametrize("piece", [1, 1000, 1 << 20])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.8])
def test_an_end_mark_behind_a_cut_does_not_make_it_whole(part: float, piece: int) -> None:
    data = sample("jpeg", (600, 800))
    repaired = data[: int(len(data) * part)] + b"\xff\xd9"
    parser = StreamParser()
    for start in range(0, len(repaired), piece):
        parser.feed(repaired[start : start + piece])
    with pytest.raises(TruncatedImage) as caught:
        parser.close()
    assert caught.value.rows_ready < 800
    assert caught.value.partial is not None
    upper = (0, 0, 600, caught.value.rows_ready)
    assert caught.value.partial.crop(upper).tobytes() == opened(data).crop(upper).tobytes()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("size", [(1, 300), (8, 900), (15, 900), (300, 1), (37, 65), (300, 500)])
@pytest.mark.parametrize("target", [None, 100, 20])
@pytest.mark.parametrize("sigma", [0, 60])
def test_whole_ones_are_whole_whatever_their_blocks(
    subsampling: int, size: tuple[int, int], target: int | None, sigma: int
) -> None:
    file = io.BytesIO()
    picture = Image.effect_noise(size, sigma).convert("RGB")
    picture.save(file, "JPEG", subsampling=subsampling, optimize=True)
    parser = StreamParser(target_size=target)
    parser.feed(file.getvalue())
    parser.close()
    assert parser.finished
