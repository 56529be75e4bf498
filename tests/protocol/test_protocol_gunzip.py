"""gzip taken apart in bounded steps; judged by the standard library's own gzip."""

from __future__ import annotations

import gzip
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.gunzip import Gunzipper
from storage_stream.errors import GzipFormatError, TooManyBytesError, TruncatedGzipError

pytestmark = patience

MOST_BYTES_OF_A_STEP = 256 * 1024


def gunzip(pieces: list[bytes], max_output_bytes: int | None = None) -> bytes:
    gunzipper = Gunzipper(max_output_bytes)
    plain = b""
    for piece in pieces:
        gunzipper.feed(piece)
        while gunzipper.pending:
            step = gunzipper.decompress(gunzipper.next_gulp())
            assert len(step) <= MOST_BYTES_OF_A_STEP
            plain += step
    gunzipper.finish()
    return plain


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[begin : begin + size] for begin in range(0, len(data), size)]


@examples(150)
@given(
    members=st.lists(st.binary(max_size=2000), min_size=1, max_size=4),
    padding=st.integers(0, 20),
    piece_bytes=st.integers(1, 3000),
)
def test_members_one_after_the_other_with_padding(
    members: list[bytes], padding: int, piece_bytes: int
) -> None:
    packed = b"".join(gzip.compress(member) for member in members) + bytes(padding)
    assert gunzip(pieces_of(packed, piece_bytes)) == b"".join(members) == gzip.decompress(packed)


@examples(150)
@given(content=st.binary(max_size=500), data=st.data())
def test_a_flipped_bit_or_a_cut_is_an_error_or_harmless(
    content: bytes, data: st.DataObject
) -> None:
    packed = gzip.compress(content)
    place = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(TruncatedGzipError):
        gunzip(pieces_of(packed[:place], 7))
    bit = data.draw(st.integers(0, 7))
    harmed = packed[:place] + bytes([packed[place] ^ 1 << bit]) + packed[place + 1 :]
    with suppress(GzipFormatError, TruncatedGzipError):
        assert gunzip(pieces_of(harmed, 7)) == content  # a bit of the header's time, say


def test_a_bomb_comes_in_bounded_steps_and_can_be_limited() -> None:
    bomb = gzip.compress(bytes(4 << 20))
    assert gunzip([bomb]) == bytes(4 << 20)
    assert gunzip([bomb], max_output_bytes=4 << 20) == bytes(4 << 20)
    with pytest.raises(TooManyBytesError) as caught:
        gunzip([bomb], max_output_bytes=(4 << 20) - 1)
    assert caught.value.max_bytes == (4 << 20) - 1


@pytest.mark.parametrize("garbage", [b"P", b"\x1f\x00", b"text", b"\0"])
def test_what_is_not_gzip_is_refused_from_its_first_byte(garbage: bytes) -> None:
    with pytest.raises(GzipFormatError) as caught:
        gunzip([garbage])
    assert caught.value.byte_offset == 0


def test_garbage_behind_a_member_is_told_with_its_place() -> None:
    packed = gzip.compress(b"content")
    with pytest.raises(GzipFormatError) as caught:
        gunzip([packed, b"garbage"])
    assert caught.value.byte_offset == len(packed)


def test_nothing_is_no_gzip() -> None:
    with pytest.raises(TruncatedGzipError) as caught:
        gunzip([])
    assert (caught.value.bytes_in, caught.value.bytes_out) == (0, 0)
