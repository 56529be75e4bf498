"""The one way to the service: who gets the token, and what is repeated."""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sender_rig import GET, OK, OPTIONS, POST, ROOT, SECRET, Tokens, operation, rig

from storage_stream._protocol.http import Headers, Request
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.replies import parse_json
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._transport.credentials import Anonymous
from storage_stream._transport.sender import is_loopback
from storage_stream.errors import (
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    CredentialsError,
    InsecureTransport,
    NotFound,
    ProtocolError,
    RequestTimeout,
    ServerError,
    StorageError,
    Unauthorized,
)
from storage_stream.testing import Answer, FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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

    async def test_the_requests_timeout_is_the_tokens_too(self) -> None:
        tokens = Tokens()
        await rig(OK, credentials=tokens).send(GET, timeout=0.5)
        assert tokens.timeouts == [0.5]

    async def test_no_token_to_be_had_sends_nothing(self) -> None:
        class Nothing(Tokens):
            async def token(self, timeout: float | None = None) -> str:  # noqa: ASYNC109, ARG002 - as Credentials
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
        session = SimpleNamespace(request=print)
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


_KEYS = Headers.of({"x-goog-encryption-key": SECRET})


class TestWhereAServiceSendsItOn:
    """A session's address is a whole URL, and whoever answers says which."""

    @pytest.mark.parametrize("place", ["http://gcs.test/session", "http://10.0.0.1/session"])
    async def test_not_from_https_to_plain_http(self, place: str) -> None:
        r = rig(OK)
        with pytest.raises(InsecureTransport, match="plain http"):
            await r.sender.open(Request("PUT", place, body=b"data"), OPTIONS)
        assert r.network.requests == []

    @pytest.mark.parametrize(
        ("root", "place"),
        [
            ("https://gcs.test", "https://elsewhere.test/session"),
            ("https://gcs.test", "http://127.0.0.1:1/session"),
            ("http://127.0.0.1:1", "http://127.0.0.1:2/session"),
            ("http://service:4443", "http://other:4443/session"),
        ],
    )
    async def test_elsewhere_without_a_key(self, root: str, place: str) -> None:
        r = rig(OK, root=root, credentials=Anonymous())
        (await r.sender.open(Request("PUT", place), OPTIONS)).close()
        with pytest.raises(InsecureTransport, match="key"):
            await r.sender.open(Request("PUT", place, _KEYS), OPTIONS)
        assert len(r.network.requests) == 1

    @pytest.mark.parametrize("place", ["/session", "https://gcs.test/x", "https://gcs.test:443/x"])
    async def test_a_key_goes_to_the_service_itself(self, place: str) -> None:
        r = rig(OK)
        (await r.sender.open(Request("PUT", place, _KEYS), OPTIONS)).close()
        assert "x-goog-encryption-key" in r.network.requests[0].headers
