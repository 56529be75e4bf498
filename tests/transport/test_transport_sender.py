"""The one way to the service: who gets the token, what is repeated, and what a refusal becomes."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from storage_stream._protocol.http import Framing, Headers, Reply, Request
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.replies import parse_json
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._transport.credentials import Anonymous, Credentials
from storage_stream._transport.sender import Sender, is_loopback
from storage_stream.errors import (
    BadRequest,
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    CredentialsError,
    Forbidden,
    InsecureTransport,
    NotFound,
    ProtocolError,
    RequestTimeout,
    ResponseError,
    ServerError,
    StorageError,
    TooManyRequests,
    TransferStalled,
    TransportError,
    Unauthorized,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = "https://gcs.test"
OK = Answer(body=b"{}")
SECRET = "ya29.s3cret"
OPTIONS = RequestOptions()


@dataclass
class Tokens:
    """Credentials that count."""

    values: list[str] = field(default_factory=lambda: [f"{SECRET}-{n}" for n in range(9)])
    told: list[str] = field(default_factory=list)

    async def token(self) -> str:
        return self.values[0]

    def refused(self, token: str) -> None:
        self.told.append(token)
        self.values.remove(token)

    async def close(self) -> None: ...


@dataclass
class Rig:
    """A sender between a script and a clock."""

    network: MemoryTransport
    credentials: Credentials = field(default_factory=Tokens)
    root: str = ROOT
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def sender(self) -> Sender:
        return Sender(
            self.network,
            self.credentials,
            root=self.root,
            clock=self.clock,
            random=lambda: 0.5,
            user_agent="us/1",
        )

    async def send(self, operation: Operation[Any], **options: Any) -> Any:
        return await self.sender.send(operation, RequestOptions.of(options, OPTIONS))

    async def fails(self, operation: Operation[Any], **options: Any) -> StorageError:
        with pytest.raises(StorageError) as caught:
            await self.send(operation, **options)
        assert self.network.open == 0
        assert self.clock.timers == 0
        return caught.value


def rig(*outcomes: Answer | StorageError, **fields: Any) -> Rig:
    return Rig(MemoryTransport(outcomes), **fields)


def operation(
    idempotence: Idempotence = Idempotence.ALWAYS,
    query: tuple[tuple[str, str], ...] = (),
    method: str = "GET",
    path: str = "/storage/v1/b/x/o/y",
) -> Operation[Any]:
    return Operation(
        "storage.objects.get",
        method,
        path,
        parse_json,
        "gs://x/y",
        query,
        idempotence=idempotence,
    )


GET = operation()
POST = operation(Idempotence.NEVER, method="POST")


class TestAuthorization:
    async def test_a_request_below_our_root_carries_the_token(self) -> None:
        r = rig(OK)
        await r.send(GET)
        (sent,) = r.network.requests
        assert sent.url == f"{ROOT}/storage/v1/b/x/o/y"
        assert sent.headers.get_all("authorization") == [f"Bearer {SECRET}-0"]
        assert sent.headers.get("user-agent") == "us/1"

    async def test_a_session_of_our_root_does_too(self) -> None:
        r = rig(OK)
        reply = await r.sender.open(Request("PUT", f"{ROOT}/upload?upload_id=1"), OPTIONS)
        reply.close()
        assert r.network.requests[0].headers.get("authorization") is not None

    @pytest.mark.parametrize(
        "target",
        [
            "https://elsewhere.test/upload?upload_id=1",
            "https://gcs.test.elsewhere.test/x",
            "https://gcs.test@elsewhere.test/x",
            "https://gcs.test:444/x",
            "http://gcs.test/x",
            "https://gcs.test",
        ],
    )
    async def test_no_other_place_gets_it(self, target: str) -> None:
        r = rig(OK)
        reply = await r.sender.open(Request("PUT", target), OPTIONS)
        reply.close()
        assert r.network.requests[0].url == target
        assert "authorization" not in r.network.requests[0].headers

    async def test_without_credentials_there_is_no_such_header(self) -> None:
        r = rig(OK, credentials=Anonymous())
        await r.send(GET)
        assert "authorization" not in r.network.requests[0].headers

    async def test_the_callers_own_headers_win(self) -> None:
        r = rig(OK)
        await r.send(GET, headers={"Authorization": "Basic x", "User-Agent": "them"})
        (sent,) = r.network.requests
        assert sent.headers.get_all("authorization") == ["Basic x"]
        assert sent.headers.get_all("user-agent") == ["them"]

    @pytest.mark.parametrize(
        "root", ["http://storage.test", "http://10.0.0.1:80", "http://127.0.0.1.elsewhere.test"]
    )
    async def test_it_does_not_travel_over_plain_http(self, root: str) -> None:
        r = rig(root=root)
        error = await r.fails(GET)
        assert isinstance(error, InsecureTransport)
        assert r.network.requests == []

    @pytest.mark.parametrize(
        "root", ["http://127.0.0.1:1", "http://127.1.2.3", "http://localhost", "http://[::1]:80"]
    )
    async def test_but_within_this_machine(self, root: str) -> None:
        r = rig(OK, root=root)
        await r.send(GET)
        assert r.network.requests[0].headers.get("authorization") is not None

    async def test_nothing_secret_may_go_over_plain_http(self) -> None:
        r = rig(OK, root="http://storage.test", credentials=Anonymous())
        await r.send(GET)
        assert len(r.network.requests) == 1

    @pytest.mark.parametrize("host", [None, "", "127", "127.evil.test", "localhost.evil.test"])
    def test_loopback_is_an_address_and_no_prefix(self, host: str | None) -> None:
        assert not is_loopback(host)


class TestRefusedToken:
    async def test_it_is_replaced_once_without_a_wait_and_without_using_the_budget(self) -> None:
        r = rig(Answer(401), OK)
        await r.send(GET, retries=0)
        sent = [request.headers.get("authorization") for request in r.network.requests]
        assert sent == [f"Bearer {SECRET}-0", f"Bearer {SECRET}-1"]
        assert r.clock.sleeps == []

    async def test_also_for_what_must_not_be_repeated(self) -> None:
        r = rig(Answer(401), OK)  # a request that is refused was not carried out
        await r.send(POST)
        assert len(r.network.requests) == 2

    async def test_twice_refused_is_unauthorized(self) -> None:
        tokens = Tokens()
        r = rig(Answer(401), Answer(401), OK, credentials=tokens)
        error = await r.fails(GET)
        assert type(error).__name__ == "Unauthorized"
        assert isinstance(error, Unauthorized)
        assert tokens.told == [f"{SECRET}-0"]
        assert r.network.unused == 1

    async def test_without_a_token_there_is_nothing_to_replace(self) -> None:
        r = rig(Answer(401), OK, credentials=Anonymous())
        assert isinstance(await r.fails(GET), Unauthorized)
        assert len(r.network.requests) == 1

    async def test_the_callers_own_token_is_not_ours_to_replace(self) -> None:
        tokens = Tokens()
        r = rig(Answer(401), OK, credentials=tokens)
        error = await r.fails(GET, headers={"Authorization": "Bearer theirs"})
        assert isinstance(error, Unauthorized)
        assert len(r.network.requests) == 1
        assert tokens.told == []

    async def test_no_token_to_be_had_sends_nothing(self) -> None:
        class Nothing(Tokens):
            async def token(self) -> str:
                raise CredentialsError("none")

        r = rig(OK, credentials=Nothing())
        error = await r.fails(GET)
        assert isinstance(error, CredentialsError)
        assert (error.method, error.subject, error.attempts) == ("GET", "gs://x/y", 1)
        assert r.network.requests == []


TRANSIENT: list[Answer | StorageError] = [
    *(Answer(status) for status in (408, 429, 500, 502, 503, 504)),
    ConnectFailed("refused"),
    ConnectionLost("reset"),
    RequestTimeout("silent"),
    Answer(body=b"{}", break_after=1),
]
FINAL: list[Answer | StorageError] = [
    *(Answer(status) for status in (304, 400, 403, 404, 409, 410, 412, 416, 501, 505)),
    Answer(body=b"<html>"),
    ProtocolError("garbage"),
    ClientClosed("closed"),
]
NEVER_SENT: list[Answer | StorageError] = [Answer(429), ConnectFailed("refused")]


def known_as(outcome: Answer | StorageError) -> str:
    if isinstance(outcome, StorageError):
        return type(outcome).__name__
    return f"{outcome.status}-{outcome.break_after}"


class TestRepeats:
    @pytest.mark.parametrize("outcome", TRANSIENT, ids=known_as)
    async def test_what_may_pass_is_repeated(self, outcome: Answer | StorageError) -> None:
        r = rig(outcome, outcome, OK)
        assert await r.send(GET) == {}
        assert r.clock.sleeps == [0.5, 1.0]
        assert r.network.open == 0

    @pytest.mark.parametrize("outcome", FINAL, ids=known_as)
    async def test_what_will_not_is_told_at_once(self, outcome: Answer | StorageError) -> None:
        r = rig(outcome, OK)
        error = await r.fails(GET)
        assert r.network.unused == 1
        assert error.attempts == 1

    @pytest.mark.parametrize(
        ("idempotence", "query", "repeated"),
        [
            (Idempotence.ALWAYS, (), True),
            (Idempotence.NEVER, (), False),
            (Idempotence.NEVER, (("ifGenerationMatch", "1"),), False),
            (Idempotence.IF_GENERATION, (), False),
            (Idempotence.IF_GENERATION, (("ifGenerationMatch", "0"),), True),
            (Idempotence.IF_GENERATION, (("generation", "5"),), True),
            (Idempotence.IF_GENERATION, (("ifGenerationNotMatch", "5"),), False),
            (Idempotence.IF_GENERATION, (("ifMetagenerationMatch", "5"),), False),
            (Idempotence.IF_METAGENERATION, (), False),
            (Idempotence.IF_METAGENERATION, (("ifMetagenerationMatch", "5"),), True),
            (Idempotence.IF_METAGENERATION, (("ifGenerationMatch", "5"),), False),
        ],
    )
    async def test_only_what_is_idempotent_as_it_was_asked(
        self, idempotence: Idempotence, query: tuple[tuple[str, str], ...], *, repeated: bool
    ) -> None:
        asked = operation(idempotence, query, "POST")
        r = rig(Answer(503), OK)
        if repeated:
            await r.send(asked)
        else:
            assert isinstance(await r.fails(asked), ServerError)
        assert len(r.network.requests) == 1 + repeated

    async def test_a_precondition_among_the_callers_parameters_counts(self) -> None:
        r = rig(Answer(503), OK)
        asked = operation(Idempotence.IF_GENERATION, method="POST")
        await r.send(asked, params={"ifGenerationMatch": 7})
        assert len(r.network.requests) == 2

    @pytest.mark.parametrize("outcome", NEVER_SENT, ids=known_as)
    async def test_anything_that_certainly_was_not_carried_out(
        self, outcome: Answer | StorageError
    ) -> None:
        r = rig(outcome, OK)
        assert await r.send(POST) == {}

    @pytest.mark.parametrize(
        "outcome",
        [o for o in TRANSIENT if known_as(o) not in map(known_as, NEVER_SENT)],
        ids=known_as,
    )
    async def test_nothing_else(self, outcome: Answer | StorageError) -> None:
        r = rig(outcome, OK)
        await r.fails(POST)
        assert len(r.network.requests) == 1

    async def test_unless_the_caller_wants_it(self) -> None:
        r = rig(Answer(503), ConnectionLost("reset"), OK)
        await r.send(POST, retry=RetryPolicy(always=True))
        assert len(r.network.requests) == 3

    async def test_always_does_not_mean_errors_that_will_not_pass(self) -> None:
        r = rig(Answer(404), OK)
        assert isinstance(await r.fails(POST, retry=RetryPolicy(always=True)), NotFound)

    @pytest.mark.parametrize("retries", [0, 1, 5])
    async def test_the_budget_ends(self, retries: int) -> None:
        r = rig(*[Answer(503)] * 9)
        error = await r.fails(GET, retries=retries)
        assert error.attempts == retries + 1 == len(r.network.requests)
        assert error.elapsed == pytest.approx(sum(r.clock.sleeps))

    async def test_every_attempt_gets_the_whole_timeout_and_the_same_session(self) -> None:
        session = object()
        r = rig(Answer(503), OK)
        await r.send(GET, timeout=3, session=session)
        assert [(q.timeout, q.session) for q in r.network.requests] == [(3.0, session)] * 2

    async def test_a_cancelled_wait_sends_nothing_more(self) -> None:
        clock = FakeClock(auto_advance=False)
        r = rig(Answer(503), OK, clock=clock)
        sending = asyncio.ensure_future(r.send(GET))
        await clock.wait_for_sleeper()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert len(r.network.requests) == 1
        assert clock.sleepers == 0

    async def test_a_failure_of_the_source_is_the_callers_own_and_final(self) -> None:
        class Broken:
            length = 3

            async def chunks(self) -> AsyncIterator[bytes]:
                if self.length:
                    raise LookupError("theirs")
                yield b""

        asked = Operation("x", "POST", "/x", parse_json, "gs://x/y", body=Broken())
        r = rig(OK)
        with pytest.raises(LookupError, match="theirs"):
            await r.send(asked)
        assert r.network.requests == []


class TestRetryAfter:
    async def test_seconds_are_a_lower_bound(self) -> None:
        r = rig(Answer(503, {"retry-after": "7"}), Answer(429, {"retry-after": "0"}), OK)
        await r.send(GET)
        assert r.clock.sleeps == [7.0, 1.0]

    async def test_a_date_counts_from_the_clocks_time_of_day(self) -> None:
        clock = FakeClock(wall=1_700_000_000)
        when = formatdate(1_700_000_042, usegmt=True)
        r = rig(Answer(503, {"retry-after": when}), OK, clock=clock)
        await r.send(GET)
        assert r.clock.sleeps == [42.0]

    @pytest.mark.parametrize(
        "value", ["soon", "-5", "1.5", "", "²", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Foo"]
    )
    async def test_what_is_past_or_unreadable_asks_for_nothing(self, value: str) -> None:
        r = rig(Answer(503, {"retry-after": value}), OK)
        await r.send(GET)
        assert r.clock.sleeps == [0.5]

    async def test_more_than_we_are_ready_to_wait_is_the_callers_decision(self) -> None:
        r = rig(Answer(503, {"retry-after": "121"}), OK)
        error = await r.fails(GET)
        assert isinstance(error, ServerError)
        assert error.headers["retry-after"] == "121"


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
