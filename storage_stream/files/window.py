"""The part of an object that a reader holds: what it read last, and what it has not read yet."""

from __future__ import annotations

__all__ = ["ByteWindow"]


class ByteWindow:
    """Consecutive bytes of an object, from `start` to `end`.

    Args:
        keep_bytes: How much of what was read is kept at least, for small seeks backwards; twice
            as much is held at most, so that forgetting costs the same for each byte.
    """

    __slots__ = ("_held", "_keep_bytes", "start")

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self._held = bytearray()
        self.start = 0

    @property
    def end(self) -> int:
        """The offset behind the last byte that is held."""
        return self.start + len(self._held)

    def covers(self, position: int) -> bool:
        """Whether reading at `position` begins with what is held, or right behind it."""
        return self.start <= position <= self.end

    def slice(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`; fewer where they end before."""
        with memoryview(self._held) as view:
            return bytes(view[start - self.start : stop - self.start])

    def line_end(self, start: int, stop: int) -> int | None:
        r"""The offset behind the first `\n` between them, or None."""
        found = self._held.find(b"\n", start - self.start, stop - self.start)
        return None if found < 0 else self.start + found + 1

    def extend(self, data: bytes) -> None:
        """Bytes came that are not read yet."""
        self._held += data

    def pass_by(self, data: bytes) -> None:
        """Bytes came, and are read with that; what was held before them is, too."""
        if len(data) < self._keep_bytes:
            self._held += data
            self.trim(self.end)
        else:
            self.start = self.end + len(data) - self._keep_bytes
            self._held = bytearray(memoryview(data)[-self._keep_bytes :])

    def trim(self, position: int) -> None:
        """Everything before `position` is read: forget what lies far before it."""
        if position - self.start > 2 * self._keep_bytes:
            del self._held[: position - self._keep_bytes - self.start]
            self.start = position - self._keep_bytes

    def restart(self, position: int) -> None:
        """Forget everything; the next byte will be that at `position`."""
        self.start = position
        self._held = bytearray()
