"""Bytes that are lent where they can be, and given where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream._protocol.lending import LendingContent, lent_chunks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Given:
    length = 5

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"given"


class Lent(LendingContent):
    length = 4

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"kept"

    async def lent_chunks(self) -> AsyncIterator[bytes]:
        yield b"lent"


async def test_a_content_that_can_lend_does() -> None:
    assert [chunk async for chunk in lent_chunks(Lent())] == [b"lent"]


async def test_another_gives() -> None:
    assert [chunk async for chunk in lent_chunks(Given())] == [b"given"]
