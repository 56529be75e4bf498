"""A request that somebody observes: its head gets the observer's lines, its bytes are counted.

Only observed calls come here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._protocol.lending import CountedContent
from storage_stream._transport.forwarded_reply import ForwardedReply

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from storage_stream._protocol.http import Request
    from storage_stream._protocol.observer import Attempt
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transport.base import ReplyStream, Transport

__all__ = ["observed_send"]


async def observed_send(
    transport: Transport, request: Request, options: RequestOptions, attempt: Attempt
) -> ReplyStream:
    """Send a request once, as `Transport.send` does, and tell of it to the end of its answer.

    Cancelling closes the connection.

    Raises:
        StorageError: As `Transport.send`.
    """
    try:
        reply = await transport.send(
            _watched(request, attempt), timeout=options.timeout, session=options.session
        )
    except BaseException as error:
        attempt.ended(error)
        raise
    attempt.answered(reply.head.status)
    return _ObservedReply(reply, attempt)


def _watched(request: Request, attempt: Attempt) -> Request:
    lines = tuple(line for line in attempt.headers if line[0] not in request.headers)
    body = request.body
    if isinstance(body, bytes):
        attempt.sent(len(body))
    else:
        body = CountedContent(body, attempt.sent)
    return request._replace(headers=request.headers.followed_by(lines), body=body)


class _ObservedReply(ForwardedReply):
    """A `ReplyStream` whose bytes and whose end are told."""

    def __init__(self, reply: ReplyStream, attempt: Attempt) -> None:
        self._reply = reply
        self._attempt = attempt
        self._is_over = False
        if reply.whole is not None:  # nobody will read it piece by piece
            attempt.received(len(reply.whole))

    async def read_piece(self, at_least: int = 1) -> bytes | memoryview:
        """See `ReplyStream.read_piece`."""
        was_told = self._reply.whole is not None
        try:
            piece = await self._reply.read_piece(at_least)
        except Exception as error:
            self._end(error)
            raise
        if not was_told:
            self._attempt.received(len(piece))
        return piece

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        """See `ReplyStream.receive_into`."""
        receiving = self._reply.receive_into(target)
        return None if receiving is None else self._tell(receiving)

    async def _tell(self, receiving: Coroutine[Any, Any, int]) -> int:
        try:
            count = await receiving
        except Exception as error:
            self._end(error)
            raise
        self._attempt.received(count)
        return count

    def close(self) -> None:
        """See `ReplyStream.close`."""
        self._end(None)
        self._reply.close()

    def _end(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._attempt.ended(error)
