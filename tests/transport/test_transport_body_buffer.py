"""The ring a body arrives in: every byte once and in order, in bounded memory, whatever comes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._transport.body_buffer import BODY_BUFFER_BYTES, BodyBuffer
from storage_stream.errors import ClientClosed, ConnectionLost, StorageError, TransferStalled

ANYTHING = bytes(range(256)) * 40


@dataclass
class Network:
    """What is still to be received, and whether it was asked to be silent."""

    data: bytes
    sent: int = 0
    paused: bool = False
    switches: list[str] = field(default_factory=list)

    def pause(self) -> None:
        assert not self.paused
        self.paused = True
        self.switches.append("pause")

    def resume(self) -> None:
        assert self.paused
        self.paused = False
        self.switches.append("resume")

    def send(self, buffer: BodyBuffer, count: int) -> int:
        """Receive up to `count` bytes, as an event loop does."""
        if self.paused or buffer.is_over:
            return 0
        space = buffer.space()
        assert space
        count = min(count, len(space), len(self.data))
        space[:count] = self.data[:count]
        self.data = self.data[count:]
        self.sent += count
        buffer.received(count)
        return count


def made(
    data: bytes = ANYTHING, size: int = 16, limit: int | None = None
) -> tuple[Network, BodyBuffer]:
    network = Network(data)
    buffer = BodyBuffer(network.pause, network.resume, limit=limit, storage=bytearray(size))
    return network, buffer


async def drained(buffer: BodyBuffer) -> bytes:
    pieces: list[bytes] = []
    while piece := await buffer.read():
        pieces.append(bytes(piece))
    return b"".join(pieces)


class TestRing:
    @given(
        size=st.integers(2, 40),
        limit=st.integers(0, 300),
        early=st.binary(max_size=30),
        steps=st.lists(st.integers(-1, 50), max_size=200),
    )
    @settings(max_examples=100, deadline=None)
    def test_what_is_written_is_read(
        self, size: int, limit: int, early: bytes, steps: list[int]
    ) -> None:
        """Steps of -1 read; others receive so many bytes. What is lent stays as it is."""

        async def play() -> None:
            network, buffer = made(ANYTHING, size, limit)
            taken = buffer.feed(early)
            assert taken == min(len(early), limit)
            read, lent, copy = b"", memoryview(b""), b""
            for step in [*steps, *[50, -1] * 400]:
                assert bytes(lent) == copy
                if step >= 0:
                    network.send(buffer, step)
                elif buffer.is_complete or taken + network.sent > len(read):
                    lent = memoryview(await buffer.read())
                    copy = bytes(lent)
                    read += copy
            assert read == (early[:taken] + ANYTHING)[:limit]
            assert buffer.is_complete
            assert await buffer.read() == b""

        asyncio.run(play())

    async def test_the_network_fills_one_half_while_the_other_is_lent(self) -> None:
        network, buffer = made(size=16)
        assert network.send(buffer, 100) == 8
        lent = await buffer.read()
        assert network.send(buffer, 100) == 8
        assert network.switches == ["pause"]
        assert lent == ANYTHING[:8]
        assert await buffer.read() == ANYTHING[8:16]
        assert network.switches == ["pause", "resume"]

    async def test_a_reader_who_keeps_up_gets_the_same_memory_and_nobody_pauses(self) -> None:
        network, buffer = made(size=16)
        for turn in range(20):
            waiting = asyncio.ensure_future(buffer.read())
            await asyncio.sleep(0)
            network.send(buffer, 8)
            assert await waiting == ANYTHING[8 * turn : 8 * turn + 8]
        assert network.switches == []

    async def test_no_byte_behind_the_limit_is_asked_for(self) -> None:
        network, buffer = made(size=16, limit=5)
        assert len(buffer.space()) == 5
        assert network.send(buffer, 3) == 3
        assert (buffer.left, len(buffer.space())) == (2, 2)
        network.send(buffer, 3)
        assert (buffer.left, len(buffer.space()), buffer.is_complete) == (0, 0, True)
        assert await drained(buffer) == ANYTHING[:5]

    @pytest.mark.parametrize("limit", range(1, 40))
    @pytest.mark.parametrize("step", [1, 3, 100])
    async def test_but_one_where_excess_is_to_be_caught(self, limit: int, step: int) -> None:
        for has_excess in (False, True):
            network = Network(ANYTHING[: limit + has_excess])
            buffer = BodyBuffer(
                network.pause,
                network.resume,
                limit=limit,
                catches_excess=True,
                storage=bytearray(16),
            )
            got = b""
            while not buffer.is_complete:
                network.send(buffer, step)
                got += bytes(await buffer.read())
            assert got + await drained(buffer) == ANYTHING[:limit]
            assert buffer.has_excess <= has_excess
            assert buffer.has_excess is has_excess or step < 100  # it may come too late

    async def test_nor_taken_of_what_is_fed(self) -> None:
        _, buffer = made(limit=5)
        assert buffer.feed(b"ab") == 2
        assert buffer.feed(memoryview(b"cdefg")) == 3
        assert buffer.feed(b"h") == 0
        assert await drained(buffer) == b"abcde"

    async def test_what_is_fed_late_is_refused(self) -> None:
        network, buffer = made()
        network.send(buffer, 1)
        with pytest.raises(RuntimeError, match="too late"):
            buffer.feed(b"x")

    async def test_a_body_of_unknown_length_ends_when_it_is_told(self) -> None:
        network, buffer = made()
        network.send(buffer, 3)
        assert buffer.left is None
        buffer.end(None)
        assert buffer.is_complete
        assert await drained(buffer) == ANYTHING[:3]
        assert await buffer.read() == b""

    @pytest.mark.parametrize("limit", [None, 1, 1_000, 10**12])
    def test_its_own_memory_is_no_more_than_the_body_needs(self, limit: int | None) -> None:
        buffer = BodyBuffer(lambda: None, lambda: None, limit=limit)
        assert 0 < len(buffer.space()) <= BODY_BUFFER_BYTES // 2
        assert len(buffer.space()) == min(limit or BODY_BUFFER_BYTES, BODY_BUFFER_BYTES // 2)


class TestReader:
    async def test_a_read_waits_for_bytes(self) -> None:
        network, buffer = made()
        waiting = asyncio.ensure_future(buffer.read())
        await asyncio.sleep(0)
        network.send(buffer, 3)
        assert await waiting == ANYTHING[:3]

    async def test_two_readers_are_refused(self) -> None:
        network, buffer = made()
        waiting = asyncio.ensure_future(buffer.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await buffer.read()
        network.send(buffer, 1)
        assert await waiting == ANYTHING[:1]

    async def test_a_thousand_cancelled_reads_lose_no_byte(self) -> None:
        network, buffer = made(ANYTHING, 16, limit=5_000)
        read = b""
        for turn in range(1_000):
            if network.sent == len(read):
                waiting = asyncio.ensure_future(buffer.read())
                await asyncio.sleep(0)
                if turn % 2:
                    network.send(buffer, 3)  # both in one turn of the loop
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            else:
                read += bytes(await buffer.read())
        while not buffer.is_over:
            network.send(buffer, 7)
            read += bytes(await buffer.read())
        assert read + await drained(buffer) == ANYTHING[:5_000]


class TestWaitingForMore:
    async def test_the_reader_sleeps_until_enough_is_here(self) -> None:
        network, buffer = made(size=16)
        reading = asyncio.ensure_future(buffer.read(6))
        for count in (2, 3):
            await asyncio.sleep(0)
            network.send(buffer, count)
            await asyncio.sleep(0)
            assert not reading.done()
        assert buffer.buffered == 5
        network.send(buffer, 2)
        assert await reading == ANYTHING[:6]
        assert buffer.buffered == 1

    async def test_what_is_given_is_a_multiple_of_it(self) -> None:
        network, buffer = made(size=32, limit=27)
        network.send(buffer, 14)
        assert await buffer.read(6) == ANYTHING[:12]
        network.send(buffer, 11)
        assert await buffer.read(6) == ANYTHING[12:24]
        network.send(buffer, 2)
        assert await buffer.read(6) == ANYTHING[24:27]
        assert await buffer.read(6) == b""

    async def test_half_of_the_ring_is_enough(self) -> None:
        network, buffer = made(size=16)
        reading = asyncio.ensure_future(buffer.read(1000))
        await asyncio.sleep(0)
        network.send(buffer, 8)
        assert await reading == ANYTHING[:8]

    async def test_the_end_of_the_body_is_enough(self) -> None:
        network, buffer = made(limit=3)
        reading = asyncio.ensure_future(buffer.read(6))
        await asyncio.sleep(0)
        network.send(buffer, 3)
        assert await reading == ANYTHING[:3]
        assert await buffer.read(6) == b""

    async def test_what_came_before_a_failure_is_given_first(self) -> None:
        network, buffer = made()
        reading = asyncio.ensure_future(buffer.read(6))
        await asyncio.sleep(0)
        network.send(buffer, 4)
        buffer.end(ConnectionLost("gone"))
        assert await reading == ANYTHING[:4]
        with pytest.raises(ConnectionLost):
            await buffer.read(6)

    async def test_a_cancelled_read_leaves_what_is_here_to_the_next(self) -> None:
        network, buffer = made()
        reading = asyncio.ensure_future(buffer.read(6))
        await asyncio.sleep(0)
        network.send(buffer, 4)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await buffer.read() == ANYTHING[:4]

    async def test_what_is_aborted_is_not_waited_for(self) -> None:
        network, buffer = made()
        reading = asyncio.ensure_future(buffer.read(6))
        await asyncio.sleep(0)
        network.send(buffer, 4)
        buffer.abort(TransferStalled("too slow"))
        with pytest.raises(TransferStalled):
            await reading

    @given(
        size=st.integers(2, 40),
        limit=st.integers(1, 300),
        wishes=st.lists(st.integers(1, 50), min_size=1, max_size=20),
        counts=st.lists(st.integers(1, 50), min_size=1, max_size=20),
    )
    @settings(max_examples=100, deadline=None)
    def test_nobody_waits_for_ever(
        self, size: int, limit: int, wishes: list[int], counts: list[int]
    ) -> None:
        async def all_of_it() -> bytes:
            network, buffer = made(size=size, limit=limit)
            found, turn = b"", 0
            while len(found) < limit:
                wish = wishes[turn % len(wishes)]
                reading = asyncio.ensure_future(buffer.read(wish))
                await asyncio.sleep(0)
                while not reading.done():
                    assert network.send(buffer, counts[turn % len(counts)])
                    turn += 1
                    await asyncio.sleep(0)
                piece = bytes(await reading)
                assert len(piece) >= min(wish, size // 2, 1)
                found, turn = found + piece, turn + 1
            return found

        assert asyncio.run(all_of_it()) == ANYTHING[:limit]


class TestEnd:
    async def test_what_arrived_is_delivered_before_the_failure(self) -> None:
        network, buffer = made(limit=100)
        network.send(buffer, 3)
        buffer.end(ConnectionLost("gone"))
        assert buffer.is_over
        assert not buffer.is_complete
        assert await buffer.read() == ANYTHING[:3]
        for _ in range(2):
            with pytest.raises(ConnectionLost, match="gone"):
                await buffer.read()

    async def test_behind_the_last_byte_there_is_no_failure(self) -> None:
        network, buffer = made(limit=3)
        network.send(buffer, 3)
        buffer.end(ConnectionLost("gone"))
        assert await drained(buffer) == ANYTHING[:3]

    async def test_an_end_wakes_the_read_that_waits(self) -> None:
        _, buffer = made()
        waiting = asyncio.ensure_future(buffer.read())
        await asyncio.sleep(0)
        buffer.end(None)
        assert await waiting == b""

    @pytest.mark.parametrize("arrived", [0, 3])
    async def test_an_abort_comes_first(self, arrived: int) -> None:
        network, buffer = made()
        network.send(buffer, arrived)
        buffer.abort(TransferStalled("too slow"))
        buffer.abort(ClientClosed("later"))
        for _ in range(2):
            with pytest.raises(TransferStalled):
                await buffer.read()

    async def test_an_abort_wakes_the_read_that_waits(self) -> None:
        _, buffer = made()
        waiting = asyncio.ensure_future(buffer.read())
        await asyncio.sleep(0)
        buffer.abort(TransferStalled("too slow"))
        with pytest.raises(TransferStalled):
            await waiting

    async def test_a_body_that_was_read_to_its_end_stays_one(self) -> None:
        network, buffer = made(limit=3)
        network.send(buffer, 3)
        assert await drained(buffer) == ANYTHING[:3]
        buffer.abort(ClientClosed("closed"))
        buffer.close(ClientClosed("closed"))
        assert await buffer.read() == b""

    async def test_closing_ends_the_read_that_waits_and_forgets_the_rest(self) -> None:
        network, buffer = made()
        waiting = asyncio.ensure_future(buffer.read())
        await asyncio.sleep(0)
        buffer.close(ClientClosed("closed"))
        buffer.close(ClientClosed("closed"))
        with pytest.raises(ClientClosed):
            await waiting
        assert (network.switches, len(buffer.space())) == ([], 0)

    @pytest.mark.parametrize("error", [ConnectionLost("gone"), None])
    async def test_the_first_end_counts(self, error: StorageError | None) -> None:
        _, buffer = made()
        buffer.end(None)
        buffer.end(error)
        assert await buffer.read() == b""
