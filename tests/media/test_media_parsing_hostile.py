"""Files that somebody bent: every one is a picture or a typed error, and nothing is left behind."""

import random

import pytest
from parsing_samples import ALL, SMALL, sample

from storage_stream.media import MediaError, StreamParser

FILES = 12


def bent(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are others, most of them in the header; perhaps the end or a piece is missing."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        reach = len(changed) if rng.random() < 0.4 else min(len(changed), 200)
        at = rng.randrange(reach)
        changed[at] = rng.choice((0, 255, rng.randrange(256), changed[at] ^ 1 << rng.randrange(8)))
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    if rng.random() < 0.1:
        at = rng.randrange(len(changed) + 1)
        changed[at:at] = changed[max(0, at - 50) : at]
    return bytes(changed)


@pytest.mark.parametrize("name", ALL)
def test_a_bent_file_is_a_picture_or_an_error(name: str) -> None:
    rng = random.Random(name)  # noqa: S311 - always the same files
    parser = StreamParser(max_pixels=1_000_000)
    for _ in range(FILES):
        parser.reset()
        data = bent(sample(name, SMALL), rng)
        size = rng.choice((100, 1024, 10**6))
        try:
            for start in range(0, len(data), size):
                parser.feed(data[start : start + size])
            parser.close()
        except MediaError:
            assert not parser.finished
        else:
            assert parser.image is not None
            assert parser.image.width * parser.image.height <= 1_000_000
