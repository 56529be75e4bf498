"""A body that comes too slowly is broken; a reader that is slow is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import pytest

from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._transport.stall import MINIMUM_BYTES_PER_SECOND, WatchedReply
from storage_stream.errors import StorageError, TransferStalled
from storage_stream.testing import FakeClock

WINDOW = 30.0
MINIMUM = int(MINIMUM_BYTES_PER_SECOND * WINDOW)


class Trickle:
    """An answer into which a test pours bytes."""

    head = ReplyHead(200)
    framing = Framing.LENGTH
    raw = object()
    whole = None

    def __init__(self) -> None:
        self.arrived: deque[bytes] = deque()
        self.changed = asyncio.Event()
        self.error: StorageError | None = None
        self.closed = 0
        self.at_least = 0
        self.buffered = 0

    def pour(self, data: bytes) -> None:
        self.arrived.append(data)
        self.changed.set()

    def receive_into(self, _target: memoryview) -> None: ...

    async def read_piece(self, at_least: int = 1) -> bytes:
        self.at_least = at_least
        while not self.arrived:
            if self.error is not None:
                raise self.error
            self.changed.clear()
            await self.changed.wait()
        return self.arrived.popleft()

    def abort(self, error: StorageError) -> None:
        self.error = error
        self.changed.set()

    def close(self) -> None:
        self.closed += 1


class Watch:
    """A watched answer, the clock of its watch, and a reader."""

    def __init__(self, window: float | None = WINDOW) -> None:
        self.clock = FakeClock()
        self.body = Trickle()
        self.reply = WatchedReply(self.body, self.clock, window)

    async def start_reading(self) -> asyncio.Future[bytes | memoryview]:
        reading = asyncio.ensure_future(self.reply.read_piece())
        await asyncio.sleep(0)
        return reading

    async def receive(self, data: bytes, after_seconds: float) -> bytes:
        """Wait in a read for bytes that come after a time."""
        reading = await self.start_reading()
        self.clock.advance(after_seconds)
        self.body.pour(data)
        return bytes(await reading)


@pytest.fixture
def watch() -> Watch:
    return Watch()


class TestStalls:
    async def test_silence_is_one_after_the_window_and_not_before(self, watch: Watch) -> None:
        reading = await watch.start_reading()
        watch.clock.advance(WINDOW - 0.01)
        await asyncio.sleep(0)
        assert not reading.done()
        watch.clock.advance(WINDOW / 8 + 0.02)
        with pytest.raises(TransferStalled, match="only 0 bytes came in 30 s"):
            await reading

    async def test_it_is_a_timeout_error_too(self, watch: Watch) -> None:
        reading = await watch.start_reading()
        watch.clock.advance(2 * WINDOW)
        with pytest.raises(TimeoutError):
            await reading
        assert watch.clock.timers == 0

    async def test_a_dribble_under_the_minimum_is_one(self, watch: Watch) -> None:
        received = 0

        async def dribble() -> None:
            nonlocal received
            while received < 1_000:
                received += len(await watch.receive(b"x", after_seconds=1.0))

        with pytest.raises(TransferStalled):
            await dribble()
        assert received <= WINDOW + WINDOW / 8

    async def test_what_a_read_still_waits_with_is_no_stall(self, watch: Watch) -> None:
        reading = asyncio.ensure_future(watch.reply.read_piece(1_000_000))
        await asyncio.sleep(0)
        assert watch.body.at_least == 1_000_000
        for _ in range(20):
            watch.body.buffered += 10_000
            watch.clock.advance(WINDOW)
        assert not watch.body.error
        watch.clock.advance(WINDOW + WINDOW / 8)
        with pytest.raises(TransferStalled, match="only 0 bytes"):
            await reading

    async def test_what_came_before_it_does_not_count_for_ever(self, watch: Watch) -> None:
        await watch.receive(b"x" * 1_000_000, after_seconds=1)
        reading = await watch.start_reading()
        watch.clock.advance(2 * WINDOW + WINDOW / 8)
        with pytest.raises(TransferStalled):
            await reading


class TestNoStalls:
    @pytest.mark.parametrize("pause", [0.1, 1.0, 10.0, WINDOW - 1])
    async def test_the_minimum_rate_is_enough_in_whatever_steps(
        self, watch: Watch, pause: float
    ) -> None:
        step = b"x" * int(2 * MINIMUM * max(pause / WINDOW, 1 / 8))
        while watch.clock.now() < 1_000 + 20 * WINDOW:
            assert await watch.receive(step, after_seconds=pause) == step

    async def test_a_reader_may_take_as_long_as_it_likes(self, watch: Watch) -> None:
        for _ in range(5):
            watch.clock.advance(100 * WINDOW)  # nobody reads
            assert await watch.receive(b"x", after_seconds=1) == b"x"

    async def test_its_pauses_are_not_the_servers(self, watch: Watch) -> None:
        """Half a window of waiting, a pause, half a window of waiting: no window of silence."""
        for _ in range(10):
            await watch.receive(b"x", after_seconds=WINDOW / 2)
            watch.clock.advance(WINDOW)

    async def test_a_cancelled_read_is_not_waiting_any_more(self, watch: Watch) -> None:
        reading = await watch.start_reading()
        watch.clock.advance(WINDOW / 2)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        watch.clock.advance(10 * WINDOW)
        assert await watch.receive(b"x", after_seconds=1) == b"x"

    async def test_none_watches_nothing(self) -> None:
        watch = Watch(window=None)
        assert watch.clock.timers == 0
        assert await watch.receive(b"x", after_seconds=1e9) == b"x"


class TestTheAnswerItself:
    async def test_it_shows_through(self, watch: Watch) -> None:
        assert watch.reply.head is watch.body.head
        assert watch.reply.framing is Framing.LENGTH
        assert watch.reply.raw is watch.body.raw

    async def test_closing_ends_the_watch(self, watch: Watch) -> None:
        assert watch.clock.timers == 1
        watch.reply.close()
        watch.reply.close()
        assert watch.clock.timers == 0
        assert watch.body.closed >= 1
        watch.clock.advance(10 * WINDOW)
        assert watch.body.error is None

    async def test_an_abort_goes_through(self, watch: Watch) -> None:
        reading = await watch.start_reading()
        watch.reply.abort(TransferStalled("mine"))
        with pytest.raises(TransferStalled, match="mine"):
            await reading
        watch.reply.close()
