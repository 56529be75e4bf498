"""The markers of a JPEG file: where its header ends, and where the picture does.

Pillow's decoder takes a picture for whole when its rows are; whether the file ended is seen only
in its end marker. Segments are stepped over by their lengths, so the markers of a thumbnail inside
the metadata are not mistaken for the picture's. No pixel is looked at here.

https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B, is the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from storage_stream.media.errors import DamagedImage, UnidentifiedImage

__all__ = ["JpegHeader", "JpegScan"]

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_ENDS_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)  # not stuffed, no restart
_MOST_SCANS: Final = 100  # ten are usual; each costs a pass over all pixels, for a few bytes
_LENGTH_BYTES = 2
_COMPONENTS_AT = 9  # in a frame's segment, counted from its marker


@dataclass(slots=True)
class JpegHeader:
    """The search for the first scan; the state goes on from the last byte that was looked at.

    Attributes:
        position: Where the next marker is expected; when `find` gave True, the first scan's data.
        is_buffered: The first scan alone does not give final rows: it is progressive, or holds
            only some of the colours.
    """

    position: int = 2
    is_buffered: bool = False
    _components: int = 0

    def find(self, prefix: bytearray) -> bool:
        """Whether the first scan's data begins within `prefix`, which only grows.

        What stands between two segments and is no marker is stepped over, as decoders do.

        Raises:
            UnidentifiedImage: There is no picture behind this header.
        """
        while found := _MARKER.search(prefix, self.position):
            at, code = found.start(), prefix[found.start() + 1]
            if code in _ALONE:
                self.position = at + 2
                continue
            self.position = at
            if len(prefix) < at + 2 + _LENGTH_BYTES:
                return False
            end = at + 2 + int.from_bytes(prefix[at + 2 : at + 4], "big")
            if code in _FRAMES | {_SCAN} and end > len(prefix):
                return False
            self.position = end
            if self._read(code, prefix, at):
                return True
        self.position = max(self.position, len(prefix) - 1)  # half a marker may be there
        return False

    def _read(self, code: int, prefix: bytearray, at: int) -> bool:
        if code in _FRAMES:
            self.is_buffered = code in _PROGRESSIVE
            self._components = _byte(prefix, at + _COMPONENTS_AT)
        elif code == _SCAN:
            if not self._components:
                raise UnidentifiedImage("a JPEG scan without a frame header")
            self.is_buffered |= _byte(prefix, at + 4) != self._components
            return True
        elif code == _END:
            raise UnidentifiedImage("a JPEG file without a picture")
        return False


def _byte(prefix: bytearray, at: int) -> int:
    if at >= len(prefix):
        raise UnidentifiedImage("a JPEG header with a segment that is too short")
    return prefix[at]


class JpegScan:
    """Looks for the end marker in what follows the header, piece by piece."""

    def __init__(self) -> None:
        self._scans = 1  # the one that the header ended with
        self._skip = 0
        self._carry = b""

    def end_in(self, data: memoryview) -> int | None:
        """The offset in `data` one behind the end marker, or None if the picture goes on.

        Not to be asked again after it was found.

        Raises:
            DamagedImage: It has more scans than any picture needs.
        """
        if self._skip >= len(data):
            self._skip -= len(data)
            return None
        carried = len(self._carry)
        buffer = b"".join((self._carry, data)) if carried else data
        self._carry = b""
        end = self._walk(buffer, self._skip)
        return None if end is None else end - carried

    def _walk(self, buffer: bytes | memoryview, at: int) -> int | None:
        self._skip = 0
        while at < len(buffer):
            found = _ENDS_SCAN.search(buffer, at)
            if found is None:
                self._keep(buffer[-1:] if buffer[-1] == 0xFF else b"")  # noqa: PLR2004 - half a marker
                return None
            at, code = found.start(), buffer[found.start() + 1]
            if code == _END:
                return at + 2
            if code in _ALONE:
                at += 2
                continue
            if at + 4 > len(buffer):
                self._keep(buffer[at:])
                return None
            if code == _SCAN:
                self._count_scan()
            at += 2 + int.from_bytes(buffer[at + 2 : at + 4], "big")
        self._skip = at - len(buffer)
        return None

    def _count_scan(self) -> None:
        self._scans += 1
        if self._scans > _MOST_SCANS:
            raise DamagedImage(f"a JPEG with more than {_MOST_SCANS} scans")

    def _keep(self, rest: bytes | memoryview) -> None:
        self._carry = bytes(rest)
