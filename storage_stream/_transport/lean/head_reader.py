"""Finds the head of an answer in what arrives, however it is cut, and within limits."""

from __future__ import annotations

from typing import Final

from storage_stream._transport.lean.head import MOST_HEAD_BYTES, AnswerHead, read_head
from storage_stream.errors import ProtocolError

__all__ = ["HeadReader"]

_END_OF_HEAD: Final = b"\r\n\r\n"
_MOST_INTERIM_HEADS: Final = 16


class HeadReader:
    """Reads the heads of one connection's answers; those that only announce others (1xx) go by.

    A head that comes in pieces is searched for its end from where the last search ended, so that
    one which comes byte by byte costs no more than its length.
    """

    __slots__ = ("_interim_heads", "_kept")

    def __init__(self) -> None:
        self._kept = bytearray()  # of a head whose end has not arrived
        self._interim_heads = 0

    def read(
        self, memory: bytearray, size: int, method: str
    ) -> tuple[AnswerHead, memoryview] | None:
        """Take in what arrived.

        Args:
            memory: Where it lies, at the beginning.
            size: Its bytes.
            method: Of the request that is answered.

        Returns:
            The head, and what came behind it; None while its end is still to come.

        Raises:
            ProtocolError: It is too long, or no head.
        """
        if self._kept or (end := memory.find(_END_OF_HEAD, 0, size)) < 0:
            end = self._keep(memoryview(memory)[:size])
            if end < 0:
                return None
            memory, self._kept = self._kept, bytearray()
            size = len(memory)
        behind = end + len(_END_OF_HEAD)
        if behind > MOST_HEAD_BYTES:
            raise _too_long()
        view = memoryview(memory)
        head = read_head(bytes(view[:behind]), method)
        if head is not None:
            self._interim_heads = 0
            return head, view[behind:size]
        self._interim_heads += 1
        if self._interim_heads > _MOST_INTERIM_HEADS:
            raise ProtocolError("one interim answer after the other, and no final one")
        rest = memory[behind:size]
        return self.read(rest, len(rest), method) if rest else None

    def _keep(self, view: memoryview) -> int:
        """Where the end of the head begins; -1 while it is still to come."""
        kept = self._kept
        searched = max(0, len(kept) - len(_END_OF_HEAD) + 1)
        kept += view
        end = kept.find(_END_OF_HEAD, searched)
        if end < 0 and len(kept) > MOST_HEAD_BYTES:
            raise _too_long()
        return end


def _too_long() -> ProtocolError:
    return ProtocolError(f"the answer's head is longer than {MOST_HEAD_BYTES} bytes")
