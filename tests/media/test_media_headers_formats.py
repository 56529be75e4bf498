"""Every sample's header, as Pillow and libvips tell it; by ranges and byte by byte."""

import io
from typing import Any

import pytest
import pyvips
from header_samples import SAMPLES, sample
from PIL import Image

from storage_stream.media.headers import HeaderReader, ImageInfo
from storage_stream.media.probing import probe_file

ORIENTATION = 0x0112
SHADES = {"1", "L", "P"}
"""A palette of greys is told as grey by Pillow, which reads it."""


OTHER_MIMES = ("png-apng", "ppm", "jp2", "j2k", "qoi")
"""Pillow knows none, or one for all of the family; an animated PNG is served as PNG."""


def probed(data: bytes, **limits: Any) -> ImageInfo:
    return probe_file(lambda start, length: data[start : start + length], **limits)


def fed(data: bytes, step: int) -> ImageInfo:
    reader = HeaderReader()
    for at in range(0, len(data), step):
        if info := reader.feed(data[at : at + step]):
            return info
    return reader.finish()


def described(info: ImageInfo) -> dict[str, Any]:
    """What does not depend on how many bytes were in hand."""
    names = ("format", "width", "height", "mode", "mime", "orientation", "progressive",
             "interlaced", "tiled", "has_icc")  # fmt: skip
    return {name: getattr(info, name) for name in names}


@pytest.mark.parametrize("name", SAMPLES)
def test_pillow_says_the_same(name: str) -> None:
    data = sample(name)
    info = probed(data)
    with Image.open(io.BytesIO(data)) as image:
        orientation = image.getexif().get(ORIENTATION, 1)
        assert (info.format, info.orientation) == (image.format, orientation)
        # Of a TIFF Pillow tells the size as it is seen.
        shown = info.oriented_size if info.format == "TIFF" else (info.width, info.height)
        assert shown == image.size
        assert info.mode == image.mode or {info.mode, image.mode} <= SHADES
        assert info.has_icc == bool(image.info.get("icc_profile"))
        is_progressive = bool(image.info.get("progressive"))
        assert info.progressive == is_progressive
        assert info.mime == image.get_format_mimetype() or name.startswith(OTHER_MIMES)
        count = getattr(image, "n_frames", 1)
        assert (info.pages if info.format == "TIFF" else info.frames) in {count, None}
        if info.animated is not None and info.format != "TIFF":
            assert info.animated == (count > 1)


LOADERS = ("jpeg", "png", "gif", "webp", "tiff", "avif")


NOT_BY_LIBVIPS = {"avif-animated", "tiff-LAB"}
"""It reads no sequences, and leaves out the profile of a picture in Lab."""


@pytest.mark.parametrize(
    "name",
    [name for name in SAMPLES if name.startswith(LOADERS) and name not in NOT_BY_LIBVIPS],
)
def test_libvips_says_the_same(name: str) -> None:
    data = sample(name)
    info = probed(data)
    image = pyvips.Image.new_from_buffer(data, "")
    assert (image.width, image.height) in {(info.width, info.height), info.oriented_size}
    if image.get_typeof("orientation"):
        assert image.get("orientation") == info.orientation
    assert info.has_icc == bool(image.get_typeof("icc-profile-data"))
    if image.get_typeof("interlaced"):
        assert info.progressive or info.interlaced
    if image.get_typeof("tile-width"):
        assert info.tiled


@pytest.mark.parametrize("name", SAMPLES)
def test_two_requests_and_24_kib_are_enough(name: str) -> None:
    info = probed(sample(name))
    assert info.requests <= 2
    assert info.bytes_read <= 24 * 1024


@pytest.mark.parametrize("name", SAMPLES)
def test_feeding_says_the_same_whatever_the_pieces(name: str) -> None:
    data = sample(name)
    known = described(probed(data))
    for step in (1, 997, len(data)):
        assert described(fed(data, step)) == known


@pytest.mark.parametrize("name", SAMPLES)
def test_how_much_is_fetched_first_does_not_matter(name: str) -> None:
    data = sample(name)
    known = described(probed(data))
    assert described(probed(data, first=1)) == known
    assert described(probed(data, first=100)) == known
    assert described(probed(data, first=1 << 20)) == known


@pytest.mark.parametrize(
    ("name", "frames"),
    [("gif-P", 1), ("gif-animated", 4), ("gif-animated-once", 3), ("gif-vips", 1),
     ("webp-animated", 4), ("webp-animated-exif", 4)],
)  # fmt: skip
def test_frames_are_counted_where_the_whole_file_is_in_hand(name: str, frames: int) -> None:
    data = sample(name)
    info = probed(data, first=1 << 20)
    assert info.frames == frames
    assert info.animated is (frames > 1)
    assert probed(data).frames is None


@pytest.mark.parametrize(("name", "pages"), [("tiff-pages", 3), ("tiff-vips-pyramid", 4)])
def test_pages_are_counted_where_the_whole_file_is_in_hand(name: str, pages: int) -> None:
    assert probed(sample(name), first=1 << 20).pages == pages
    assert probed(sample(name)).pages is None


def test_frames_of_a_sequence_stand_before_its_data() -> None:
    data = sample("avif-animated")
    info = probed(data)
    assert (info.frames, info.animated, info.requests) == (3, True, 1)
    for kind in (b"moov", b"mdia", b"stsz"):
        assert probed(data.replace(kind, b"free")).frames is None
    assert probed(data, first=300).frames is None
    assert fed(data, 1000).frames is None
