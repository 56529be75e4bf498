"""What every transport promises, played on each of them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip

import pytest
from stages import LentSource, MemoryStage, Source, WireStage, drain, drain_until_error

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.base import ReplyStream  # noqa: TC001 - a helper's annotation
from storage_stream.errors import (
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    RequestTimeout,
    TransferError,
    TransferStalled,
)
from storage_stream.testing import Answer

Stage = WireStage | MemoryStage
Body = bytes | Source | LentSource

FRAMINGS = pytest.mark.parametrize("framing", list(Framing))
BODY = bytes(range(256)) * 1_200  # 300 KiB: more than one read of a socket


async def send(
    stage: Stage, method: str = "GET", *, body: Body = b"", seconds: float | None = 60
) -> ReplyStream:
    request = Request(method, f"{stage.url}/b/o%2Fx?alt=media", Headers(), body)
    return await stage.transport.send(request, timeout=seconds)


async def whole(stage: Stage, method: str = "GET", *, body: Body = b"") -> bytes:
    with contextlib.closing(await send(stage, method, body=body)) as reply:
        return await drain(reply)


class TestHead:
    async def test_status_reason_and_every_header_line_arrive(self, stage: Stage) -> None:
        lines = (("X-Goog-Hash", "crc32c=a"), ("ETag", "e"), ("x-goog-hash", "md5=b"))
        stage.answers(Answer(206, lines, b"abc", reason="Partial"))
        with contextlib.closing(await send(stage)) as reply:
            assert reply.head.status == 206
            assert reply.head.reason == "Partial"
            assert reply.head.headers.get_all("x-goog-hash") == ["crc32c=a", "md5=b"]
            assert reply.head.headers.get("etag") == "e"
            assert reply.head.content_length == 3

    async def test_a_redirect_is_an_answer_like_any_other(self, stage: Stage) -> None:
        stage.answers(Answer(302, {"location": f"{stage.url}/elsewhere"}))
        with contextlib.closing(await send(stage)) as reply:
            assert reply.head.status == 302
        assert [seen.target for seen in stage.seen] == ["/b/o%2Fx?alt=media"]

    async def test_the_target_goes_out_byte_for_byte(self, stage: Stage) -> None:
        stage.answers(Answer())
        target = "/b/%2e%2E/o/a%2Fb%20c+d%25?x=%C3%A9&y=a%2Bb&z"
        request = Request("GET", stage.url + target)
        (await stage.transport.send(request, timeout=60)).close()
        assert stage.seen[0].target == target


class TestBody:
    @FRAMINGS
    async def test_it_arrives_whole_and_its_end_stays_its_end(
        self, stage: Stage, framing: Framing
    ) -> None:
        stage.answers(Answer(body=(BODY[:1000], BODY[1000:]), framing=framing))
        with contextlib.closing(await send(stage)) as reply:
            assert reply.framing is framing
            assert await drain(reply) == BODY
            assert [await reply.read_piece() for _ in range(3)] == [b"", b"", b""]

    async def test_what_is_encoded_stays_encoded(self, stage: Stage) -> None:
        packed = gzip.compress(b"text")
        stage.answers(Answer(headers={"content-encoding": "gzip"}, body=packed))
        assert await whole(stage) == packed

    @pytest.mark.parametrize(
        ("method", "answer"),
        [
            ("HEAD", Answer(headers={"content-length": "1000"})),
            ("HEAD", Answer(headers={"transfer-encoding": "chunked"}, framing=Framing.CHUNKED)),
            ("GET", Answer(304, {"etag": "e"})),
            ("DELETE", Answer(204)),
            ("GET", Answer(200)),
            ("GET", Answer(200, framing=Framing.CHUNKED)),
        ],
    )
    async def test_where_there_is_none_reads_end_at_once(
        self, stage: Stage, method: str, answer: Answer
    ) -> None:
        for _ in range(2):  # aiohttp's empty body is one object for all answers, and has a memory
            stage.answers(answer)
            with contextlib.closing(await send(stage, method)) as reply:
                assert [await reply.read_piece() for _ in range(3)] == [b"", b"", b""]


class TestBreaks:
    @pytest.mark.parametrize("framing", [Framing.LENGTH, Framing.CHUNKED])
    @pytest.mark.parametrize("position", [0, 1, 1_500, len(BODY) - 1])
    async def test_what_arrived_is_delivered_before_the_failure(
        self, stage: Stage, framing: Framing, position: int
    ) -> None:
        stage.answers(Answer(body=BODY, framing=framing, break_after=position))
        with contextlib.closing(await send(stage)) as reply:
            arrived, error = await drain_until_error(reply)
            assert isinstance(error, ConnectionLost)
            assert arrived == BODY[:position]
            with pytest.raises(ConnectionLost):
                await reply.read_piece()

    async def test_the_end_of_a_body_that_ends_with_its_connection_is_not_to_be_believed(
        self, stage: Stage
    ) -> None:
        # aiohttp takes a reset for the end; so what arrived, and the framing, is all that is sure.
        stage.answers(Answer(body=BODY, framing=Framing.CLOSE, break_after=1_500))
        with contextlib.closing(await send(stage)) as reply:
            assert reply.framing is Framing.CLOSE
            arrived = b""
            with contextlib.suppress(ConnectionLost):
                while piece := await reply.read_piece():
                    arrived += piece
        assert arrived == BODY[:1_500]

    async def test_a_body_shorter_than_its_length_is_broken(self, stage: Stage) -> None:
        stage.answers(Answer(headers={"content-length": "9"}, body=b"abc", break_after=3))
        with contextlib.closing(await send(stage)) as reply:
            arrived, error = await drain_until_error(reply)
        assert (arrived, type(error)) == (b"abc", ConnectionLost)

    async def test_refused_connections_certainly_carried_nothing_out(self, stage: Stage) -> None:
        stage.refuses_connections()
        with pytest.raises(ConnectFailed):
            await send(stage)

    async def test_what_is_no_http_is_not_trusted(self, stage: Stage) -> None:
        stage.talks_garbage()
        with pytest.raises(ProtocolError):
            await send(stage)

    async def test_silence_ends_with_the_timeout(self, stage: Stage) -> None:
        stage.is_silent()
        with pytest.raises(RequestTimeout) as caught:
            await send(stage, seconds=0.05)
        assert isinstance(caught.value, TimeoutError)
        await stage.assert_nothing_open()


class TestAbort:
    async def test_it_wakes_the_read_that_waits(self, stage: Stage) -> None:
        stage.answers(Answer(body=b"abcd", stall_after=2))
        with contextlib.closing(await send(stage)) as reply:
            assert await reply.read_piece() == b"ab"
            waiting = asyncio.ensure_future(reply.read_piece())
            await asyncio.sleep(0)
            reply.abort(TransferStalled("too slow"))
            with pytest.raises(TransferStalled, match="too slow"):
                await waiting
            with pytest.raises(TransferStalled):
                await reply.read_piece()
        await stage.assert_nothing_open()

    async def test_it_stops_the_next_read(self, stage: Stage) -> None:
        stage.answers(Answer(body=b"abcd", stall_after=0))
        with contextlib.closing(await send(stage)) as reply:
            reply.abort(ClientClosed("closed"))
            with pytest.raises(ClientClosed):
                await reply.read_piece()

    async def test_an_empty_body_that_is_over_stays_over(self, stage: Stage) -> None:
        stage.answers(Answer(204))
        with contextlib.closing(await send(stage)) as reply:
            reply.abort(ClientClosed("closed"))
            assert await reply.read_piece() == b""


class TestClose:
    @FRAMINGS
    async def test_a_half_read_answer_gives_its_place_back(
        self, stage: Stage, framing: Framing
    ) -> None:
        for _ in range(3):  # there is room for one at a time
            stage.answers(Answer(body=BODY, framing=framing, stall_after=1_000))
            reply = await send(stage)
            await reply.read_piece()
            reply.close()
            reply.close()
        await stage.assert_nothing_open()

    async def test_a_read_that_waits_while_it_closes_ends(self, stage: Stage) -> None:
        stage.answers(Answer(body=b"abcd", stall_after=0))
        reply = await send(stage)
        waiting = asyncio.ensure_future(reply.read_piece())
        await asyncio.sleep(0)
        reply.close()
        with pytest.raises((ClientClosed, ConnectionLost)):
            await waiting

    @FRAMINGS
    async def test_closing_the_transport_ends_a_read_that_waits(
        self, stage: Stage, framing: Framing
    ) -> None:
        stage.answers(Answer(body=b"abcd", framing=framing, stall_after=2))
        with contextlib.closing(await send(stage)) as reply:
            assert await reply.read_piece() == b"ab"
            waiting = asyncio.ensure_future(reply.read_piece())
            await asyncio.sleep(0)
            await stage.transport.close()
            with pytest.raises(ClientClosed):
                await asyncio.wait_for(waiting, 60)

    async def test_after_the_transport_is_closed_nothing_is_sent(self, stage: Stage) -> None:
        await stage.transport.close()
        await stage.transport.close()
        with pytest.raises(ClientClosed):
            await send(stage)
        assert stage.seen == []


class TestCancel:
    async def test_a_cancelled_read_loses_no_byte(self, stage: Stage) -> None:
        stage.answers(Answer(body=(b"abc", b"def"), stall_after=3))
        with contextlib.closing(await send(stage)) as reply:
            assert await reply.read_piece() == b"abc"
            for _ in range(50):
                waiting = asyncio.ensure_future(reply.read_piece())
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            stage.release()
            assert await drain(reply) == b"def"

    async def test_a_cancelled_send_leaves_nothing_open(self, stage: Stage) -> None:
        stage.is_silent()
        waiting = asyncio.ensure_future(send(stage))
        await stage.until_requested()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await stage.assert_nothing_open()
        stage.answers(Answer(body=b"next"))
        assert await whole(stage) == b"next"


class TestRequestBody:
    @pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_bytes_arrive(self, stage: Stage, method: str, size: int) -> None:
        body = (BODY * 12)[:size]
        stage.answers(Answer())
        await whole(stage, method, body=body)
        assert stage.seen[0].method == method
        assert stage.seen[0].body == body

    async def test_a_source_is_read_once_for_each_send(self, stage: Stage) -> None:
        source = Source(b"abc", b"", BODY, b"xyz")
        stage.answers(Answer(), Answer())
        await whole(stage, "POST", body=source)
        await whole(stage, "POST", body=source)
        assert source.begun == 2
        assert [seen.body for seen in stage.seen] == [b"abc" + BODY + b"xyz"] * 2

    async def test_what_is_lent_arrives_as_it_was_when_it_was_lent(self, stage: Stage) -> None:
        pieces = [bytes([number]) * (40_000 * number) for number in range(1, 30)]
        stage.answers(Answer())
        await whole(stage, "POST", body=LentSource(b"head", *pieces, b"tail"))
        assert stage.seen[0].body == b"".join([b"head", *pieces, b"tail"])

    async def test_the_exception_of_a_source_comes_out_as_it_is(self, stage: Stage) -> None:
        failure = LookupError("the caller's own")
        with pytest.raises(LookupError) as caught:
            await send(stage, "POST", body=Source(b"abc", length=10, failure=failure))
        assert caught.value is failure
        await stage.assert_nothing_open()
        assert stage.seen == []
        stage.answers(Answer(body=b"next"))
        assert await whole(stage) == b"next"

    @pytest.mark.parametrize(
        ("pieces", "length"),
        [((b"abcdef",), 3), ((b"abc", b"def"), 3), ((b"abc",), 0), ((b"abc",), 6), ((), 1)],
    )
    async def test_a_source_that_is_not_as_long_as_it_said_is_never_taken_for_whole(
        self, stage: Stage, pieces: tuple[bytes, ...], length: int
    ) -> None:
        with pytest.raises(TransferError):
            await send(stage, "POST", body=Source(*pieces, length=length))
        await stage.assert_nothing_open()
        assert stage.seen == []

    async def test_nor_is_one_that_fails_behind_its_last_byte(self, stage: Stage) -> None:
        with pytest.raises(LookupError):
            await send(stage, "POST", body=Source(b"abc", failure=LookupError("late")))
        await stage.assert_nothing_open()
        assert stage.seen == []
