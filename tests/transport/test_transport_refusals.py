"""What the sender makes of answers: errors with fields and without secrets, and good ones whole."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback

import aiohttp
import pytest
from sender_rig import GET, OK, OPTIONS, ROOT, SECRET, operation, rig

from storage_stream._protocol.http import Framing, Headers, Reply
from storage_stream._protocol.operation import Operation
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    Forbidden,
    NotFound,
    ProtocolError,
    ResponseError,
    TooManyRequests,
    TransferStalled,
    TransportError,
)
from storage_stream.testing import Answer, FakeClock


def body_of(message: str, reason: str = "theirReason") -> bytes:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return json.dumps({"error": {"code": 403, "message": message, "errors": errors}}).encode()


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "message", "reason"),
        [
            (body_of("You may not."), "You may not.", "theirReason"),
            (
                b'{"error": {"message": "newer form", "status": "PERMISSION_DENIED"}}',
                "newer form",
                "PERMISSION_DENIED",
            ),
            (b'{"error": "invalid_grant"}', "invalid_grant", "No"),
            (
                b"<Error><Code>AccessDenied</Code><Message>Access denied.</Message></Error>",
                "Access denied.",
                "AccessDenied",
            ),
            (b"No such thing", "No such thing", "No"),
            (b"<html><body><h1>Proxy</h1></body></html>", "No", "No"),
            (b'{"error": {"mess', "No", "No"),
            (b"{]", "No", "No"),
            (b'{"error": {"message": null, "errors": "x"}}', None, None),
            (b'["list"]', '["list"]', "No"),
            (b"\xff\xfe\x00", None, None),
            (b"", "No", "No"),
        ],
    )
    async def test_whatever_stands_in_it_is_an_error_with_fields(
        self, body: bytes, message: str | None, reason: str | None
    ) -> None:
        error = await rig(Answer(403, body=body, reason="No")).fails(GET)
        assert isinstance(error, Forbidden)
        assert (error.status, error.method, error.subject) == (403, "GET", "gs://x/y")
        if message is not None:
            assert (error.message, error.reason) == (message, reason)

    async def test_a_body_that_breaks_off_leaves_the_status(self) -> None:
        error = await rig(Answer(403, body=body_of("x"), break_after=5)).fails(GET)
        assert isinstance(error, Forbidden)

    async def test_an_endless_one_is_cut(self) -> None:
        pieces = [b"x" * 10_000] * 1_000
        error = await rig(Answer(400, body=pieces, framing=Framing.CHUNKED)).fails(GET)
        assert isinstance(error, BadRequest)
        assert len(error.message) <= 500

    async def test_one_that_stalls_leaves_the_status(self) -> None:
        clock = FakeClock()
        r = rig(Answer(403, body=b"abc", stall_after=1), clock=clock)
        failing = asyncio.ensure_future(r.fails(GET))
        await r.network.wait_for_stall()
        clock.advance(60)
        assert isinstance(await failing, Forbidden)

    async def test_an_answer_that_stalls_is_repeated(self) -> None:
        clock = FakeClock()
        r = rig(Answer(body=b"{}", stall_after=1), OK, clock=clock)
        sending = asyncio.ensure_future(r.send(GET))
        await r.network.wait_for_stall()
        clock.advance(60)
        assert await sending == {}
        assert len(r.network.requests) == 2

    async def test_it_is_an_error_of_aiohttp_too(self) -> None:
        error = await rig(Answer(404, {"x-a": "1"}, reason="Gone fishing")).fails(GET)
        assert isinstance(error, NotFound)
        assert isinstance(error, aiohttp.ClientResponseError)
        assert error.status == 404
        assert error.message == "Gone fishing"
        assert error.headers == {"x-a": "1", "content-length": "0"}
        assert error.headers["X-A"] == "1", "aiohttp's headers are asked in any case"
        assert str(error.request_info.real_url) == f"{ROOT}/storage/v1/b/x/o/y"
        assert error.request_info.method == "GET"
        assert error.history == ()

    async def test_it_travels_between_processes(self) -> None:
        error = await rig(Answer(404, body=body_of("None."))).fails(GET)
        assert isinstance(error, ResponseError)
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert isinstance(copy, NotFound)
        assert isinstance(copy, aiohttp.ClientResponseError)
        for name in ("status", "reason", "message", "method", "subject", "attempts", "elapsed"):
            assert getattr(copy, name) == getattr(error, name), name
        assert str(copy) == str(error)
        assert isinstance(error, aiohttp.ClientResponseError)
        assert copy.request_info == error.request_info

    async def test_a_308_is_no_success(self) -> None:
        assert isinstance(await rig(Answer(308)).fails(GET), ResponseError)

    async def test_what_is_repeated_in_vain_says_how_often(self) -> None:
        error = await rig(*[Answer(429)] * 3).fails(GET, retries=2)
        assert isinstance(error, TooManyRequests)
        assert "after 3 attempts" in str(error)
        error = await rig(*[ConnectionLost("reset")] * 3).fails(GET, retries=2)
        assert isinstance(error, TransportError)
        assert "after 3 attempts in 1.5 s" in str(error)


class TestSecrets:
    async def test_none_stands_in_an_error_a_pickle_or_a_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        told = f"Bearer {SECRET}-0 at https://x/y?upload_id={SECRET}&X-Goog-Signature={SECRET}"
        headers = (
            ("location", f"{ROOT}/upload?upload_id={SECRET}"),
            ("x-guploader-uploadid", SECRET),
            ("set-cookie", SECRET),
            ("www-authenticate", f"Bearer {SECRET}"),
        )
        bodies = [
            body_of(told),
            told.encode(),
            f"<Error><Message>{told}</Message></Error>".encode(),
        ]
        secret_headers = {"x-goog-encryption-key": SECRET}
        with caplog.at_level(logging.DEBUG):
            for body in bodies:
                r = rig(*[Answer(503, headers, body)] * 2)
                asked = operation(query=(("upload_id", SECRET),), method="PUT")
                error = await r.fails(asked, headers=secret_headers, retries=1)
                shown = [str(error), repr(error), repr(vars(error)), *map(str, error.args)]
                shown += traceback.format_exception(error)
                assert SECRET not in "\n".join(shown)
                assert SECRET.encode() not in pickle.dumps(error)
        assert SECRET not in caplog.text

    async def test_nor_in_what_is_sent_when_it_is_printed(self) -> None:
        r = rig(OK)
        await r.send(GET, headers={"x-goog-encryption-key": SECRET})
        assert SECRET not in repr(r.network.requests)


class TestLongAnswers:
    async def test_one_that_does_not_fit_into_memory_is_refused(self) -> None:
        piece = b"x" * 16 * 1024 * 1024
        r = rig(Answer(body=[piece] * 17, framing=Framing.CHUNKED))
        error = await r.fails(GET)
        assert isinstance(error, ProtocolError)
        assert "longer" in str(error)


class TestOpen:
    async def test_whatever_the_status_the_answer_is_handed_out_and_watched(self) -> None:
        clock = FakeClock()
        r = rig(Answer(503, body=b"ab", stall_after=1), clock=clock)
        reply = await r.sender.open(GET.request, OPTIONS)
        assert reply.head.status == 503
        assert await reply.read_piece() == b"a"
        waiting = asyncio.ensure_future(reply.read_piece())
        await asyncio.sleep(0)
        clock.advance(60)
        with pytest.raises(TransferStalled):
            await waiting
        reply.close()
        assert (r.network.open, clock.timers) == (0, 0)

    async def test_a_parser_gets_the_whole_reply(self) -> None:
        def parse(reply: Reply) -> tuple[int, Headers, bytes]:
            return reply.status, reply.headers, reply.body

        asked = Operation("x", "GET", "/x", parse, "gs://x/y")
        answer = Answer(206, (("a", "1"), ("a", "2")), (b"x", b"y"))
        status, headers, body = await rig(answer).send(asked)
        assert (status, headers.get_all("a"), body) == (206, ["1", "2"], b"xy")
