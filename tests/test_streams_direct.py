"""Large reads go straight into their caller's memory: the same bytes, and no more of it."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import pytest
from sample_data import encoded_crc32c, patterned
from scripted_server import Answer, Asked, Line, ScriptedServer, media, reply

from storage_stream import Storage, StreamResponse
from storage_stream.errors import IntegrityError

DATA = patterned(1_200_000)
SIZES = (5_000, 65_536, 262_145, 300_000, 700_000, 2_000_000)


async def _into_stream(storage: Storage, target: bytearray, stop: int) -> int:
    async with storage.download_stream("bucket", "name", start=7, end=stop) as stream:
        return await stream.readinto(target)


async def _into(storage: Storage, target: bytearray, stop: int) -> int:
    return await storage.download_into("bucket", "name", target, start=7, end=stop)


@pytest.mark.parametrize("read", [_into_stream, _into])
async def test_memory_behind_the_last_byte_that_is_wanted_stays_as_it_was(
    storage_of: Callable[..., Storage], read: Callable[[Storage, bytearray, int], Awaitable[int]]
) -> None:
    """The server ignores ranges, and sends more."""
    stop, target = 500_000, bytearray(b"*" * len(DATA))
    async with ScriptedServer([reply(media(DATA))]) as server, storage_of(server) as storage:
        assert await read(storage, target, stop) == stop - 7
    assert target[: stop - 7] == DATA[7:stop]
    assert target[stop - 7 :] == b"*" * (len(DATA) - stop + 7)


# -- anything may happen ---------------------------------------------------------------------


def _unreliable(dice: random.Random, cuts: int, checksum: str) -> Answer:
    """Sends what is asked for, in pieces of any size; so many times it breaks off somewhere."""
    left = cuts

    async def send(asked: Asked, line: Line) -> None:
        nonlocal left
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        right = encoded_crc32c(DATA).encode()
        answer = media(DATA, start).replace(right, checksum.encode(), 1)
        stop = len(answer)
        if left:
            left -= 1
            begin = stop - len(DATA) + start
            stop = dice.choice([begin, stop - 1, dice.randint(begin, stop - 1)])
        while line.sent < stop:
            await line.send(answer[line.sent : min(stop, line.sent + dice.randint(1, 400_000))])
            for _ in range(dice.randint(0, 2)):
                await asyncio.sleep(0)

    return send


class _Reader:
    """Reads in any way, gives some reads up in their middle, and looks at every byte.

    Attributes:
        position: Where it stands.
    """

    def __init__(self, dice: random.Random, stream: StreamResponse) -> None:
        self._dice = dice
        self._stream = stream
        self._given_up: list[bytearray] = []
        self.position = 0

    async def to_the_end(self) -> None:
        while await self._step():
            pass

    def check_given_up(self) -> None:
        """Nobody wrote to memory whose read was over."""
        assert not any(any(buffer) for buffer in self._given_up)

    async def _step(self) -> bool:
        """Returns: whether there may be more."""
        size, target = self._dice.choice(SIZES), bytearray(0)
        way = self._dice.choice(["read", "read1", "readinto"])
        if way == "readinto":
            target = bytearray(size)
            read: asyncio.Task[bytes | int] = asyncio.ensure_future(self._stream.readinto(target))
        else:
            read = asyncio.ensure_future(getattr(self._stream, way)(size))
        if self._dice.random() < 0.3:
            for _ in range(self._dice.randint(0, 12)):
                await asyncio.sleep(0)
            read.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            data = await read
            self._check(bytes(target[:data]) if isinstance(data, int) else data, way, size)
            return bool(data)
        target[:] = bytes(len(target))
        self._given_up.append(target)
        return True

    def _check(self, data: bytes, way: str, size: int) -> None:
        stop = self.position + len(data)
        assert data == DATA[self.position : stop]
        assert way == "read1" or len(data) == size or stop == len(DATA)
        self.position = stop
        assert self._stream.bytes_read == stop


@pytest.mark.parametrize("is_right", [True, False])
@pytest.mark.parametrize("buffer_bytes", [None, 4096])
@pytest.mark.parametrize("cuts", range(4))
async def test_whatever_happens_each_byte_comes_once(
    storage_of: Callable[..., Storage], cuts: int, buffer_bytes: int | None, *, is_right: bool
) -> None:
    dice = random.Random(cuts)  # noqa: S311 - reproducible, not secret
    checksum = encoded_crc32c(DATA if is_right else b"other")
    async with (
        ScriptedServer([_unreliable(dice, cuts, checksum)]) as server,
        storage_of(server) as storage,
        storage.download_stream("bucket", "name", buffer_bytes=buffer_bytes) as stream,
    ):
        reader = _Reader(dice, stream)
        if is_right:
            await reader.to_the_end()
            assert (reader.position, stream.verified) == (len(DATA), True)
            assert len(server.asked) == cuts + 1
        else:
            for _ in range(2):
                with pytest.raises(IntegrityError):
                    await reader.to_the_end()
        reader.check_given_up()
