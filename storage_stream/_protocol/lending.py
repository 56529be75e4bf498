"""A request body whose bytes are only lent: read into memory that is used again.

Memory that is new for every piece costs as much as a copy of it, and a transport that is done with
a piece before it asks for the next needs none. One that keeps pieces takes `Content.chunks`.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from storage_stream._protocol.http import Content

__all__ = ["CountedContent", "LendingContent", "lent_chunks"]


class LendingContent(abc.ABC):
    """A `Content` that can lend its bytes, too.

    Attributes:
        length: Bytes in all, one way or the other.
    """

    length: int

    @abc.abstractmethod
    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `Content.chunks`."""

    @abc.abstractmethod
    def lent_chunks(self) -> AsyncIterator[bytes | memoryview]:
        """The same, each piece valid until a next one is asked for: then it may be overwritten.

        The last one stays as it is, although the end is asked for.
        """


def lent_chunks(content: Content) -> AsyncIterator[bytes | memoryview]:
    """The bytes of any content, lent where it can lend them."""
    return content.lent_chunks() if isinstance(content, LendingContent) else content.chunks()


class CountedContent(LendingContent):
    """A content that tells how much is taken of it.

    Args:
        content: The content.
        count: Called with the bytes of each chunk, before it goes out.
    """

    def __init__(self, content: Content, count: Callable[[int], None]) -> None:
        self._content = content
        self._count = count
        self.length = content.length

    def chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `Content.chunks`."""
        return self._counted(self._content.chunks())

    def lent_chunks(self) -> AsyncIterator[bytes | memoryview]:
        """See `LendingContent.lent_chunks`."""
        return self._counted(lent_chunks(self._content))

    async def _counted(
        self, chunks: AsyncIterator[bytes | memoryview]
    ) -> AsyncIterator[bytes | memoryview]:
        async for chunk in chunks:
            self._count(len(chunk))
            yield chunk
