"""What pages of other sites, and hostile names, may do with the emulator: nothing."""

import itertools
from collections.abc import Mapping

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from wire_client import WireClient
from yarl import URL

from storage_stream.emulator import Emulator, RequestLog
from storage_stream.emulator.access.admission import Admission
from storage_stream.emulator.access.visitors import is_asked_by_foreign_page
from storage_stream.emulator.control_routes import control_routes

STRANGERS = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},  # a sandboxed page, such as one that somebody keeps in a bucket
    {"Origin": "http://127.0.0.1.evil.example"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Host": "evil.example"},
]
CHANGES = [
    ("POST", "/_emulator/arm_next"),
    ("POST", "/_emulator/advance_clock"),
    ("POST", "/_emulator/expire_tokens"),
    ("POST", "/retry_test"),
    ("DELETE", "/_emulator/requests"),
    ("DELETE", "/_emulator/arm_next"),
]
ARMED = b'{"instructions": {"storage.objects.get": ["return-503"]}, "seconds": 5}'


@pytest.mark.parametrize("stranger", STRANGERS, ids=range(len(STRANGERS)))
async def test_no_foreign_page_changes_the_emulator(
    emulator: Emulator, wire: WireClient, stranger: Mapping[str, str]
) -> None:
    await wire.upload("kept", b"x")
    now = emulator.clock.seconds()
    for method, path in CHANGES:  # as a form sends it, of which a browser asks nobody before
        headers = {"Content-Type": "text/plain", **stranger}
        assert (await wire.send(method, path, body=ARMED, headers=headers)).status == 403
    assert emulator.faults.waiting() == {}
    assert emulator.faults.states() == []
    assert len(emulator.log) == 1
    assert emulator.clock.seconds() - now < 5


@pytest.mark.parametrize("stranger", STRANGERS[:4], ids=range(4))
async def test_no_foreign_page_stores_anything(
    wire: WireClient, stranger: Mapping[str, str]
) -> None:
    assert (await wire.upload("x", b"x", headers=stranger)).status == 403
    assert (await wire.send("GET", "/storage/v1/b/bucket/o/x")).status == 404


async def test_the_user_follows_a_link_to_the_console(wire: WireClient) -> None:
    for site, mode in itertools.product(["cross-site", "same-origin", "none"], ["navigate"]):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
        assert (await wire.send("GET", "/_console", headers=headers)).status == 200
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    for path in ("/_console/about", "/_emulator/requests", "/retry_tests", "/_console/events"):
        assert (await wire.send("GET", path, headers=headers)).status == 403


@pytest.mark.parametrize(
    ("headers", "is_foreign"),
    [
        ({"Host": "team.example:4443"}, False),
        ({"Host": "team.example:4443", "Origin": "http://team.example:4443"}, False),
        ({"Host": "team.example:4443", "Origin": "http://localhost:3000"}, False),
        ({"Host": "team.example:4443", "Origin": "http://team.example"}, True),
        ({"Host": "team.example:4443", "Origin": "http://evil.example:4443"}, True),
        ({"Host": "team.example:4443", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
    ],
    ids=range(8),
)
async def test_an_emulator_for_others_keeps_its_switches(
    headers: Mapping[str, str], *, is_foreign: bool
) -> None:
    request = make_mocked_request("POST", "/_emulator/arm_next", headers=headers)
    assert is_asked_by_foreign_page(request) is is_foreign
    unbound = Emulator()
    admission = Admission(unbound.tokens, unbound.signers, unbound.clock)
    app = web.Application()
    app.add_routes(control_routes(RequestLog(), unbound.faults, admission, unbound._status))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        body = b'{"instructions": {}}'
        answer = await client.post("/_emulator/arm_next", data=body, headers=headers)
        assert answer.status == (403 if is_foreign else 200)


SECRETS = {
    "Authorization": "Bearer SECRET",
    "Cookie": "a=SECRET",
    "X-Goog-Api-Key": "SECRET",
    "X-Amz-Security-Token": "SECRET",
    "X-Goog-Encryption-Key": "SECRET",
    "Referer": "http://127.0.0.1/?access_token=SECRET&a=b",
}


async def test_the_log_shows_no_tokens_and_keys(emulator: Emulator, wire: WireClient) -> None:
    query = {
        "X-Goog-Signature": "SECRET",
        "access_token": "SECRET",
        "key": "SECRET",
        "prefix": "shown",
    }
    await wire.send("GET", "/bucket/x", headers=SECRETS, **query)
    started = await wire.send(
        "POST", "/upload/storage/v1/b/bucket/o", uploadType="resumable", name="x"
    )
    session = URL(started.headers["Location"]).query["upload_id"]
    await wire.send(
        *("PUT", "/upload/storage/v1/b/bucket/o"),
        headers={"Content-Range": "bytes */*"},
        uploadType="resumable",
        upload_id=session,
    )
    told = (await wire.send("GET", "/_emulator/requests")).body.decode()
    assert "SECRET" not in told
    assert session not in told
    assert session[:8] in told
    assert "prefix=shown" in told
    assert emulator.log[0].headers["Authorization"] == "Bearer SECRET", "tests may assert on it"


HOSTILE = [
    *("%00", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "a%0d%0aSet-Cookie:%20b", "%FF", "%C3"),
    *("x" * 1100, "%E2%80%AE", "%2F%2F", "%", "%zz", "'%22%3E%3Cscript%3E", "b%5Cc", "a;b"),
]


async def test_hostile_names_are_refused_or_not_there(emulator: Emulator) -> None:
    places = [
        "/_console/view/text/plain/b/{0}/o/{1}",
        "/_console/download/b/{0}/o/{1}",
        "/_console/assets/{1}",
        "/_console/{1}",
        "/_console/view/{1}/{1}/b/{0}/o/x",
    ]
    async with ClientSession() as session:
        for place, name in itertools.product(places, HOSTILE):
            for bucket, method in itertools.product(["bucket", name], ["GET", "HEAD", "POST"]):
                url = URL(emulator.url + place.format(bucket, name), encoded=True)
                async with session.request(method, url) as answer:
                    assert 400 <= answer.status < 500, url
                    assert "Set-Cookie" not in answer.headers


async def test_what_a_name_hides_stays_in_its_header(wire: WireClient) -> None:
    stored = await wire.upload('a/\u202egnp.exe"; filename=evil.html', b"x")
    place = stored.json["selfLink"].rpartition("/o/")[2]
    answer = await wire.send("GET", f"/_console/download/b/bucket/o/{place}")
    assert "filename=evil" not in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].isascii()
