"""crc32c as the service keeps it: incremental, combinable, and in the spelling of its headers.

The service keeps a crc32c (Castagnoli) of every object, base64 of the big-endian value:
https://cloud.google.com/storage/docs/data-validation.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from fastcrc.crc32 import iscsi

from storage_stream.errors import IntegrityError, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Crc32c", "combine", "crc32c", "decode_crc32c", "encode_crc32c", "parse_hashes"]

_POLYNOMIAL = 0x82F63B78  # Castagnoli, bits reflected
_CRC_BYTES = 4
_LONGEST_SHOWN = 16  # characters; a right one has 8


def crc32c(data: bytes | bytearray | memoryview, value: int = 0) -> int:
    """The crc32c of `data`, going on from `value` (0: the beginning). Any contiguous buffer."""
    return iscsi(data, value)


class Crc32c:
    """A running crc32c and how many bytes it covers."""

    __slots__ = ("length", "value")

    def __init__(self, value: int = 0, length: int = 0) -> None:
        self.value: int = value
        self.length: int = length

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Take in more bytes."""
        self.value = iscsi(data, self.value)
        self.length += data.nbytes if isinstance(data, memoryview) else len(data)

    @property
    def encoded(self) -> str:
        """The value as headers and resources spell it."""
        return encode_crc32c(self.value)

    def check(self, expected: str | None) -> bool | None:
        """Compare with what a header or resource says.

        Returns:
            True when it is right; None when nothing is there to compare with.

        Raises:
            IntegrityError: It is wrong.
            ProtocolError: What is there is no crc32c: it may be a damaged one, and bytes that
                nobody can compare are not passed for bytes without a checksum.
        """
        if expected is None:
            return None
        value = decode_crc32c(expected)
        if value is None:
            raise ProtocolError(f"the crc32c of the answer is none: {expected[:_LONGEST_SHOWN]!r}")
        if value != self.value:
            raise IntegrityError(
                f"the crc32c of the {self.length} bytes that arrived is wrong",
                expected=expected,
                actual=self.encoded,
            )
        return True


def encode_crc32c(value: int) -> str:
    """Base64 of the big-endian value."""
    return binascii.b2a_base64(value.to_bytes(_CRC_BYTES, "big"), newline=False).decode("ascii")


def decode_crc32c(text: str) -> int | None:
    """The value of a base64 crc32c, or None when it is not one."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return int.from_bytes(raw, "big") if len(raw) == _CRC_BYTES else None


def parse_hashes(values: Iterable[str]) -> dict[str, str]:
    """The hashes of `x-goog-hash`, whether in one line (`crc32c=…,md5=…`) or in several."""
    pairs = (part.strip().partition("=") for value in values for part in value.split(","))
    return {name.lower(): text for name, sign, text in pairs if sign}


def combine(first: int, second: int, second_length: int) -> int:
    """The crc32c of two byte strings joined, from the crc32c of each.

    Appending n bytes multiplies the first value by x^8n modulo the polynomial; the power is
    taken by squaring, so this costs the logarithm of `second_length`.

    Args:
        first: crc32c of the first string.
        second: crc32c of the second string.
        second_length: Bytes in the second string.
    """
    if second_length < 0:
        raise ValueError("a length is not negative")
    factor, square, power = 1 << 31, 1 << 23, second_length  # x^0 and x^8, bits reflected
    while power:
        if power & 1:
            factor = _multiply(factor, square)
        square = _multiply(square, square)
        power >>= 1
    return _multiply(first, factor) ^ second


def _multiply(a: int, b: int) -> int:
    """The product of two polynomials over GF(2), modulo the crc's, bits reflected."""
    product = 0
    while a:
        if a & (1 << 31):
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product
