"""Rows are told as they become final, exactly once each, and are what the whole picture has."""

from itertools import pairwise

import pytest
from parsing_samples import ALL, LARGE, ROW_BY_ROW, TALL, opened, sample
from PIL import Image

from storage_stream.errors import InvalidArgument
from storage_stream.media import ParserClosed, StreamingProcessor, StreamParser, TruncatedImage
from storage_stream.media.parsing.decoder import CanvasDecoder

BOTTOM_UP = tuple(name for name in ROW_BY_ROW if name.startswith(("bmp", "tga", "pfm")))


class Heard:
    """What `on_rows` was told, and how the rows looked then."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.rows: dict[int, bytes] = {}

    def __call__(self, image: Image.Image, upper: int, lower: int) -> None:
        self.ranges.append((upper, lower))
        for row in range(upper, lower):
            assert row not in self.rows
            self.rows[row] = image.crop((0, row, image.width, row + 1)).tobytes()


def fed(parser: StreamParser, data: bytes, size: int = 1024) -> StreamParser:
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
    return parser


@pytest.mark.parametrize("name", ALL)
def test_every_row_is_told_once_and_is_final(name: str) -> None:
    heard = Heard()
    image = fed(StreamParser(on_rows=heard), sample(name)).close()
    assert sorted(heard.rows) == list(range(image.height))
    for row, pixels in heard.rows.items():
        assert image.crop((0, row, image.width, row + 1)).tobytes() == pixels
    assert heard.ranges == sorted(heard.ranges, reverse=name in BOTTOM_UP)


@pytest.mark.parametrize(
    "name",
    [*("jpeg", "jpeg-420", "jpeg-grey", "jpeg-cmyk", "jpeg-restarts"),
     *("png", "png-grey", "png-rgba", "bmp", "ppm", "pgm", "tga", "tga-rle", "gif")],
)  # fmt: skip
def test_rows_come_with_the_bytes(name: str) -> None:
    data = sample(name, TALL)
    whole = opened(data)
    parser = StreamParser()
    fed_bytes = 0
    for part in (25, 50, 75):
        fed(parser, data[fed_bytes : len(data) * part // 100])
        fed_bytes = len(data) * part // 100
        share = 100 * parser.rows_ready / whole.height
        assert part - 5 <= share <= part + 5
        assert parser.image is not None
        rows = parser.rows_ready
        top = whole.height - rows if name in BOTTOM_UP else 0
        box = (0, top, whole.width, top + rows)
        assert parser.image.crop(box).tobytes() == whole.crop(box).tobytes()


@pytest.mark.parametrize("name", BOTTOM_UP)
def test_the_lowest_rows_come_first_where_they_are_stored_first(name: str) -> None:
    heard = Heard()
    fed(StreamParser(on_rows=heard), sample(name)).close()
    assert heard.ranges[0][1] == LARGE[1]
    assert heard.ranges[-1][0] == 0


def test_tiny_pieces_wait_for_each_other() -> None:
    parser = StreamParser()
    for byte in sample("bmp")[:54] + sample("bmp")[54:969]:
        parser.feed(bytes((byte,)))
    assert (parser.bytes_fed, parser.rows_ready) == (969, 0)
    parser.feed(sample("bmp")[969:1024])
    assert parser.rows_ready == (1024 - 54) // (LARGE[0] * 3 + 3)


def test_a_decoder_holds_little_of_what_it_was_fed() -> None:
    """The time for a piece depends on what is held: that is bounded, so the sum is linear."""
    for name in ROW_BY_ROW:
        parser = StreamParser()
        row = len(opened(sample(name)).crop((0, 0, LARGE[0], 1)).tobytes())
        for start in range(0, len(sample(name)), 1024):
            parser.feed(sample(name)[start : start + 1024])
            decoder = parser._decoder
            if decoder is not None:
                assert isinstance(decoder, CanvasDecoder)
                held = len(decoder._feed._rest) + len(getattr(decoder, "_waiting", b""))
                assert held <= 1024 + 4 * row
                assert len(parser._prefix) == 0


def test_what_on_rows_raises_ends_the_parser() -> None:
    def fail(_: Image.Image, upper: int, lower: int) -> None:
        raise LookupError(upper, lower)

    parser = StreamParser(on_rows=fail)
    with pytest.raises(LookupError):
        fed(parser, sample("png"))
    with pytest.raises(ParserClosed):
        parser.feed(b"")
    with pytest.raises(ParserClosed):
        parser.close()


# -- StreamingProcessor ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jpeg", "png", "bmp", "tga-rle", "webp", "png-interlaced"])
@pytest.mark.parametrize("size", [7, 1024, 10**9])
def test_the_operation_gets_each_row_once(name: str, size: int) -> None:
    def mean(image: Image.Image, upper: int, lower: int) -> tuple[int, int, bytes]:
        return upper, lower, image.crop((0, upper, image.width, lower)).tobytes()

    processor = StreamingProcessor(mean, min_rows=20)
    image = fed(processor, sample(name), size).close()
    ranges = sorted((upper, lower) for upper, lower, _ in processor.results)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == image.height
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    in_order = [lower - upper for upper, lower, _ in processor.results]
    assert all(rows >= 20 for rows in in_order[:-1])
    joined = b"".join(pixels for _, _, pixels in sorted(processor.results))
    assert joined == image.tobytes()


def test_the_operation_gets_the_rows_of_a_cut_picture() -> None:
    processor = StreamingProcessor(lambda _, upper, lower: lower - upper, min_rows=1000)
    processor.feed(sample("png")[: len(sample("png")) // 2])
    assert processor.results == []
    with pytest.raises(TruncatedImage) as caught:
        processor.close()
    assert processor.results == [caught.value.rows_ready]


def test_a_processor_as_a_subclass() -> None:
    class Halves(StreamingProcessor[None]):
        def __init__(self) -> None:
            super().__init__(None, min_rows=64)
            self.sizes: list[tuple[int, int]] = []

        def process(self, image: Image.Image, upper: int, lower: int) -> None:
            part = image.crop((0, upper, image.width, lower))
            self.sizes.append((part.width // 2, part.height // 2))

    processor = Halves()
    fed(processor, sample("jpeg")).close()
    assert len(processor.sizes) > 1
    assert processor.results == []


def test_reset_forgets_the_results() -> None:
    processor = StreamingProcessor(lambda _, upper, lower: lower - upper)
    fed(processor, sample("png")[:40_000])
    assert processor.results
    processor.reset()
    assert processor.results == []
    fed(processor, sample("jpeg")).close()
    assert sum(processor.results) == LARGE[1]


def test_an_operation_takes_at_least_one_row() -> None:
    with pytest.raises(InvalidArgument):
        StreamingProcessor(min_rows=0)
