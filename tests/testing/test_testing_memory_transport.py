"""The network without one: what it answers beyond the contract of transports, and counts."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream import Environment, Storage
from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.base import ReplyStream  # noqa: TC001 - a helper's annotation
from storage_stream.errors import ConnectFailed, ConnectionLost, RequestTimeout, StorageError
from storage_stream.testing import (
    Answer,
    FakeClock,
    MemoryTransport,
    RecordedRequest,
    UnexpectedRequest,
)
from storage_stream.testing.memory_answer import steps_of

GET = Request("GET", "https://gcs.test/o", Headers([("a", "b")]))


async def rest(reply: ReplyStream) -> tuple[list[bytes], StorageError | None]:
    """The pieces of a body, and what broke it."""
    pieces: list[bytes] = []
    try:
        while piece := await reply.read_piece():
            pieces.append(bytes(piece))
    except StorageError as error:
        return pieces, error
    return pieces, None


class TestScripts:
    async def test_outcomes_come_in_order(self) -> None:
        network = MemoryTransport([Answer(500), ConnectFailed("refused"), Answer(201)])
        assert network.unused == 3
        (first := await network.send(GET, timeout=None)).close()
        with pytest.raises(ConnectFailed):
            await network.send(GET, timeout=None)
        (last := await network.send(GET, timeout=None)).close()
        assert (first.head.status, last.head.status) == (500, 201)
        assert network.unused == 0

    async def test_a_request_too_many_fails_the_test_and_nothing_hides_it(self) -> None:
        async with Storage(
            api_root="https://gcs.test",
            anonymous=True,
            environment=Environment(transport=MemoryTransport(), clock=FakeClock()),
        ) as storage:
            with pytest.raises(UnexpectedRequest, match=r"GET https://gcs\.test/"):
                await storage.download("bucket", "name")

    async def test_one_answer_can_be_given_many_times(self) -> None:
        network = MemoryTransport([Answer(body=iter([b"a", b"b"]))] * 2)
        for _ in range(2):
            with contextlib.closing(await network.send(GET, timeout=None)) as reply:
                assert await rest(reply) == ([b"a", b"b"], None)


class TestFunctions:
    async def test_a_plain_one_sees_the_request(self) -> None:
        def echo(request: RecordedRequest) -> Answer:
            return Answer(body=f"{request.method} {request.url}".encode() + request.body)

        network = MemoryTransport(echo)
        request = Request("PUT", "https://gcs.test/o", GET.headers, b"body")
        with contextlib.closing(await network.send(request, timeout=3, session="s")) as reply:
            assert await rest(reply) == ([b"PUT https://gcs.test/obody"], None)
        (seen,) = network.requests
        assert (seen.timeout, seen.session, seen.headers.get("a")) == (3, "s", "b")
        assert network.unused == 0

    async def test_an_async_one_may_take_its_time_and_runs_into_the_timeout(self) -> None:
        clock, asked = FakeClock(), asyncio.Event()

        async def never(_: RecordedRequest) -> Answer:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

        network = MemoryTransport(never, clock=clock)
        sending = asyncio.ensure_future(network.send(GET, timeout=10))
        await asked.wait()
        clock.advance(9)
        await asyncio.sleep(0)
        assert not sending.done()
        clock.advance(1)
        with pytest.raises(RequestTimeout, match="10 s"):
            await sending
        assert clock.timers == network.open == 0

    async def test_its_own_exception_comes_out(self) -> None:
        async def broken(_: RecordedRequest) -> Answer:
            raise LookupError("the test's own mistake")

        with pytest.raises(LookupError):
            await MemoryTransport(broken).send(GET, timeout=1)


class TestAnswers:
    @pytest.mark.parametrize(
        ("answer", "added"),
        [
            (Answer(body=b"abc"), {"content-length": "3"}),
            (Answer(), {"content-length": "0"}),
            (Answer(204), {}),
            (Answer(304, framing=Framing.LENGTH), {}),
            (Answer(framing=Framing.CHUNKED), {"transfer-encoding": "chunked"}),
            (Answer(framing=Framing.CLOSE), {}),
            (Answer(headers={"Content-Length": "9"}), {"content-length": "9"}),
        ],
    )
    def test_the_framing_stands_in_the_head(self, answer: Answer, added: dict[str, str]) -> None:
        assert dict(answer.head.headers) == added

    @given(
        st.lists(st.binary(max_size=5), max_size=6),
        st.none() | st.integers(0, 30),
        st.none() | st.integers(0, 30),
    )
    def test_bodies_are_cut_where_something_happens_and_nowhere_else(
        self, pieces: list[bytes], break_after: int | None, stall_after: int | None
    ) -> None:
        body = b"".join(pieces)
        within = all(
            position is None or position <= len(body) for position in (break_after, stall_after)
        )
        if not within:
            with pytest.raises(ValueError, match="the body has"):
                Answer(body=pieces, break_after=break_after, stall_after=stall_after)
            return
        answer = Answer(body=pieces, break_after=break_after, stall_after=stall_after)
        steps = list(steps_of(answer))
        arrived = b"".join(step for step in steps if isinstance(step, bytes))
        assert arrived == (body if break_after is None else body[:break_after])
        assert b"" not in steps
        assert isinstance(steps[-1], ConnectionLost) if break_after is not None else True

    @pytest.mark.parametrize("position", [-1, 4])
    def test_no_place_outside_of_the_body(self, position: int) -> None:
        with pytest.raises(ValueError, match="break_after"):
            Answer(body=b"abc", break_after=position)

    def test_no_length_that_http_could_not_say(self) -> None:
        with pytest.raises(ValueError, match="content-length 1"):
            Answer(headers={"content-length": "1"}, body=b"abc")

    async def test_a_greater_length_than_the_body_has_breaks_it_off(self) -> None:
        network = MemoryTransport([Answer(headers={"content-length": "4"}, body=b"abc")])
        with contextlib.closing(await network.send(GET, timeout=None)) as reply:
            pieces, error = await rest(reply)
        assert pieces == [b"abc"]
        assert isinstance(error, ConnectionLost)


class TestStalls:
    async def test_a_body_goes_on_when_it_is_released(self) -> None:
        network = MemoryTransport([Answer(body=b"abcdef", stall_after=2, break_after=5)])
        with contextlib.closing(await network.send(GET, timeout=None)) as reply:
            reading = asyncio.ensure_future(rest(reply))
            await network.wait_for_stall()
            assert network.stalled == 1
            network.release()
            pieces, error = await reading
            assert network.stalled == 0
        assert pieces == [b"ab", b"cde"]
        assert isinstance(error, ConnectionLost)

    async def test_released_before_it_is_reached_it_does_not_stall(self) -> None:
        network = MemoryTransport([Answer(body=b"abcd", stall_after=2)])
        with contextlib.closing(await network.send(GET, timeout=None)) as reply:
            network.release()
            assert await rest(reply) == ([b"ab", b"cd"], None)


class TestCounting:
    async def test_what_is_held_is_a_leak(self) -> None:
        network = MemoryTransport(lambda _: Answer(body=b"x"))
        replies = [await network.send(GET, timeout=None) for _ in range(3)]
        assert (network.opened, network.open, network.closed) == (3, 3, 0)
        for reply in replies:
            reply.close()
            reply.close()
        assert (network.opened, network.open, network.closed) == (3, 0, 3)

    async def test_a_client_leaves_none_whatever_happens(self) -> None:
        clock = FakeClock()
        network = MemoryTransport(
            [
                ConnectFailed("refused"),
                Answer(503, body=b"busy"),
                Answer(headers={"x-goog-generation": "1"}, body=b"abcdef", break_after=3),
                Answer(404, body=b"gone"),
            ]
        )
        async with Storage(
            api_root="https://gcs.test",
            anonymous=True,
            environment=Environment(transport=network, clock=clock, random=lambda: 0.5),
        ) as storage:
            with pytest.raises(StorageError):
                await storage.download("bucket", "name")
        assert network.open == network.unused == 0
        assert clock.sleeps[:2] == [0.5, 1.0]
        assert clock.timers == 0
