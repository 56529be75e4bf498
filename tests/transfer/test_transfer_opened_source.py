"""What an upload reads is opened, used alone, compressed, and left as it is to be left."""

import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest

from storage_stream._transfer.opened_source import opened_source
from storage_stream._transfer.source import pieces_of
from storage_stream.errors import UsageError
from storage_stream.pipeline import collect, gunzip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DATA = b"what is to be sent" * 100


class _Block:
    """Gives what it is made of when it is entered."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside
        self.events: list[str] = []

    async def __aenter__(self) -> Any:
        self.events.append("opened")
        return self.inside

    async def __aexit__(self, *_: object) -> None:
        self.events.append("closed")


class _Itself(_Block):
    async def __aenter__(self) -> Self:
        self.events.append("opened")
        return self


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", [bytes, io.BytesIO, lambda data: _Block(io.BytesIO(data))])
async def test_its_bytes(kind: Any, *, zipped: bool) -> None:
    async with opened_source(kind(DATA), zipped=zipped) as opened:
        read = pieces_of(opened.source)
        assert await collect(gunzip(read) if zipped else read) == DATA


async def test_what_was_not_open_is_closed_and_what_it_gave_is_told() -> None:
    file = io.BytesIO(DATA)
    block = _Block(file)
    async with opened_source(block, zipped=False) as opened:
        assert opened.data is file
        assert block.events == ["opened"]
    assert block.events == ["opened", "closed"]


async def test_what_was_open_stays_open() -> None:
    file = io.BytesIO(DATA)
    async with opened_source(file, zipped=True) as opened:
        assert opened.data is file
        await collect(pieces_of(opened.source))
    assert not file.closed
    assert file.tell() == len(DATA)


@pytest.mark.parametrize("block", [_Block(None), _Itself(None)], ids=["nothing", "itself"])
async def test_a_block_that_gives_nothing_to_read(block: _Block) -> None:
    """A lock gives nothing, a client's session itself; each is entered once, and left."""
    with pytest.raises(TypeError, match=type(block).__name__):
        async with opened_source(block, zipped=False):
            pytest.fail("there is nothing to read")
    assert block.events == ["opened", "closed"]


async def test_a_block_that_gives_itself_to_be_iterated() -> None:
    class Pieces(_Itself):
        async def __aiter__(self) -> "AsyncIterator[bytes]":
            yield DATA[:7]
            yield DATA[7:]

    pieces = Pieces(None)
    async with opened_source(pieces, zipped=False) as opened:
        assert await collect(pieces_of(opened.source)) == DATA
    assert pieces.events == ["opened", "closed"]


@pytest.mark.parametrize("zipped", [False, True])
async def test_a_file_is_put_back_when_the_upload_fails(*, zipped: bool) -> None:
    file = io.BytesIO(b"12345" + DATA)
    file.seek(5)

    async def fails() -> None:
        async with opened_source(file, zipped=zipped) as opened:
            await collect(pieces_of(opened.source))
            assert file.tell() == 5 + len(DATA)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await fails()
    assert file.tell() == 5


async def test_one_upload_at_a_time() -> None:
    file = io.BytesIO(DATA)
    async with opened_source(file, zipped=False):
        with pytest.raises(UsageError, match="another upload is reading this BytesIO"):
            async with opened_source(file, zipped=False):
                pytest.fail("it is read by another")
    async with opened_source(file, zipped=False) as again:
        assert await collect(pieces_of(again.source)) == DATA


async def test_what_the_block_gives_is_used_alone_too() -> None:
    file = io.BytesIO(DATA)

    @asynccontextmanager
    async def shared() -> "AsyncIterator[io.BytesIO]":
        yield file

    async with opened_source(shared(), zipped=False):
        with pytest.raises(UsageError):
            async with opened_source(shared(), zipped=False):
                pytest.fail("it is read by another")
