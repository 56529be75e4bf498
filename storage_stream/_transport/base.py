"""What the floors above need of a network: one method, and the answer it gives.

Anything that fits `Transport` carries the whole client: aiohttp, a leaner HTTP/1.1, or a table
of answers in a test. Foreign exceptions end here; above, only `storage_stream.errors` are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from storage_stream._protocol.lending import lent_chunks
from storage_stream.errors import TransferError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from storage_stream._protocol.http import Content, Framing, ReplyHead, Request
    from storage_stream.errors import StorageError

__all__ = ["ReplyStream", "Transport", "exact_chunks", "exact_lent_chunks"]


class ReplyStream(Protocol):
    """An answer whose body is still to be read.

    Whoever holds one closes it; closing is synchronous, so that a cancelled task can.
    """

    @property
    def head(self) -> ReplyHead:
        """Status and headers."""
        ...

    @property
    def framing(self) -> Framing:
        """How the end of the body is known."""
        ...

    @property
    def raw(self) -> Any:
        """The HTTP library's own response object, or None."""
        ...

    @property
    def whole(self) -> bytes | None:
        """All of the body, where it is here and none of it was read: a look, not a read.

        None says nothing: it may be here all the same.
        """
        ...

    @property
    def buffered(self) -> int:
        """Bytes that arrived behind what was read, where a read may wait for more; else 0."""
        ...

    def read_piece(self, at_least: int = 1) -> Coroutine[Any, Any, bytes | memoryview]:
        """The next bytes of the body, as they come; `b""` at its end, every time.

        A memoryview is borrowed: it is valid until the next `read_piece` or `close`, and then
        the network writes over it. Who keeps it copies.

        What arrived before a failure is delivered first. Cancelling loses nothing.

        Args:
            at_least: Better wait for so many than give fewer: a wish, and fewer may always come.

        Raises:
            ConnectionLost: The body broke off. With `Framing.CLOSE` that may look like an end.
            StorageError: What `abort` was given.
        """
        ...

    def receive_into(self, target: memoryview, /) -> Coroutine[Any, Any, int] | None:
        """The next bytes of the body, straight into memory of the caller's.

        Waits until it is full, unless there are bytes already, or nothing more comes; then there
        are fewer, and none at the end. Else it is as `read_piece`, with which it may take turns:
        cancelling what it gives loses nothing, what had been written comes with the next read.

        Args:
            target: Writable, of at least one byte. Nobody uses it when what this gives has
                returned or raised.

        Returns:
            What gives how many bytes there are, and raises as `read_piece`; None where there is
            nothing to be gained: then ask `read_piece`.
        """
        ...

    def abort(self, error: StorageError) -> None:
        """Let the read that is waiting, or else the next, raise this error."""
        ...

    def close(self) -> None:
        """Give the connection back if the body is here to its end, else close it. Idempotent."""
        ...


class Transport(Protocol):
    """Sends a request once."""

    def send(
        self, request: Request, *, timeout: float | None, session: Any = None
    ) -> Coroutine[Any, Any, ReplyStream]:
        """Send it, and wait for the head of the answer.

        Exactly one attempt is made. Cancelling closes the connection.

        Args:
            request: Its target is a whole URL.
            timeout: Seconds to wait for the head of the answer, from the last piece of the body
                that went out; None for no limit. Waiting for a turn does not count.
            session: The caller's own session, for transports that have such.

        Raises:
            ConnectFailed: No connection: the request was not carried out.
            ConnectionLost: The connection broke; it may have been.
            RequestTimeout: No head within the time.
            ProtocolError: What came is no HTTP.
            TransferError: The body has not the length it said.
            ClientClosed: The transport was closed.
            Exception: What the body's own source raises comes out as it is.
        """
        ...


def exact_chunks(content: Content) -> AsyncIterator[bytes | memoryview]:
    """What a transport sends of a body: exactly as many bytes as were announced.

    The last chunk is held back until the content has come to its end in order, so that one that
    is too long, or fails at its very end, is never taken for a whole one by the service.

    Raises:
        TransferError: It gave fewer or more bytes than its length.
        Exception: What the content itself raises.
    """
    return _exact(content.chunks(), content.length)


def exact_lent_chunks(content: Content) -> AsyncIterator[bytes | memoryview]:
    """The same, where each chunk is written before the next is asked for.

    A chunk is valid until then; see `LendingContent.lent_chunks`.
    """
    return _exact(lent_chunks(content), content.length)


async def _exact(
    chunks: AsyncIterator[bytes | memoryview], length: int
) -> AsyncIterator[bytes | memoryview]:
    left = length
    last: bytes | memoryview = b""
    async for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise TransferError(f"the source gives more than the {length} bytes it said")
        if left == 0:
            last = last or chunk
        else:
            yield chunk
    if left:
        raise TransferError(f"the source ended {left} bytes before the {length} it said")
    if last:
        yield last
