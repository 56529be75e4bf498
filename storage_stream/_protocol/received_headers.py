"""The header lines of an answer as they came: a line is read when it is asked for.

Of most answers a few values are looked at, and a thousand answers a second have twenty lines each.
So the bytes stay bytes, and a name is searched in them. Whether they are header lines at all was
seen before by whoever received them. Bytes that are no UTF-8 survive, as they do with aiohttp.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from storage_stream._protocol.http import Headers

__all__ = ["ReceivedHeaders"]

_LINE: Final = re.compile(rb"\r\n([^:]+):([^\r]*)")


class ReceivedHeaders(Headers):
    r"""See `Headers`.

    Args:
        block: The lines with the line break before each and behind the last:
            `\r\nName: value\r\nName: value\r\n`; nothing else, and no folded ones.
    """

    __slots__ = ("_block", "_lowered")

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._lowered = block.lower()

    @property
    def _lines(self) -> tuple[tuple[str, str], ...]:
        found = _LINE.findall(self._block)
        return tuple(
            (
                str(name, "utf-8", "surrogateescape").lower(),
                str(value, "utf-8", "surrogateescape").strip(" \t"),
            )
            for name, value in found
        )

    def get(self, name: str) -> str | None:
        """See `Headers.get`."""
        beginning = _beginning(name)
        at = self._lowered.find(beginning)
        if at < 0:
            return None
        at += len(beginning)
        value = self._block[at : self._block.find(b"\r", at)]
        return str(value, "utf-8", "surrogateescape").strip(" \t")

    def get_all(self, name: str) -> list[str]:
        """See `Headers.get_all`."""
        beginning = _beginning(name)
        values: list[str] = []
        at = self._lowered.find(beginning)
        while at >= 0:
            at += len(beginning)
            value = self._block[at : self._block.find(b"\r", at)]
            values.append(str(value, "utf-8", "surrogateescape").strip(" \t"))
            at = self._lowered.find(beginning, at)
        return values


@lru_cache(maxsize=256)
def _beginning(name: str) -> bytes:
    """Of the line of a name, in lower case."""
    return f"\r\n{name.lower()}:".encode()
