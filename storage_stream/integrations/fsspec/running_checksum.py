"""The checksum of a file that is read piece by piece from its beginning to its end."""

from __future__ import annotations

import base64

from fastcrc.crc32 import iscsi

from storage_stream.errors import IntegrityError

__all__ = ["RunningChecksum"]


class RunningChecksum:
    """Compares a file with its crc32c, when all of it was read in order.

    Args:
        expected: The service's value, base64; None where it says none.
        size: Bytes in all.
        subject: The object's `gs://` name.

    Attributes:
        verified: True when all was read and is right; None before, or where that cannot be told.
    """

    def __init__(self, expected: str | None, size: int, subject: str) -> None:
        self._expected = expected
        self._size = size
        self._subject = subject
        self._position = 0
        self._value = 0
        self.verified: bool | None = None

    def take(self, start: int, data: bytes) -> None:
        """Take what was received; it counts where it goes on from what came before.

        Raises:
            IntegrityError: It was the end, and the checksum is wrong.
        """
        end = start + len(data)
        if self._expected is None or not start <= self._position < end:
            return
        self._value = iscsi(memoryview(data)[self._position - start :], self._value)
        self._position = end
        if end == self._size:
            self._compare(self._expected)

    def compared_elsewhere(self) -> None:
        """All of it was read by a call that compares, where there is something to compare with."""
        self.verified = None if self._expected is None else True

    def _compare(self, expected: str) -> None:
        actual = base64.b64encode(self._value.to_bytes(4, "big")).decode()
        if actual != expected:
            raise IntegrityError(
                "the file that was read is not what the service keeps",
                expected=expected,
                actual=actual,
                subject=self._subject,
            )
        self.verified = True
