"""An answer that stands for another one: what is the same of both, for those that add something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage_stream._protocol.http import Framing, ReplyHead
    from storage_stream._transport.base import ReplyStream
    from storage_stream.errors import StorageError

__all__ = ["ForwardedReply"]


class ForwardedReply:
    """A `ReplyStream` without its reading and closing, which are what a subclass adds to.

    Who makes one sets `_reply`: a constructor here would be one call more for each answer.
    """

    _reply: ReplyStream

    @property
    def head(self) -> ReplyHead:
        """See `ReplyStream.head`."""
        return self._reply.head

    @property
    def framing(self) -> Framing:
        """See `ReplyStream.framing`."""
        return self._reply.framing

    @property
    def raw(self) -> Any:
        """See `ReplyStream.raw`."""
        return self._reply.raw

    @property
    def whole(self) -> bytes | None:
        """See `ReplyStream.whole`."""
        return self._reply.whole

    @property
    def buffered(self) -> int:
        """See `ReplyStream.buffered`."""
        return self._reply.buffered

    def abort(self, error: StorageError) -> None:
        """See `ReplyStream.abort`."""
        self._reply.abort(error)
