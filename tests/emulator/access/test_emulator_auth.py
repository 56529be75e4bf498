from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from bare_http import Reply, ask

from storage_stream.emulator import Emulator
from storage_stream.emulator.access.tokens import TokenBook

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
BUCKETS = "/storage/v1/b?project=p"
SESSION = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(require_auth=True, token_lifetime=3600) as emulator:
        yield emulator


async def ask_token(emulator: Emulator, **form: str) -> Reply:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await ask(emulator.url, "POST", "/token", headers=headers, body=urlencode(form).encode())


async def bearer(emulator: Emulator) -> dict[str, str]:
    reply = await ask_token(emulator, grant_type=JWT_GRANT, assertion="a.b.c")
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


async def status_with(emulator: Emulator, headers: dict[str, str]) -> int:
    return (await ask(emulator.url, "GET", BUCKETS, headers=headers)).status


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": JWT_GRANT, "assertion": "a.b.c"},
        {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "c"},
        {"grant_type": "client_credentials"},
    ],
    ids=lambda form: form["grant_type"],
)
async def test_a_token_that_was_given_lets_in(emulator: Emulator, form: dict[str, str]) -> None:
    reply = await ask_token(emulator, **form)
    token = reply.json()
    assert reply.status == 200
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert reply.header("Cache-Control") == "no-store"
    assert await status_with(emulator, {"Authorization": f"Bearer {token['access_token']}"}) == 200


async def test_whose_machine_it_is_needs_no_token(emulator: Emulator) -> None:
    path = "/computeMetadata/v1/instance/service-accounts/default/email"
    headers = {"Metadata-Flavor": "Google"}
    assert (await ask(emulator.url, "GET", path, headers=headers)).status == 200
    sign = "/v1/projects/-/serviceAccounts/default@emulator.iam.gserviceaccount.com:signBlob"
    assert (await ask(emulator.url, "POST", sign, body=b'{"payload": "AAAA"}')).status == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": JWT_GRANT}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, "invalid_request"),
    ],
)
async def test_a_wrong_form_is_refused_as_oauth_says(
    emulator: Emulator, form: dict[str, str], error: str
) -> None:
    reply = await ask_token(emulator, **form)
    assert (reply.status, reply.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic YTpi"}]
)
async def test_nobody_else_gets_in(emulator: Emulator, headers: dict[str, str]) -> None:
    reply = await ask(emulator.url, "GET", BUCKETS, headers=headers)
    assert reply.status == 401
    assert reply.json()["error"]["errors"][0]["reason"] == "authError"
    assert (reply.header("WWW-Authenticate") or "").startswith("Bearer")


async def test_expired_tokens_count_no_more(emulator: Emulator) -> None:
    headers = await bearer(emulator)
    assert await status_with(emulator, headers) == 200
    emulator.expire_tokens()
    assert await status_with(emulator, headers) == 401
    headers = await bearer(emulator)
    assert (await ask(emulator.url, "POST", "/_emulator/expire_tokens")).status == 200
    assert await status_with(emulator, headers) == 401
    assert await status_with(emulator, await bearer(emulator)) == 200


async def test_the_uri_of_a_session_stands_for_a_token(emulator: Emulator) -> None:
    headers = await bearer(emulator)
    started = await ask(emulator.url, "POST", SESSION, headers=headers, body=b"{}")
    session = (started.header("Location") or "").removeprefix(emulator.url)
    assert (await ask(emulator.url, "PUT", session, body=b"abc")).status == 200
    wrong = {"Authorization": "Bearer made-up"}
    assert (await ask(emulator.url, "PUT", session, headers=wrong, body=b"abc")).status == 401


async def test_an_unverified_signature_opens_nothing(emulator: Emulator) -> None:
    target = "/bucket/name?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature=00"
    assert (await ask(emulator.url, "GET", target)).status == 400


async def test_without_require_auth_everybody_gets_in() -> None:
    async with Emulator() as emulator:
        assert await status_with(emulator, {}) == 200
        assert await status_with(emulator, {"Authorization": "Bearer made-up"}) == 200


async def test_the_own_paths_need_no_token(emulator: Emulator) -> None:
    for path in ("/_emulator/status", "/_emulator/requests", "/retry_tests"):
        assert (await ask(emulator.url, "GET", path)).status == 200


async def test_token_requests_are_logged(emulator: Emulator) -> None:
    await bearer(emulator)
    assert [(e.operation, e.status) for e in emulator.log] == [("oauth2.token", 200)]


def test_a_token_ends_with_its_lifetime() -> None:
    now = [100.0]
    tokens = TokenBook(10.0, required=True, now=lambda: now[0])
    token = tokens.issue()
    assert tokens.accepts(token)
    now[0] = 109.9
    assert tokens.accepts(token)
    now[0] = 110.0
    assert not tokens.accepts(token)
    assert tokens.issue() != token
    assert not tokens.accepts("")
