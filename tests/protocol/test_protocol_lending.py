"""Bytes that are lent where they can be, and given where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream._protocol.lending import CountedContent, LendingContent, lent_chunks

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


async def test_what_is_taken_of_a_content_is_counted() -> None:
    counts: list[int] = []
    counted = CountedContent(Lent(), counts.append)
    assert counted.length == 4
    assert [chunk async for chunk in counted.lent_chunks()] == [b"lent"]
    assert [chunk async for chunk in CountedContent(Given(), counts.append).chunks()] == [b"given"]
    assert counts == [4, 5]
