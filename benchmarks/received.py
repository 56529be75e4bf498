"""What a client delivers: counted when it is timed, checked when it is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fastcrc.crc32 import iscsi

from benchmarks.servers.bodies import encoded_crc32c

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Checked", "Counted", "Received", "ReceivedFile"]


class Received(Protocol):
    """Where clients put what they read."""

    def piece(self, data: Buffer) -> None:
        """The next bytes of the one object that is streamed."""

    def whole(self, data: Buffer) -> None:
        """An object, whole."""


class Counted:
    """Counts: the measuring must cost less than what it measures."""

    def __init__(self) -> None:
        self.total_bytes = 0

    def piece(self, data: Buffer) -> None:
        """Count."""
        self.total_bytes += memoryview(data).nbytes

    whole = piece


class Checked:
    """Computes the checksum of every object."""

    def __init__(self) -> None:
        self.total_bytes = 0
        self._stream_crc = 0
        self._whole_crcs: set[str] = set()

    def piece(self, data: Buffer) -> None:
        """Go on with the stream's checksum."""
        view = memoryview(data)
        self.total_bytes += view.nbytes
        self._stream_crc = iscsi(view, self._stream_crc)

    def whole(self, data: Buffer) -> None:
        """One more object."""
        view = memoryview(data)
        self.total_bytes += view.nbytes
        self._whole_crcs.add(encoded_crc32c(iscsi(view)))

    @property
    def checksums(self) -> set[str]:
        """The checksums found; just one when all is well, since all objects are alike."""
        return self._whole_crcs or {encoded_crc32c(self._stream_crc)}


class ReceivedFile:
    """A `Received` as a file to be written to, for clients that push."""

    def __init__(self, received: Received) -> None:
        self._received = received

    def write(self, data: Buffer) -> int:
        """Take the next bytes."""
        self._received.piece(data)
        return memoryview(data).nbytes
