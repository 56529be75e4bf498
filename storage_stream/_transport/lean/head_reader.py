"""Finds the head of an answer in what arrives, however it is cut, and within limits."""

from __future__ import annotations

from typing import Final

from storage_stream._transport.lean.head import MOST_HEAD_BYTES, AnswerHead, AnswerParser
from storage_stream.errors import ProtocolError

__all__ = ["HeadReader"]

_END_OF_HEAD: Final = b"\r\n\r\n"
_MOST_INTERIM_HEADS: Final = 16


class HeadReader:
    """Reads the heads of one connection's answers; those that only announce others (1xx) go by.

    The end is searched for from where the last search ended, so that a head which comes byte by
    byte costs no more than its length.
    """

    __slots__ = ("_interim_heads", "_kept")

    def __init__(self) -> None:
        self._kept = bytearray()  # of a head whose end has not arrived
        self._interim_heads = 0

    def read(
        self, memory: bytearray, view: memoryview, method: str
    ) -> tuple[AnswerHead, AnswerParser, memoryview] | None:
        """Take what has arrived.

        Args:
            memory: Where it lies, at the beginning.
            view: It, and no more.
            method: Of the request that is answered.

        Returns:
            The head, its parser, and what came behind it; None while its end is still to come.

        Raises:
            ProtocolError: It is too long, or no head.
        """
        if self._kept:
            end = self._append(view)
            if end < 0:
                return None
            view, self._kept = memoryview(self._kept), bytearray()
        else:
            end = memory.find(_END_OF_HEAD, 0, len(view))
            if end < 0:
                self._append(view)
                return None
        return self._take(view, end, method)

    def _append(self, view: memoryview) -> int:
        kept = self._kept
        searched = max(0, len(kept) - len(_END_OF_HEAD) + 1)
        kept += view
        end = kept.find(_END_OF_HEAD, searched)
        if end < 0 and len(kept) > MOST_HEAD_BYTES:
            raise _too_long()
        return end

    def _take(
        self, view: memoryview, end: int, method: str
    ) -> tuple[AnswerHead, AnswerParser, memoryview] | None:
        if end > MOST_HEAD_BYTES:
            raise _too_long()
        behind = end + len(_END_OF_HEAD)
        parser = AnswerParser()
        head = parser.read_head(view[:behind], method)
        if head is not None:
            self._interim_heads = 0
            return head, parser, view[behind:]
        self._interim_heads += 1
        if self._interim_heads > _MOST_INTERIM_HEADS:
            raise ProtocolError("one interim answer after the other, and no final one")
        rest = bytearray(view[behind:])
        return self.read(rest, memoryview(rest), method) if rest else None


def _too_long() -> ProtocolError:
    return ProtocolError(f"the answer's head is longer than {MOST_HEAD_BYTES} bytes")
