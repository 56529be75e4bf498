"""An answer that came over a lean connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from storage_stream.errors import ClientClosed

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from storage_stream._protocol.http import ReplyHead
    from storage_stream._transport.body_buffer import BodyBuffer
    from storage_stream._transport.lean.head import AnswerHead
    from storage_stream.errors import StorageError

__all__ = ["LeanReply"]


class _Connection(Protocol):
    def finish(self, reply: LeanReply) -> None: ...


class LeanReply:
    """See `ReplyStream`.

    Args:
        head: What the answer says.
        connection: Told when nobody reads it any more.
        whole: The body, where all of it came with the head.
        body: Receives the body, where it did not.

    Attributes:
        head: See `ReplyStream.head`.
        framing: See `ReplyStream.framing`.
        whole: See `ReplyStream.whole`.
        body: As given.
    """

    __slots__ = ("_connection", "_error", "_is_cut", "body", "framing", "head", "whole")

    def __init__(
        self, head: AnswerHead, connection: _Connection, whole: bytes, body: BodyBuffer | None
    ) -> None:
        self.head: ReplyHead = head.reply
        self.framing = head.framing
        self.body = body
        self._connection: _Connection | None = connection
        self.whole: bytes | None = None if body is not None else whole
        self._error: StorageError | None = None
        self._is_cut = False  # closed before the whole was read

    @property
    def raw(self) -> Any:
        """See `ReplyStream.raw`: there is no other response behind this one."""
        return None

    @property
    def buffered(self) -> int:
        """See `ReplyStream.buffered`."""
        return 0 if self.body is None else self.body.buffered

    def read_piece(self, at_least: int = 1) -> Coroutine[Any, Any, bytes | memoryview]:
        """See `ReplyStream.read_piece`."""
        return self._take() if self.body is None else self.body.read(at_least)

    async def _take(self) -> bytes:
        if self._error is not None:
            raise self._error
        if self._is_cut:
            raise _closed()
        piece, self.whole = self.whole, None
        return piece or b""

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        """See `ReplyStream.receive_into`."""
        return None if self.body is None else self.body.receive_into(target)

    def abort(self, error: StorageError) -> None:
        """See `ReplyStream.abort`."""
        if self.body is not None:
            self.body.abort(error)
        elif self.whole:
            self._error, self.whole = error, None

    def close(self) -> None:
        """See `ReplyStream.close`."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.finish(self)
        self._is_cut, self.whole = bool(self.whole), None
        if self.body is not None:
            self.body.abort(closed := _closed())
            self.body.close(closed)


def _closed() -> ClientClosed:
    return ClientClosed("the answer was closed while it was read")
