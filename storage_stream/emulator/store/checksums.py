"""CRC32C and MD5 of bodies, and the comparison with what a caller says they are.

https://cloud.google.com/storage/docs/data-validation
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from fastcrc import crc32

from storage_stream.emulator.problems import ApiError

CRC32C_BYTES = 4
MD5_BYTES = 16


class RunningChecksums:
    """Both sums over bytes that arrive in pieces.

    Args:
        with_md5: off where no MD5 is wanted, which takes ten times the time of the other.
    """

    __slots__ = ("_md5", "crc32c")

    def __init__(self, *, with_md5: bool = True) -> None:
        self.crc32c = 0
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None

    def update(self, piece: bytes | memoryview) -> None:
        """Count `piece` in."""
        self.crc32c = crc32.iscsi(piece, self.crc32c)
        if self._md5 is not None:
            self._md5.update(piece)

    @property
    def md5(self) -> bytes | None:
        """The MD5 digest so far."""
        return None if self._md5 is None else self._md5.digest()


@dataclass(frozen=True, slots=True)
class ExpectedChecksums:
    """What a caller says about a body; `None` where he says nothing."""

    crc32c: int | None = None
    md5: bytes | None = None

    @classmethod
    def parse(
        cls,
        *,
        crc32c: str | None = None,
        md5: str | None = None,
        goog_hash: Iterable[str] = (),
        content_md5: str | None = None,
    ) -> "list[ExpectedChecksums]":
        """Return every statement found, each checked on its own so that none hides another.

        Args:
            crc32c: the metadata field, base64 of the big-endian sum.
            md5: the metadata field `md5Hash`, base64.
            goog_hash: the lines of `X-Goog-Hash`.
            content_md5: the header `Content-MD5`.

        Raises:
            ApiError: 400, one of them is not base64 of the right length.
        """
        statements = [("crc32c", crc32c), ("md5", md5), ("md5", content_md5)]
        for line in goog_hash:
            statements += [_split_statement(part) for part in line.split(",")]
        return [_expected(kind, text) for kind, text in statements if text is not None]

    def check(self, crc32c: int, md5: bytes | None) -> None:
        """Return if the body has these sums.

        Args:
            crc32c: the body's sum.
            md5: the body's digest, `None` for a composite.

        Raises:
            ApiError: 400, naming both sums.
        """
        if self.crc32c is not None and self.crc32c != crc32c:
            raise _mismatch("CRC32C", encode_crc32c(self.crc32c), encode_crc32c(crc32c))
        if self.md5 is not None and md5 is not None and self.md5 != md5:
            raise _mismatch("MD5 hash", encode(self.md5), encode(md5))


def encode_crc32c(value: int) -> str:
    """Return `value` as the API prints it: base64 of the big-endian bytes."""
    return encode(value.to_bytes(CRC32C_BYTES, "big"))


def encode(digest: bytes) -> str:
    """Return `digest` in base64."""
    return base64.b64encode(digest).decode("ascii")


def _split_statement(part: str) -> tuple[str, str]:
    kind, separator, text = part.strip().partition("=")
    if not separator or kind.lower() not in {"crc32c", "md5"}:
        raise ApiError(400, "invalid", f"Invalid X-Goog-Hash: '{part}'", location="X-Goog-Hash")
    return kind.lower(), text


def _expected(kind: str, text: str) -> ExpectedChecksums:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != (CRC32C_BYTES if kind == "crc32c" else MD5_BYTES):
        raise ApiError(400, "invalid", f"Invalid {kind} value: '{text}'", location=kind)
    if kind == "crc32c":
        return ExpectedChecksums(crc32c=int.from_bytes(digest, "big"))
    return ExpectedChecksums(md5=digest)


def _mismatch(what: str, said: str, found: str) -> ApiError:
    message = f'Provided {what} "{said}" doesn\'t match calculated {what} "{found}".'
    return ApiError(400, "badDigest", message)
