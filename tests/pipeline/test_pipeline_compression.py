"""Gzip both ways, judged by the standard library's gzip module."""

import gzip as judge
import random
import struct
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_doubles import CountingSource, cut, drain

from storage_stream.pipeline import (
    GzipFormatError,
    TooManyBytesError,
    TruncatedGzipError,
    collect,
    gunzip,
    gzip,
)
from storage_stream.pipeline.source import READ_BYTES

NOISE = random.Random(7).randbytes(700_000)  # noqa: S311  data, not a secret


@given(st.data(), st.binary(max_size=500), st.integers(0, 9))
async def test_round_trip_in_any_chunking(draw: st.DataObject, data: bytes, level: int) -> None:
    packed = await collect(gzip(draw.draw(cut(data)), level))
    assert judge.decompress(packed) == data
    assert await collect(gunzip(draw.draw(cut(packed)))) == data


@pytest.mark.parametrize("level", [0, 1, 6, 9])
async def test_the_output_depends_on_the_data_alone(level: int) -> None:
    data = NOISE[:300_000] + b"abc" * 100_000
    whole = await collect(gzip([data], level))
    for size in (1000, READ_BYTES - 1, READ_BYTES, READ_BYTES + 1):
        cut_up = (data[i : i + size] for i in range(0, len(data), size))
        assert await collect(gzip(cut_up, level)) == whole
    assert judge.decompress(whole) == data
    assert struct.unpack("<I", whole[4:8]) == (0,), "the header carries a time"


async def test_large_blocks_go_through_worker_threads_unharmed() -> None:
    data = NOISE * 3
    assert await collect(gunzip(gzip([data]))) == data


async def test_nothing_compresses_to_an_empty_member() -> None:
    packed = await collect(gzip([]))
    assert judge.decompress(packed) == b""
    assert await collect(gunzip(packed)) == b""


@given(st.data(), st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.integers(0, 600))
async def test_members_and_zero_padding_read_as_one(
    draw: st.DataObject, parts: Sequence[bytes], padding: int
) -> None:
    packed = (b"\0" * padding).join(judge.compress(part) for part in parts) + b"\0" * padding
    assert await collect(gunzip(draw.draw(cut(packed)))) == b"".join(parts)
    assert judge.decompress(packed) == b"".join(parts)


@given(st.data(), st.binary(min_size=1, max_size=300))
async def test_every_cut_is_noticed(draw: st.DataObject, data: bytes) -> None:
    packed = judge.compress(data) + judge.compress(data)
    length = draw.draw(st.integers(0, len(packed) - 1).filter(lambda n: n != len(packed) // 2))
    given: list[bytes] = []
    with pytest.raises(TruncatedGzipError) as caught:
        await drain(gunzip(draw.draw(cut(packed[:length]))), given)
    assert (data + data).startswith(b"".join(given))
    assert (caught.value.bytes_in, caught.value.bytes_out) == (length, len(b"".join(given)))
    assert isinstance(caught.value, EOFError)


@given(st.data(), st.binary(min_size=1, max_size=300))
async def test_damage_is_noticed_or_harmless_and_judged_alike(
    draw: st.DataObject, data: bytes
) -> None:
    packed = bytearray(judge.compress(data, mtime=0))
    packed[draw.draw(st.integers(0, len(packed) - 1))] ^= draw.draw(st.integers(1, 255))
    try:
        expected = zlib.decompress(packed, 31)
    except zlib.error:
        with pytest.raises((GzipFormatError, TruncatedGzipError)):
            await collect(gunzip(draw.draw(cut(bytes(packed)))))
    else:
        assert await collect(gunzip(draw.draw(cut(bytes(packed))))) == expected


@pytest.mark.parametrize("field", [-8, -4])
async def test_crc_and_length_are_checked(field: int) -> None:
    packed = bytearray(judge.compress(b"hello"))
    packed[field] ^= 1
    with pytest.raises(GzipFormatError, match=r"incorrect (data|length) check"):
        await collect(gunzip(packed))


@pytest.mark.parametrize("garbage", [b"x", b"\0\0x", b"\x1f\x8c" + b"\0" * 20, b"plain text"])
async def test_trailing_garbage_is_an_error(garbage: bytes) -> None:
    packed = judge.compress(b"hello")
    stage = gunzip(packed + garbage)
    assert await anext(stage) == b"hello"
    with pytest.raises(GzipFormatError) as caught:
        await anext(stage)
    assert caught.value.byte_offset == len(packed) + garbage.count(b"\0") * (b"x" in garbage)


async def test_zero_padding_alone_is_not_gzip() -> None:
    with pytest.raises(GzipFormatError):
        await collect(gunzip(b"\0" * 100))


async def test_a_bomb_comes_in_bounded_pieces_and_only_as_fast_as_it_is_read() -> None:
    bomb = judge.compress(b"\0" * 50_000_000)
    source = CountingSource([bomb[i : i + 100] for i in range(0, len(bomb), 100)])
    stage = gunzip(source)
    async for chunk in stage:
        assert len(chunk) <= READ_BYTES
        if source.reads >= 10:
            break
    assert source.reads == 10
    await stage.aclose()
    assert [source.closes, sum([len(c) async for c in gunzip([bomb])])] == [1, 50_000_000]


async def test_a_cut_bomb_gives_all_that_was_in_it() -> None:
    # Output can wait inside the decompressor when the input is used up; it must be fetched.
    bomb = judge.compress(b"\0" * (2 * READ_BYTES + 5000))
    for length in range(20, len(bomb)):
        given: list[bytes] = []
        with pytest.raises(TruncatedGzipError):
            await drain(gunzip(bomb[:length]), given)
        assert b"".join(given) == zlib.decompressobj(31).decompress(bomb[:length])


@pytest.mark.parametrize("limit", [0, 1, 999_999, 1_000_000])
async def test_the_output_limit_is_exact(limit: int) -> None:
    packed = judge.compress(b"\0" * 1_000_000)
    given: list[bytes] = []
    if limit == 1_000_000:
        assert len(await collect(gunzip(packed, max_output_bytes=limit))) == limit
        return
    with pytest.raises(TooManyBytesError) as caught:
        await drain(gunzip(packed, max_output_bytes=limit), given)
    assert len(b"".join(given)) <= limit == caught.value.max_bytes


async def test_thousands_of_tiny_members_take_linear_time() -> None:
    packed = judge.compress(b"ab", mtime=0) * 20_000
    assert await collect(gunzip([packed])) == b"ab" * 20_000


@pytest.mark.parametrize("level", [-1, 10])
def test_bad_arguments_are_refused_at_once(level: int) -> None:
    with pytest.raises(ValueError, match="level must be 0 to 9"):
        gzip(b"", level)
    with pytest.raises(ValueError, match="must not be negative"):
        gunzip(b"", max_output_bytes=-1)


async def test_compressing_holds_one_block() -> None:
    source = CountingSource([NOISE[:50_000]] * 100)
    given_bytes = 0
    async for chunk in gzip(source, 1):
        given_bytes += len(chunk)
        # Noise does not shrink: what was read and not given is held, by us or by zlib.
        assert source.given_bytes - given_bytes <= 3 * READ_BYTES
    assert given_bytes >= 100 * 50_000
