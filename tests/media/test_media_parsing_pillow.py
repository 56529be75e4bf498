"""What the decoders need of Pillow beyond its documentation is there, and behaves as it did."""

import ast
import io
from pathlib import Path

import pytest
from parsing_samples import opened, sample
from PIL import JpegImagePlugin

import storage_stream.media.parsing
from storage_stream.media import DamagedImage
from storage_stream.media.parsing import pillow_bridge
from storage_stream.media.parsing.pillow_bridge import Canvas

HERE = Path(storage_stream.media.parsing.__file__).parent


def test_no_name_moved() -> None:
    assert pillow_bridge.missing_names() == []


def test_private_names_of_pillow_stand_in_one_module() -> None:
    private = {"_getdecoder", "_new", "core", "OPEN", "decoderconfig", "load_prepare", "tile"}
    found = {
        (path.name, node.attr)
        for path in HERE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in private
        and path.name != "processor.py"  # has a `_new` of its own
    }
    elsewhere = {(file, name) for file, name in found if file != "pillow_bridge.py"}
    assert elsewhere <= {("raw_rows.py", "tile"), ("spooled.py", "OPEN")}  # documented names


def jpeg_canvas(data: bytes) -> Canvas:
    return Canvas(JpegImagePlugin.JpegImageFile(io.BytesIO(data)))


def test_a_decoder_takes_pieces_and_says_when_it_is_done() -> None:
    canvas = jpeg_canvas(sample("jpeg"))
    feed = canvas.feed()
    for start in range(0, len(sample("jpeg")), 100):
        assert not feed.done
        feed.feed(sample("jpeg")[start : start + 100])
    assert feed.done
    feed.feed(b"ignored")
    assert canvas.image.tobytes() == opened(sample("jpeg")).tobytes()


def test_a_decoder_says_what_it_cannot_decode() -> None:
    feed = jpeg_canvas(sample("jpeg")).feed()
    with pytest.raises(DamagedImage):
        feed.feed(b"no JPEG at all" * 100)


def test_closing_twice_is_closing_once() -> None:
    feed = jpeg_canvas(sample("jpeg")).feed()
    feed.feed(sample("jpeg")[:1000])
    feed.close()
    feed.close()
