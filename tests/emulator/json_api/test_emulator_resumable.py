"""The resumable protocol, step by step.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import os
from typing import Any

import pytest
from aiohttp import ClientSession
from bare_http import ask
from wire_client import Answer, WireClient, crc32c

from storage_stream.emulator import Emulator

QUANTUM = 256 * 1024
CONTENT = os.urandom(3 * QUANTUM + 1234)


async def start(wire: WireClient, name: str = "object", **rest: Any) -> str:
    headers = rest.pop("headers", None)
    body = rest.pop("body", None)
    target = "/upload/storage/v1/b/bucket/o?uploadType=resumable"
    answer = await wire.send("POST", target, headers=headers, body=body, name=name, **rest)
    assert (answer.status, answer.body) == (200, b"")
    return answer.headers["Location"]


async def send(wire: WireClient, url: str, content: bytes, content_range: str | None) -> Answer:
    headers = {} if content_range is None else {"Content-Range": content_range}
    return await wire.send("PUT", url, headers=headers, body=content)


def kept(answer: Answer) -> str | None:
    assert answer.status == 308
    return answer.headers.get("Range")


async def test_chunks_of_a_quantum(wire: WireClient) -> None:
    url = await start(wire)
    assert kept(await send(wire, url, b"", "bytes */*")) is None
    for at in range(0, 3 * QUANTUM, QUANTUM):
        chunk = CONTENT[at : at + QUANTUM]
        answer = await send(wire, url, chunk, f"bytes {at}-{at + QUANTUM - 1}/*")
        assert kept(answer) == f"bytes=0-{at + QUANTUM - 1}"
    last = f"bytes {3 * QUANTUM}-{len(CONTENT) - 1}/{len(CONTENT)}"
    answer = await send(wire, url, CONTENT[3 * QUANTUM :], last)
    assert answer.json["size"] == str(len(CONTENT))
    assert (await wire.media("object")).body == CONTENT


async def test_a_chunk_is_kept_down_to_a_quantum(wire: WireClient) -> None:
    url = await start(wire)
    assert kept(await send(wire, url, CONTENT[:100], "bytes 0-99/*")) is None
    end = QUANTUM + 100
    answer = await send(wire, url, CONTENT[:end], f"bytes 0-{end - 1}/*")
    assert kept(answer) == f"bytes=0-{QUANTUM - 1}"


async def test_overlap_is_dropped_and_a_gap_refused(wire: WireClient) -> None:
    url = await start(wire)
    await send(wire, url, CONTENT[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*")
    gap = await send(wire, url, b"x" * QUANTUM, f"bytes {2 * QUANTUM}-{3 * QUANTUM - 1}/*")
    assert gap.status == 503
    overlap = f"bytes 10-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert (await send(wire, url, b"\0" * 10 + CONTENT[20:], overlap)).status == 200
    # What had been acknowledged was not replaced by the overlapping bytes.
    assert (await wire.media("object")).body == CONTENT


async def test_a_part_of_a_dropped_request_is_kept(emulator: Emulator, wire: WireClient) -> None:
    url = await start(wire)
    head = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"}
    part, target = CONTENT[: 2 * QUANTUM + 5], url.removeprefix(emulator.url)
    dropped = await ask(emulator.url, "PUT", target, headers=head, body=part, announce=len(CONTENT))
    assert dropped.status == 0
    answer = await send(wire, url, b"", "bytes */*")
    assert kept(answer) == f"bytes=0-{2 * QUANTUM - 1}"
    rest = f"bytes {2 * QUANTUM}-{len(CONTENT) - 1}/{len(CONTENT)}"
    assert (await send(wire, url, CONTENT[2 * QUANTUM :], rest)).status == 200
    assert (await wire.media("object")).body == CONTENT


async def test_the_last_chunk_replayed_gives_the_same_object(wire: WireClient) -> None:
    url = await start(wire)
    last = f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"
    first = (await send(wire, url, CONTENT, last)).json
    assert (await send(wire, url, CONTENT, last)).json == first
    await wire.upload("object", b"replaced by someone else")
    assert (await send(wire, url, b"", "bytes */*")).json == first
    assert (await wire.media("object")).body == b"replaced by someone else"


async def test_all_in_one_request_without_a_range(wire: WireClient) -> None:
    url = await start(wire)
    assert (await send(wire, url, CONTENT, None)).json["size"] == str(len(CONTENT))


@pytest.mark.parametrize("content_range", ["bytes */0", None])
async def test_an_empty_object(wire: WireClient, content_range: str | None) -> None:
    url = await start(wire)
    assert (await send(wire, url, b"", content_range)).json["size"] == "0"


async def test_the_size_can_be_told_after_the_bytes(wire: WireClient) -> None:
    url = await start(wire)
    await send(wire, url, CONTENT[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*")
    assert (await send(wire, url, b"", f"bytes */{QUANTUM + 1}")).status == 308
    assert (await send(wire, url, b"", f"bytes */{QUANTUM}")).json["size"] == str(QUANTUM)


@pytest.mark.parametrize(
    ("content_range", "length"),
    [
        ("bytes 0-99/50", 100),
        ("bytes 0-98/*", 100),
        ("bytes 0-100/*", 100),
        ("bytes 9-3/*", 100),
        ("0-99/100", 100),
        ("bytes */*", 100),
        ("bytes a-b/c", 100),
    ],
)
async def test_ranges_that_do_not_fit_are_400(
    wire: WireClient, content_range: str, length: int
) -> None:
    url = await start(wire)
    assert (await send(wire, url, b"x" * length, content_range)).status == 400
    assert kept(await send(wire, url, b"", "bytes */*")) is None


async def test_an_announced_size_binds(wire: WireClient) -> None:
    url = await start(wire, headers={"X-Upload-Content-Length": "10"})
    assert (await send(wire, url, b"x" * 11, "bytes 0-10/11")).status == 400
    assert (await send(wire, url, b"x" * 10, "bytes 0-9/*")).json["size"] == "10"


async def test_cancelling(emulator: Emulator, wire: WireClient) -> None:
    url = await start(wire)
    assert emulator.unfinished_sessions == 1
    assert (await wire.send("DELETE", url)).status == 499
    assert emulator.unfinished_sessions == 0
    assert (await send(wire, url, b"x", None)).status == 410
    assert (await wire.send("DELETE", url)).status == 410


async def test_an_unknown_session_is_404(wire: WireClient) -> None:
    target = "/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=none"
    assert (await wire.send("PUT", target, body=b"x")).status == 404


async def test_preconditions_are_judged_at_the_end(wire: WireClient) -> None:
    url = await start(wire, ifGenerationMatch=0)
    await wire.upload("object", b"came between")
    assert (await send(wire, url, b"late", None)).status == 412
    assert (await wire.media("object")).body == b"came between"
    assert (await send(wire, url, b"late", None)).status == 410


async def test_hashes_given_at_the_start_or_the_end_are_checked(wire: WireClient) -> None:
    right = crc32c(CONTENT)
    for metadata, headers, status in (
        ({"name": "object", "crc32c": right}, {}, 200),
        ({"name": "object", "crc32c": "AAAAAA=="}, {}, 400),
        ({"name": "object"}, {"X-Goog-Hash": f"crc32c={right}"}, 200),
        ({"name": "object"}, {"X-Goog-Hash": "crc32c=AAAAAA=="}, 400),
    ):
        url = await start(wire, body=metadata)
        answer = await wire.send("PUT", url, headers=headers, body=CONTENT)
        assert answer.status == status


async def test_metadata_of_the_start_is_the_objects(wire: WireClient) -> None:
    metadata = {"metadata": {"colour": "blue"}, "contentType": "image/png"}
    url = await start(wire, body={"name": "object", **metadata})
    resource = (await send(wire, url, b"x", None)).json
    assert {key: resource[key] for key in metadata} == metadata


async def test_rewinding_to_an_earlier_offset_keeps_the_hash_right(
    emulator: Emulator, wire: WireClient
) -> None:
    url = await start(wire)
    emulator.arm_next("storage.objects.insert", f"308-back-to-{QUANTUM}")
    answer = await send(wire, url, CONTENT, f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
    assert kept(answer) == f"bytes=0-{QUANTUM - 1}"
    rest = f"bytes {QUANTUM}-{len(CONTENT) - 1}/{len(CONTENT)}"
    finished = await send(wire, url, CONTENT[QUANTUM:], rest)
    assert finished.json["crc32c"] == crc32c(CONTENT)


async def test_a_session_of_another_bucket_is_404(emulator: Emulator) -> None:
    async with ClientSession() as session:
        wire = WireClient(emulator.url, session)
        url = (await start(wire)).replace("/b/bucket/", "/b/other-bucket/")
        assert (await wire.send("PUT", url, body=b"x")).status == 404
