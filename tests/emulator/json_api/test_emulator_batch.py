"""Several calls in one request.

https://cloud.google.com/storage/docs/batch
"""

import asyncio
import email.parser
import json
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from google.auth.credentials import AnonymousCredentials
from google.cloud.exceptions import NotFound
from google.cloud.storage import Client  # type: ignore[import-untyped] # it ships no types
from wire_client import Answer, WireClient, object_path

from storage_stream.emulator import Emulator

BATCH = "/batch/storage/v1"
MIXED = {"Content-Type": "multipart/mixed; boundary=edge"}


@dataclass
class Part:
    content_id: str
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(method: str, target: str, body: object = None, **headers: str) -> str:
    content = "" if body is None else json.dumps(body)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", content])


def batch_of(*calls: str) -> bytes:
    parts = [
        "--edge\r\nContent-Type: application/http\r\n"
        f"Content-ID: <id+{number}>\r\n\r\n{content}\r\n"
        for number, content in enumerate(calls, 1)
    ]
    return ("".join(parts) + "--edge--\r\n").encode()


def parts_of(answer: Answer) -> list[Part]:
    assert answer.status == 200
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser().parsebytes(head + answer.body)
    assert not message.defects
    return [_part(part) for part in message.walk() if not part.is_multipart()]


def _part(part: Any) -> Part:
    assert part.get_content_type() == "application/http"
    status_line, _, rest = part.get_payload().partition("\r\n")
    inner = email.parser.Parser().parsestr(rest)
    status = int(status_line.split()[1])
    return Part(part["Content-ID"], status, dict(inner.items()), str(inner.get_payload()))


async def send(wire: WireClient, *calls: str, **headers: str) -> list[Part]:
    return parts_of(await wire.send("POST", BATCH, headers=MIXED | headers, body=batch_of(*calls)))


async def test_each_call_is_answered_on_its_own(wire: WireClient) -> None:
    await wire.upload("one", b"1")
    await wire.upload("a/b c", b"2")
    found = await send(
        wire,
        call("GET", object_path("one")),
        call("PATCH", object_path("a/b c"), {"metadata": {"colour": "blue"}}),
        call("DELETE", object_path("none")),
        call("DELETE", object_path("one")),
        call("GET", "/storage/v1/b/bucket/o?prefix=a%2F&fields=items(name)"),
    )
    assert [part.content_id for part in found] == [f"<response-id+{n}>" for n in range(1, 6)]
    assert [part.status for part in found] == [200, 200, 404, 204, 200]
    assert found[0].json["name"] == "one"
    assert found[0].headers["ETag"] == found[0].json["etag"]
    assert found[1].json["metadata"] == {"colour": "blue"}
    assert found[2].json["error"]["errors"][0]["reason"] == "notFound"
    assert found[4].json == {"items": [{"name": "a/b c"}]}
    assert (await wire.metadata("one")).status == 404


async def test_calls_are_below_the_batch_in_the_log(wire: WireClient, emulator: Emulator) -> None:
    await send(wire, call("DELETE", object_path("x")), call("GET", "/storage/v1/b/bucket"))
    assert [entry.operation for entry in emulator.log] == ["storage.batch"]
    calls = emulator.log[0].calls
    assert [(entry.operation, entry.status) for entry in calls] == [
        ("storage.objects.delete", 404),
        ("storage.buckets.get", 200),
    ]
    told = (await wire.send("GET", "/_emulator/requests")).json["requests"][0]["calls"]
    assert [entry["path"] for entry in told] == [object_path("x"), "/storage/v1/b/bucket"]


async def test_conditions_are_judged_call_by_call(wire: WireClient) -> None:
    generation = (await wire.upload("one", b"1")).json["generation"]
    path = object_path("one")
    found = await send(
        wire,
        call("DELETE", f"{path}?ifGenerationMatch=1"),
        call("DELETE", f"{path}?ifGenerationMatch={generation}"),
    )
    assert [part.status for part in found] == [412, 204]


@pytest.mark.parametrize(
    "wrong",
    [
        call("GET", f"{object_path('one')}?alt=media"),
        call("GET", "/download/storage/v1/b/bucket/o/one?alt=media"),
        call("POST", "/upload/storage/v1/b/bucket/o?uploadType=media&name=x"),
        call("POST", BATCH),
        call("GET", "/bucket/one"),
        call("GET", "/_emulator/status"),
    ],
)
async def test_what_cannot_be_in_a_batch(wire: WireClient, wrong: str) -> None:
    await wire.upload("one", b"1")
    found = await send(wire, wrong, call("GET", object_path("one")))
    assert [part.status for part in found] == [400, 200]


async def test_no_more_than_a_hundred_calls(wire: WireClient) -> None:
    one = call("DELETE", object_path("x"))
    assert len(await send(wire, *[one] * 100)) == 100
    refused = await wire.send("POST", BATCH, headers=MIXED, body=batch_of(*[one] * 101))
    assert (refused.status, refused.reason) == (400, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--edge--\r\n",
        b"no parts",
        batch_of("not a request"),
        batch_of(call("GET", "storage/v1/b/bucket")),
        batch_of(call("PATCH", object_path("x"), {}, **{"Content-Length": "99"})),
        batch_of(call("GET", "/storage/v1/b/bucket")).removesuffix(b"--edge--\r\n"),
        batch_of(call("GET", "/storage/v1/b/bucket")).replace(b"application/http", b"text/plain"),
    ],
)
async def test_malformed_batches(wire: WireClient, body: bytes) -> None:
    refused = await wire.send("POST", BATCH, headers=MIXED, body=body)
    assert (refused.status, refused.reason) == (400, "badContent")


async def test_headers_of_the_batch_count_for_its_calls() -> None:
    async with Emulator(require_auth=True) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        token = f"Bearer {emulator.tokens.issue()}"
        one = call("GET", "/storage/v1/b/bucket")
        own = call("GET", "/storage/v1/b/bucket", Authorization="Bearer wrong")
        found = await send(wire, one, own, Authorization=token)
        assert [part.status for part in found] == [200, 401]
        refused = await wire.send("POST", BATCH, headers=MIXED, body=batch_of(one))
        assert refused.status == 401


async def test_faults_meet_calls_and_batches(wire: WireClient, emulator: Emulator) -> None:
    await wire.upload("one", b"1")
    get, delete = call("GET", object_path("one")), call("DELETE", object_path("one"))
    emulator.arm_next("storage.objects.get", "return-503", "401-once")
    found = await send(wire, get, get, get)
    assert [part.status for part in found] == [503, 401, 200]
    emulator.arm_next("storage.objects.delete", "commit-then-503")
    assert [part.status for part in await send(wire, delete, delete)] == [503, 404]
    emulator.arm_next("storage.batch", "return-503")
    assert (await wire.send("POST", BATCH, headers=MIXED, body=batch_of(get))).status == 503


async def test_google_cloud_storage_deletes_and_patches_in_a_batch(
    wire: WireClient, emulator: Emulator
) -> None:
    names = [f"folder/{number} é" for number in range(5)]
    for name in names:
        await wire.upload(name, name.encode())

    def use() -> None:
        client = Client(
            project="test",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google-auth has no types
            client_options={"api_endpoint": emulator.url},
        )
        try:
            bucket = client.bucket("bucket")
            blobs = [bucket.blob(name) for name in names]
            with client.batch():
                for blob in blobs:
                    blob.metadata = {"name": blob.name}
                    blob.patch()
            assert [blob.metadata["name"] for blob in blobs] == names
            with client.batch():
                for blob in blobs:
                    blob.delete()
            assert list(client.list_blobs("bucket")) == []
            with pytest.raises(NotFound), client.batch():
                blobs[0].delete()
        finally:
            client.close()

    await asyncio.to_thread(use)
