"""What strangers send, and what strangers stored: a clear refusal, and nothing that runs."""

import itertools
import json

import pydantic
import pytest
from aiohttp import web
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from outputs_clients import BareClient, port_of, uvicorn_port
from outputs_servers import BUCKET, asking

from storage_stream import Storage
from storage_stream.outputs import (
    Blob,
    BlobBytes,
    BlobIOContextDep,
    BlobManager,
    BlobNotFound,
    blob_serialisation_context_manager,
)
from storage_stream.outputs.planning.plan import plan_response
from storage_stream.outputs.planning.representation import (
    Representation,
    RequestHead,
    http_date,
    parse_date,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

FRAMEWORKS = pytest.mark.parametrize("framework", ["fastapi", "aiohttp"])
PNG = b"\x89PNG" * 10


class MyImageBlob(Blob):
    media_type = "image/png"


def linking_app(framework: str, manager: BlobManager, blob: Blob) -> FastAPI | web.Application:
    """An app that gives the link of one blob."""
    if framework == "fastapi":
        made = FastAPI()
        manager.attach_to_app(made)

        @made.get("/link")
        async def link(_: BlobIOContextDep) -> MyImageBlob:
            assert isinstance(blob, MyImageBlob)
            return blob

        return made

    async def answer(request: web.Request) -> web.Response:
        async with blob_serialisation_context_manager(request):
            return web.json_response(blob.to_dict())

    app = web.Application()
    manager.attach_to_app(app)
    app.router.add_get("/link", answer)
    return app


@FRAMEWORKS
@pytest.mark.parametrize(
    "host", ["[", "a b", "evil/x?", "here:99999", "\xff", "", "x:y", "a@b", "[::1", "a,b", "%41"]
)
async def test_a_host_that_is_none_gets_into_no_link(framework: str, host: str) -> None:
    async with port_of(linking_app(framework, BlobManager(), MyImageBlob.from_bytes(PNG))) as port:
        client = await BareClient.at(port)
        client.ask("/link", "Connection: close", host=host)
        head = await client.head()
        body = await client.reader.read()
        await client.close()
    # Newer Starlettes take the server's own address then.
    assert head.split()[1] in ({"200", "400"} if framework == "fastapi" else {"400"})
    if head.split()[1] == "200":
        assert json.loads(body)["href"].startswith(f"http://127.0.0.1:{port}/blob/")


@FRAMEWORKS
async def test_known_addresses_stand_above_the_host(framework: str) -> None:
    manager = BlobManager(base_urls=["https://api.example.org"])
    async with port_of(linking_app(framework, manager, MyImageBlob.from_bytes(PNG))) as port:
        for host, *lines in [
            ("[",),
            ("evil.example",),
            ("here", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: ftp"),
            ("here", "Forwarded: host=evil.example", "X-Forwarded-Prefix: /evil"),
        ]:
            client = await BareClient.at(port)
            client.ask("/link", "Connection: close", *lines, host=host)
            await client.head()
            told = json.loads(await client.reader.read())
            assert told["href"].startswith("https://api.example.org/blob/")
            await client.close()


FORGED = [
    "http://here/blob/{id}#x",
    "http://here/blob/{id}%00",
    "http://here/blob/{id}\\",
    "http://here/blob/{ID}",
    "http://here/blob/{id} ",
    " http://here/blob/{id}",
    "HTTP://here/blob/{id}",
    "http://HERE/blob/{id}",
    "http://here:80/blob/{id}",
    "http://here./blob/{id}",
    "http://here%2fblob/{id}",
    "http://here\\@evil/blob/{id}",
    "http://user:pw@here/blob/{id}",
    "http://\uff48ere/blob/{id}",
    "http://here/blob%2F{id}",
    "http://here/%62lob/{id}",
    "http://here/./blob/{id}",
    "http://here/blob/./{id}",
    "http://here/blob/x/../{id}",
    "http:///here/blob/{id}",
    "//here/blob/{id}",
    "http://here/blob/{{id}}",
    "http://here/blob/urn:uuid:{id}",
    "http://here/blob/{hex}",
    "data:image/png;base64,AAAA",
    "gs://bucket/{id}",
    "http://169.254.169.254/blob/{id}",
    "http://here/blob/" + "0" * 100_000,
]


@pytest.mark.parametrize("number", range(len(FORGED)))
def test_a_link_is_compared_to_the_letter(number: int) -> None:
    data = BlobBytes(PNG, "image/png")
    manager = BlobManager()
    own = manager.add_blob(data)
    href = FORGED[number]
    for name, value in {"id": str(own), "ID": str(own).upper(), "hex": own.hex}.items():
        href = href.replace(f"{{{name}}}", value)
    with manager.context("http://here"):
        assert MyImageBlob(href=f"http://here/blob/{own}").data is data
        with pytest.raises(pydantic.ValidationError, match="not a link to a blob of this server"):
            MyImageBlob(href=href)


def test_a_link_of_another_manager_is_unknown() -> None:
    other = BlobBytes(PNG, "image/png")
    link = f"http://here/blob/{BlobManager().add_blob(other)}"
    with BlobManager().context("http://here"), pytest.raises(BlobNotFound):
        MyImageBlob(href=link)


RUN = [
    *("text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml"),
    *("text/xml", "application/xml", "application/rss+xml", "multipart/x-mixed-replace"),
]


@FRAMEWORKS
async def test_what_a_browser_runs_is_told_to_run_nothing(
    storage: Storage, gcs: EmulatorHandle, framework: str
) -> None:
    for number, kind in enumerate([*RUN, "image/png", "text/plain", "video/mp4"]):
        gcs.put(BUCKET, str(number), b"<script>", contentType=kind)
    async with asking(framework, storage, BlobManager()) as ask:
        for number in range(len(RUN)):
            for headers in ({}, {"Range": "bytes=0-3"}, {"Range": "bytes=0-1,3-4"}):
                told = await ask(f"/objects/{number}", headers)
                assert told.headers["content-security-policy"] == "sandbox"
                assert told.headers["x-content-type-options"] == "nosniff"
        for number in range(len(RUN), len(RUN) + 3):
            assert "content-security-policy" not in (await ask(f"/objects/{number}")).headers


@FRAMEWORKS
async def test_ones_own_pages_may_run_and_headers_are_added(
    storage: Storage, gcs: EmulatorHandle, framework: str
) -> None:
    gcs.put(BUCKET, "page", b"<script>", contentType="text/html")
    added = {
        "Content-Security-Policy": "default-src 'self'",
        "Cache-Control": "max-age=60",
        "Content-Length": "5",
        "ETag": '"mine"',
    }
    async with asking(framework, storage, BlobManager(), headers=added) as ask:
        told = await ask("/objects/page")
        assert told.headers["content-security-policy"] == "default-src 'self'"
        assert told.headers["cache-control"] == "max-age=60"
        assert told.headers["content-length"] == "8"
        assert told.headers["etag"] != '"mine"'
        missing = await ask("/objects/nothing")
        assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")
    assert list(added) == [*added], "the caller's are left as they are"


@FRAMEWORKS
async def test_what_is_not_to_be_shown_needs_no_name_for_that(
    storage: Storage, gcs: EmulatorHandle, framework: str
) -> None:
    gcs.put(BUCKET, "page", b"<script>", contentType="text/html")
    async with asking(framework, storage, BlobManager(), inline=False) as ask:
        for headers in ({}, {"Range": "bytes=0-3"}):
            told = await ask("/objects/page", headers)
            assert told.headers["content-disposition"] == "attachment"


@settings(max_examples=100)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_a_date_says_it_is_a_date_or_none(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_the_three_forms_of_a_date(text: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert http_date(found) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_conditions_in_the_order_of_the_rfc() -> None:
    """RFC 9110 §13.2.2, step by step, over all combinations of what can be said."""
    moment = parse_date("Sun, 06 Nov 1994 08:49:37 GMT")
    there = Representation(10, "image/png", '"a"', moment)
    old, same = "Sat, 05 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"
    tags = [None, '"a"', '"b"', 'W/"a"', "*"]
    for if_match, if_none_match in itertools.product(tags, tags):
        for unmodified, modified in itertools.product([None, old, same], [None, old, same]):
            head = RequestHead("GET", if_match, if_none_match, modified, unmodified)
            is_another = if_match in {'"b"', 'W/"a"'}
            if is_another or (if_match is None and unmodified == old):
                expected = 412
            elif if_none_match is not None:
                expected = 200 if if_none_match == '"b"' else 304
            else:
                expected = 304 if modified == same else 200
            assert plan_response(head, there).status == expected, head


@FRAMEWORKS
async def test_headers_that_come_twice_are_one_list(framework: str) -> None:
    manager = BlobManager()
    data = BlobBytes(bytes(range(100)), "image/png")
    path = f"/blob/{manager.add_blob(data)}"
    app = linking_app(framework, manager, MyImageBlob.from_bytes(PNG))
    async with port_of(app) as port:
        client = await BareClient.at(port)
        client.ask(path, "Range: bytes=0-1", "Range: bytes=5-6", "Connection: close")
        assert " 200 " in await client.head()  # "bytes=0-1, bytes=5-6" is not well formed
        assert len(await client.reader.read()) == 100
        await client.close()
        client = await BareClient.at(port)
        client.ask(path, 'If-None-Match: "x"', "If-None-Match: *x", "Connection: close")
        assert " 200 " in await client.head()
        await client.close()


async def test_the_body_of_a_request_is_let_be(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put(BUCKET, "object", bytes(1_000_000))
    async with uvicorn_port(storage) as port:
        client = await BareClient.at(port)
        client.ask("/objects/object", "Content-Length: 5")
        client.writer.write(b"hello")
        assert " 200 " in await client.head()
        assert await client.reader.readexactly(1_000_000) == bytes(1_000_000)
        client.ask("/objects/object", "Range: bytes=0-0")
        assert " 206 " in await client.head()
        await client.close()
