"""crc32c: published vectors, and the laws it has to obey."""

from __future__ import annotations

import array
import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.checksums import (
    Crc32c,
    combine,
    crc32c,
    decode_crc32c,
    encode_crc32c,
    parse_hashes,
)
from storage_stream.errors import IntegrityError, ProtocolError

pytestmark = patience


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),  # the check value of CRC-32/ISCSI in the catalogue of CRCs
        # RFC 3720, appendix B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_published_vectors(data: bytes, value: int) -> None:
    assert crc32c(data) == value
    assert crc32c(memoryview(data)) == value
    assert crc32c(bytearray(data)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(0, "AAAAAA=="), (0xE3069283, "4waSgw=="), (0xFFFFFFFF, "/////w==")]
)
def test_the_services_spelling_is_base64_of_the_big_endian_value(value: int, text: str) -> None:
    assert encode_crc32c(value) == text
    assert decode_crc32c(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "4waSgw", "4waSgw=", "4waS", "4waSgwAA", "4w aSgw==", "!waSgw==", "4waSgw==\n", "é"],
)
def test_what_is_no_crc32c_is_none(text: str) -> None:
    assert decode_crc32c(text) is None


def test_a_running_checksum_counts_bytes_whatever_the_buffer() -> None:
    running = Crc32c()
    running.update(b"12345")
    running.update(bytearray(b"67"))
    running.update(memoryview(b"89"))
    assert (running.value, running.length, running.encoded) == (0xE3069283, 9, "4waSgw==")
    wide = Crc32c()
    wide.update(memoryview(array.array("I", [1, 2, 3])))
    assert wide.length == 3 * array.array("I").itemsize


def test_a_running_checksum_goes_on_from_a_kept_value() -> None:
    running = Crc32c(crc32c(b"12345"), 5)
    running.update(b"6789")
    assert (running.value, running.length) == (0xE3069283, 9)


def test_check_compares_with_what_the_service_keeps() -> None:
    running = Crc32c()
    running.update(b"123456789")
    assert running.check("4waSgw==") is True
    assert running.check(None) is None
    for damaged in ("unreadable", "%%%", "", "4waSg"):
        with pytest.raises(ProtocolError, match="crc32c"):
            running.check(damaged)
    with pytest.raises(IntegrityError, match="9 bytes") as caught:
        running.check("AAAAAA==")
    assert (caught.value.expected, caught.value.actual) == ("AAAAAA==", "4waSgw==")


@pytest.mark.parametrize(
    ("values", "hashes"),
    [
        ([], {}),
        # Both forms are in the documentation of x-goog-hash.
        (
            ["crc32c=n03x6A==", "md5=Ojk9c3dhfxgoKVVHYwFbHQ=="],
            {"crc32c": "n03x6A==", "md5": "Ojk9c3dhfxgoKVVHYwFbHQ=="},
        ),
        (
            ["crc32c=n03x6A==,md5=Ojk9c3dhfxgoKVVHYwFbHQ=="],
            {"crc32c": "n03x6A==", "md5": "Ojk9c3dhfxgoKVVHYwFbHQ=="},
        ),
        (["CRC32C=n03x6A== , md5=x"], {"crc32c": "n03x6A==", "md5": "x"}),
        (["nonsense", ",,"], {}),
    ],
)
def test_the_hashes_of_a_header(values: list[str], hashes: dict[str, str]) -> None:
    assert parse_hashes(values) == hashes


@examples(200)
@given(st.binary(), st.binary(), st.binary())
def test_combining_gives_the_checksum_of_the_bytes_joined_in_any_grouping(
    a: bytes, b: bytes, c: bytes
) -> None:
    whole = crc32c(a + b + c)
    left = combine(combine(crc32c(a), crc32c(b), len(b)), crc32c(c), len(c))
    right = combine(crc32c(a), combine(crc32c(b), crc32c(c), len(c)), len(b + c))
    assert left == right == whole == crc32c(c, crc32c(b, crc32c(a)))


def test_combining_long_strings_costs_the_logarithm() -> None:
    zeros = bytes(1 << 20)
    assert combine(crc32c(b"x"), crc32c(zeros), len(zeros)) == crc32c(b"x" + zeros)
    # In steps of one byte this would not come back.
    assert 0 <= combine(1, 2, 1 << 60) < 1 << 32


def test_a_length_is_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        combine(1, 2, -1)


@examples(100)
@given(st.integers(0, 2**32 - 1))
def test_the_spelling_round_trips(value: int) -> None:
    assert decode_crc32c(encode_crc32c(value)) == value
    assert len(base64.b64decode(encode_crc32c(value))) == 4
