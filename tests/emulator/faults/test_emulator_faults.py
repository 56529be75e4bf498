"""Every word against the whole emulator, seen by a client that hides nothing."""

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import fastcrc
import pytest
from bare_http import End, Reply, ask
from leaks import until

from storage_stream.emulator import Emulator, UnknownOperationError, UnknownWordError

GET = "storage.objects.get"
INSERT = "storage.objects.insert"
LIST = "storage.objects.list"
BODY = bytes(range(256)) * 4096  # 1 MiB: kept as a file
SMALL = b"0123456789" * 100  # kept in the database
KIB = 1024
MEDIA = "/storage/v1/b/bucket/o/object?alt=media"
HASH = re.compile(r"(crc32c|md5)=([^,\s]+)")
METADATA = "/storage/v1/b/bucket/o/object"
UPLOAD = "/upload/storage/v1/b/bucket/o?uploadType=media&name=object"
RESUMABLE = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=object"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as emulator:
        yield emulator


@pytest.fixture(params=[BODY, SMALL], ids=["file", "row"])
async def stored(request: pytest.FixtureRequest, emulator: Emulator) -> bytes:
    """The content of an object, large or small."""
    body: bytes = request.param
    assert (await ask(emulator.url, "POST", UPLOAD, body=body)).status == 200
    return body


async def get(emulator: Emulator, word: str | None = None, **headers: str) -> Reply:
    if word is not None:
        headers["x-goog-emulator-instructions"] = word
    return await ask(emulator.url, "GET", MEDIA, headers=headers)


async def put(emulator: Emulator, word: str, body: bytes = BODY) -> Reply:
    headers = {"x-goog-emulator-instructions": word}
    return await ask(emulator.url, "POST", UPLOAD, headers=headers, body=body)


async def stored_size(emulator: Emulator) -> int | None:
    reply = await ask(emulator.url, "GET", METADATA)
    return int(reply.json()["size"]) if reply.status == 200 else None


async def start_session(emulator: Emulator) -> str:
    reply = await ask(emulator.url, "POST", RESUMABLE, body=b"{}")
    assert reply.status == 200
    location = reply.header("Location")
    assert location is not None
    return location.removeprefix(emulator.url)


async def put_part(
    emulator: Emulator,
    session: str,
    part: bytes,
    *,
    start: int,
    total: int,
    word: str | None = None,
) -> Reply:
    headers = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{total}"}
    if word is not None:
        headers["x-goog-emulator-instructions"] = word
    return await ask(emulator.url, "PUT", session, headers=headers, body=part)


async def persisted(emulator: Emulator, session: str) -> int:
    reply = await ask(emulator.url, "PUT", session, headers={"Content-Range": "bytes */*"})
    assert reply.status == 308
    told = reply.header("Range")
    return 0 if told is None else int(told.partition("-")[2]) + 1


# --- refused ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
async def test_return_code(emulator: Emulator) -> None:
    reply = await get(emulator, "return-504")
    assert reply.status == 504
    assert reply.json()["error"]["code"] == 504
    assert emulator.log[-1].fault == "return-504"


async def test_return_code_does_nothing(emulator: Emulator) -> None:
    assert (await put(emulator, "return-503")).status == 503
    assert await stored_size(emulator) is None


async def test_retry_after(emulator: Emulator) -> None:
    reply = await put(emulator, "retry-after-12")
    assert (reply.status, reply.header("Retry-After")) == (503, "12")
    assert await stored_size(emulator) is None


async def test_401_once(emulator: Emulator) -> None:
    emulator.arm_next(INSERT, "401-once")
    first = await ask(emulator.url, "POST", UPLOAD, body=SMALL)
    assert first.status == 401
    assert first.header("WWW-Authenticate") is not None
    assert (await ask(emulator.url, "POST", UPLOAD, body=SMALL)).status == 200


@pytest.mark.usefixtures("stored")
async def test_reset_is_a_reset(emulator: Emulator) -> None:
    reply = await get(emulator, "return-reset-connection")
    assert (reply.end, reply.status, reply.body) == (End.RST, 0, b"")
    assert emulator.log[-1].status is None


# --- downloads ----------------------------------------------------------------------------------


async def test_a_broken_stream_ends_by_fin_in_mid_body(emulator: Emulator, stored: bytes) -> None:
    reply = await get(emulator, "return-broken-stream")
    assert (reply.end, reply.status) == (End.FIN, 200)
    assert 0 < len(reply.body) < len(stored)
    assert stored.startswith(reply.body)
    assert int(reply.header("Content-Length") or 0) == len(stored)


async def test_drop_at_counts_in_the_object_also_when_resumed(
    emulator: Emulator, stored: bytes
) -> None:
    emulator.arm_next(GET, "drop-at-500", "drop-at-700")
    first = await get(emulator)
    assert (first.end, first.body) == (End.FIN, stored[:500])
    second = await get(emulator, Range="bytes=500-")
    assert (second.end, second.status, second.body) == (End.FIN, 206, stored[500:700])
    third = await get(emulator, Range="bytes=700-")
    assert (third.end, third.body) == (End.WHOLE, stored[700:])


async def test_a_range_behind_the_position_is_not_concerned(
    emulator: Emulator, stored: bytes
) -> None:
    emulator.arm_next(GET, "drop-at-500")
    behind = await get(emulator, Range="bytes=600-")
    assert (behind.end, behind.body) == (End.WHOLE, stored[600:])
    before = await get(emulator, Range="bytes=0-99")
    assert (before.end, before.body) == (End.WHOLE, stored[:100])
    assert (await get(emulator)).end is End.FIN


async def test_a_code_at_the_first_byte_can_still_be_told(
    emulator: Emulator, stored: bytes
) -> None:
    emulator.arm_next(GET, "return-503-after-0K")
    assert (await get(emulator)).status == 503
    assert (await get(emulator)).body == stored


async def test_a_code_later_can_only_cut(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=BODY)
    reply = await get(emulator, "return-503-after-256K")
    assert (reply.status, reply.end) == (200, End.FIN)
    assert reply.body == BODY[: 256 * KIB]


async def test_only_the_final_chunk_is_broken(emulator: Emulator, stored: bytes) -> None:
    emulator.arm_next(GET, "return-broken-stream-final-chunk-after-800B")
    first = await get(emulator, Range="bytes=0-899")
    assert (first.end, first.body) == (End.WHOLE, stored[:900])
    last = await get(emulator, Range="bytes=700-")
    assert (last.end, last.body) == (End.FIN, stored[700:800])


async def test_one_bit_is_flipped(emulator: Emulator, stored: bytes) -> None:
    reply = await get(emulator, "flip-bit-at-7", Range="bytes=5-")
    assert reply.body == stored[5:7] + bytes([stored[7] ^ 1]) + stored[8:]


async def test_short_length_ends_whole_but_lacks_a_byte(emulator: Emulator, stored: bytes) -> None:
    reply = await get(emulator, "short-length")
    assert (reply.end, reply.body) == (End.WHOLE, stored[:-1])
    assert reply.header("x-goog-stored-content-length") == str(len(stored))


async def test_a_wrong_hash_is_of_the_right_form(emulator: Emulator, stored: bytes) -> None:
    right, wrong = await get(emulator), await get(emulator, "wrong-hash")
    assert wrong.body == stored
    told, true = (dict(HASH.findall(reply.header("x-goog-hash") or "")) for reply in (wrong, right))
    assert b64decode(true["crc32c"]) == fastcrc.crc32.iscsi(stored).to_bytes(4, "big")
    for kind, length in (("crc32c", 4), ("md5", 16)):
        assert told[kind] != true[kind]
        assert len(b64decode(told[kind], validate=True)) == length


async def test_a_trickle_delivers_everything_slowly(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=SMALL)
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await get(emulator, "trickle-5000Bps")
    assert (reply.end, reply.body) == (End.WHOLE, SMALL)
    assert loop.time() - began >= len(SMALL) / 5000 * 0.9


async def test_a_stall_pauses_where_it_says(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=BODY)
    word = "stall-for-0.3s-after-256K"
    loop = asyncio.get_running_loop()
    began = loop.time()
    reply = await get(emulator, word)
    assert (reply.end, reply.body) == (End.WHOLE, BODY)
    assert loop.time() - began >= 0.25
    assert emulator.log[-1].fault == word


@pytest.mark.parametrize("ending", ["close", "abort"])
async def test_a_stall_does_not_outlive_the_client(emulator: Emulator, ending: str) -> None:
    """Its session is free for the next request.

    What it sent behind the stall is little: while more of it than the kernel takes was not read,
    nobody can see its end.
    """
    body = BODY[: 400 * KIB]
    session = await start_session(emulator)
    emulator.arm_next(INSERT, "stall-for-900s-after-256K")
    address = urlsplit(emulator.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        f"PUT {session} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await until(lambda: emulator.log[-1].fault is not None, lambda: "it does not stall")
    getattr(writer.transport, ending)()
    deletion = await asyncio.wait_for(ask(emulator.url, "DELETE", session), 60)
    assert deletion.status == 499


async def test_a_clock_that_is_put_forward_ends_a_stall(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=BODY)
    emulator.clock.advance(1_000)
    emulator.arm_next(GET, "stall-for-900s-after-256K")
    reading = asyncio.create_task(ask(emulator.url, "GET", MEDIA))
    await until(lambda: emulator.log[-1].fault is not None, lambda: "it does not stall")
    assert not reading.done()
    emulator.clock.advance(900)
    reply = await asyncio.wait_for(reading, 60)
    assert (reply.end, reply.body) == (End.WHOLE, BODY)


async def test_a_head_has_no_body_to_harm(emulator: Emulator, stored: bytes) -> None:
    emulator.arm_next(GET, "drop-at-3")
    head = await ask(emulator.url, "HEAD", MEDIA)
    assert (head.status, head.end) == (200, End.WHOLE)
    assert head.header("Content-Length") == str(len(stored))
    assert (await get(emulator)).body == stored[:3]


@pytest.mark.usefixtures("stored")
async def test_the_answer_to_a_download_can_be_lost_too(emulator: Emulator) -> None:
    assert (await get(emulator, "commit-then-drop")).end is End.FIN
    assert (await get(emulator, "commit-then-503")).status == 503


# --- uploads ------------------------------------------------------------------------------------


async def test_commit_then_drop_stores_and_says_nothing(emulator: Emulator) -> None:
    reply = await put(emulator, "commit-then-drop")
    assert (reply.end, reply.status) == (End.FIN, 0)
    assert await stored_size(emulator) == len(BODY)


async def test_commit_then_503_stores_and_lies(emulator: Emulator) -> None:
    assert (await put(emulator, "commit-then-503")).status == 503
    assert await stored_size(emulator) == len(BODY)


@pytest.mark.parametrize("word", ["drop-at-300000", "return-503-after-256K"])
async def test_an_upload_that_is_cut_leaves_nothing(emulator: Emulator, word: str) -> None:
    reply = await put(emulator, word)
    if word.startswith("return"):
        assert (reply.status, reply.end) == (503, End.WHOLE)
    else:
        assert reply.status == 0
        assert reply.end in {End.FIN, End.RST}, "unread bytes turn a FIN into an RST"
    assert await stored_size(emulator) is None


async def test_a_flipped_bit_is_stored(emulator: Emulator) -> None:
    assert (await put(emulator, "flip-bit-at-500000")).status == 200
    expected = BODY[:500000] + bytes([BODY[500000] ^ 1]) + BODY[500001:]
    assert (await get(emulator)).body == expected


async def test_a_garbled_answer_is_not_json(emulator: Emulator) -> None:
    reply = await put(emulator, "garbled-json")
    assert (reply.status, reply.end) == (200, End.WHOLE)
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert await stored_size(emulator) == len(BODY)


async def test_wrong_hash_and_short_length_in_the_answer_to_an_upload(emulator: Emulator) -> None:
    right = (await ask(emulator.url, "POST", UPLOAD, body=BODY)).json()
    wrong = (await put(emulator, "wrong-hash")).json()
    assert (wrong["crc32c"], wrong["md5Hash"]) != (right["crc32c"], right["md5Hash"])
    assert wrong["crc32c"] != right["crc32c"]
    assert (await put(emulator, "short-length")).json()["size"] == str(len(BODY) - 1)
    assert await stored_size(emulator) == len(BODY)


async def test_a_broken_stream_of_json(emulator: Emulator) -> None:
    reply = await put(emulator, "return-broken-stream")
    assert (reply.status, reply.end) == (200, End.FIN)
    assert 0 < len(reply.body) < int(reply.header("Content-Length") or 0)
    assert await stored_size(emulator) == len(BODY)


async def test_a_list_can_be_cut(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=SMALL)
    emulator.arm_next(LIST, "drop-at-10")
    reply = await ask(emulator.url, "GET", "/storage/v1/b/bucket/o")
    assert (reply.end, len(reply.body)) == (End.FIN, 10)


# --- resumable uploads --------------------------------------------------------------------------


async def test_a_session_keeps_what_came_before_the_cut(emulator: Emulator) -> None:
    session = await start_session(emulator)
    emulator.arm_next(INSERT, "return-503-after-512K", "return-503-after-768K")
    total = len(BODY)
    first = await put_part(emulator, session, BODY, start=0, total=total)
    assert first.status == 503
    assert await persisted(emulator, session) == 512 * KIB
    rest = BODY[512 * KIB :]
    second = await put_part(emulator, session, rest, start=512 * KIB, total=total)
    assert second.status == 503
    assert await persisted(emulator, session) == 768 * KIB
    rest = BODY[768 * KIB :]
    last = await put_part(emulator, session, rest, start=768 * KIB, total=total)
    assert (last.status, last.json()["size"]) == (200, str(total))
    assert (await get(emulator)).body == BODY


async def test_a_dropped_part_is_kept_too(emulator: Emulator) -> None:
    session = await start_session(emulator)
    word = f"drop-at-{300 * KIB}"
    reply = await put_part(emulator, session, BODY, start=0, total=len(BODY), word=word)
    assert reply.status == 0
    assert await persisted(emulator, session) == 256 * KIB


async def test_commit_then_drop_waits_for_the_part_that_finishes(emulator: Emulator) -> None:
    emulator.arm_next(INSERT, "commit-then-drop")
    session = await start_session(emulator)
    half = len(BODY) // 2
    first = await put_part(emulator, session, BODY[:half], start=0, total=len(BODY))
    assert first.status == 308
    last = await put_part(emulator, session, BODY[half:], start=half, total=len(BODY))
    assert (last.status, last.end) == (0, End.FIN)
    assert await stored_size(emulator) == len(BODY)
    assert emulator.unfinished_sessions == 0


@pytest.mark.parametrize("sent", [512 * KIB, len(BODY)], ids=["part", "last"])
async def test_a_session_falls_back(emulator: Emulator, sent: int) -> None:
    session = await start_session(emulator)
    word = f"308-back-to-{256 * KIB}"
    reply = await put_part(emulator, session, BODY[:sent], start=0, total=len(BODY), word=word)
    assert (reply.status, reply.header("Range")) == (308, f"bytes=0-{256 * KIB - 1}")
    assert await persisted(emulator, session) == 256 * KIB
    rest = await put_part(emulator, session, BODY[256 * KIB :], start=256 * KIB, total=len(BODY))
    assert rest.status == 200
    assert (await get(emulator)).body == BODY


async def test_a_session_falls_back_to_nothing(emulator: Emulator) -> None:
    session = await start_session(emulator)
    part = BODY[: 512 * KIB]
    reply = await put_part(emulator, session, part, start=0, total=len(BODY), word="308-back-to-0")
    assert (reply.status, reply.header("Range")) == (308, None)
    assert await persisted(emulator, session) == 0


# --- how faults are armed -----------------------------------------------------------------------


@pytest.mark.usefixtures("stored")
async def test_a_retry_test_over_http(emulator: Emulator) -> None:
    document = json.dumps({"instructions": {GET: ["return-503", "return-504"]}}).encode()
    made = await ask(emulator.url, "POST", "/retry_test", body=document)
    assert made.status == 200
    test_id = made.json()["id"]
    header = {"x-retry-test-id": test_id}
    assert (await get(emulator)).status == 200
    assert (await get(emulator, **header)).status == 503
    left = (await ask(emulator.url, "GET", f"/retry_test/{test_id}")).json()
    assert left["instructions"] == {GET: ["return-504"]}
    assert not left["completed"]
    assert (await get(emulator, **header)).status == 504
    assert (await get(emulator, **header)).status == 200
    listed = (await ask(emulator.url, "GET", "/retry_tests")).json()["retry_test"]
    assert [(test["id"], test["completed"]) for test in listed] == [(test_id, True)]
    assert (await ask(emulator.url, "DELETE", f"/retry_test/{test_id}")).status == 200
    assert (await ask(emulator.url, "GET", f"/retry_test/{test_id}")).status == 404
    assert (await get(emulator, **header)).status == 400


async def test_the_next_requests_over_http(emulator: Emulator) -> None:
    document = json.dumps({"instructions": {INSERT: ["pass", "return-503"]}}).encode()
    assert (await ask(emulator.url, "POST", "/_emulator/arm_next", body=document)).status == 200
    assert (await ask(emulator.url, "POST", UPLOAD, body=SMALL)).status == 200
    left = (await ask(emulator.url, "GET", "/_emulator/arm_next")).json()
    assert left == {"instructions": {INSERT: ["return-503"]}}
    assert (await ask(emulator.url, "DELETE", "/_emulator/arm_next")).status == 200
    assert (await ask(emulator.url, "POST", UPLOAD, body=SMALL)).status == 200


@pytest.mark.parametrize("path", ["/retry_test", "/_emulator/arm_next"])
@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"instructions": {GET: ["return-503", "explode"]}}, "explode"),
        ({"instructions": {"storage.objects.fetch": []}}, "storage.objects.fetch"),
        ({"instructions": {GET: "return-503"}}, "instructions"),
        ({"instructions": {GET: [503]}}, "instructions"),
        ({"instructions": [GET]}, "instructions"),
        ([], "instructions"),
        ({}, "instructions"),
    ],
)
async def test_a_mistake_is_named(
    emulator: Emulator, path: str, document: object, named: str
) -> None:
    reply = await ask(emulator.url, "POST", path, body=json.dumps(document).encode())
    assert reply.status == 400
    assert named in reply.json()["error"]["message"]
    assert emulator.faults.states() == []


async def test_what_is_not_json_is_refused(emulator: Emulator) -> None:
    reply = await ask(emulator.url, "POST", "/retry_test", body=b"{")
    assert (reply.status, "JSON" in reply.json()["error"]["message"]) == (400, True)


async def test_an_unknown_word_in_a_header_is_named(emulator: Emulator) -> None:
    reply = await get(emulator, "explode")
    assert (reply.status, "'explode'" in reply.json()["error"]["message"]) == (400, True)


async def test_mistakes_in_process_are_errors(emulator: Emulator) -> None:
    with pytest.raises(UnknownWordError):
        emulator.arm({GET: ["explode"]})
    with pytest.raises(UnknownOperationError):
        emulator.arm_next("storage.objects.fetch", "return-503")


async def test_in_process_as_over_http(emulator: Emulator, stored: bytes) -> None:
    test_id = emulator.arm({GET: ["drop-at-10"]})
    assert (await get(emulator, **{"x-retry-test-id": test_id})).body == stored[:10]
