"""A small object from memory goes out in one request; what is unusual, the machinery takes over."""

from collections.abc import Callable
from typing import Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way
from sample_data import encoded_crc32c, patterned
from scripted_server import ScriptedServer, head, reply

from storage_stream import Preconditions, Progress, RetryPolicy, Storage
from storage_stream._transfer import upload_at_once
from storage_stream.errors import (
    BadRequest,
    ClientClosed,
    ConnectionLost,
    IntegrityError,
    InvalidArgument,
    InvalidName,
    PreconditionFailed,
    ProtocolError,
    ServerError,
)
from storage_stream.testing import EmulatorHandle

INSERT = "storage.objects.insert"
DATA = patterned(16 * 1024)


async def _upload(storage: Storage, bucket: str, **options: Any) -> Any:
    return await storage.upload(bucket, "folder/name.txt", DATA, **options)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"metadata": {"metadata": {"mtime": 5, "ä": "é"}, "Cache-Control": "no-store"}},
        {"metadata": {"contentType": "text/plain", "contentLanguage": "de"}},
        {"params": {"prettyPrint": True}, "parameters": {"userProject": "a b"}},
    ],
)
async def test_it_makes_what_the_machinery_makes(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, said: dict[str, Any]
) -> None:
    own = {"generation", "id", "etag", "mediaLink", "timeCreated", "updated"}
    own |= {"timeStorageClassUpdated", "timeFinalized", "selfLink"}
    machinerys = {"chunk_bytes": 256 * 1024}
    made = [await _upload(storage, gcs_bucket, **said, **way) for way in ({}, machinerys)]
    one, other = [{key: each[key] for key in each.keys() - own} for each in made]
    assert one == other
    assert one["contentType"] == "text/plain"
    assert gcs.read(gcs_bucket, "folder/name.txt") == DATA
    first, second = gcs.log
    assert (first.method, first.path, first.query) == (second.method, second.path, second.query)
    assert first.headers.keys() == second.headers.keys()


async def test_a_content_type_and_a_timeout_change_nothing_else(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    made = await _upload(storage, gcs_bucket, content_type="image/x-own", timeout=5)
    assert made["contentType"] == "image/x-own"
    assert len(gcs.log) == 1


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 128 * 1024 + 1])
async def test_any_size(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, size: int) -> None:
    made: Any = await storage.upload(gcs_bucket, "name", patterned(size))
    assert made["crc32c"] == encoded_crc32c(patterned(size))
    assert len(gcs.log) == 1


async def test_content_that_holds_the_boundary(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    await storage.upload(gcs_bucket, "before", b"x")
    boundary = gcs.log[0].headers["content-type"].partition("boundary=")[2]
    data = f"\r\n--{boundary}--\r\n".encode()
    await storage.upload(gcs_bucket, "name", data)
    assert gcs.read(gcs_bucket, "name") == data
    assert boundary not in gcs.log[1].headers["content-type"]


async def test_a_refusal_is_told_as_always(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-503")
    with pytest.raises(ServerError, match=f"POST gs://{gcs_bucket}/folder/name.txt") as caught:
        await _upload(storage, gcs_bucket)
    assert caught.value.attempts == 1
    assert caught.value.elapsed is not None
    assert len(gcs.log) == 1  # it may have been carried out, and nobody said that it may be twice


async def test_what_may_be_repeated_is(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-503")
    await _upload(storage, gcs_bucket, retry=RetryPolicy(always=True, initial_delay=0.001))
    assert gcs.read(gcs_bucket, "folder/name.txt") == DATA
    assert [entry.status for entry in gcs.log] == [503, 200]


async def test_a_precondition(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    absent = Preconditions(if_generation_match=0)
    made = await _upload(storage, gcs_bucket, preconditions=absent)
    with pytest.raises(PreconditionFailed) as caught:
        await _upload(storage, gcs_bucket, preconditions=absent)
    assert caught.value.attempts == 1
    assert len(gcs.log) == 2
    of_it = Preconditions(if_generation_match=int(made["generation"]))
    gcs.arm_next(INSERT, "commit-then-drop")
    again = await _upload(storage, gcs_bucket, preconditions=of_it)
    assert again["generation"] != made["generation"]  # its own first attempt made it


@pytest.mark.parametrize("faults", [(), ("return-503",), ("flip-bit-at-10000",)])
async def test_somebody_counts(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, faults: tuple[str, ...]
) -> None:
    gcs.arm_next(INSERT, *faults)
    progress = Progress()
    often = RetryPolicy(always=True, initial_delay=0.001)
    await _upload(storage, gcs_bucket, progress=progress, retry=often)
    told = progress.snapshot()
    assert told.attempts == 1 + len(faults)
    assert (told.bytes_moved, told.bytes_confirmed, told.bytes_total) == (len(DATA),) * 3


async def test_a_lost_connection(storage_of: Callable[..., Storage]) -> None:
    async with ScriptedServer([reply(b"")]) as server, storage_of(server) as storage:
        with pytest.raises(ConnectionLost, match=r"gs://bucket/folder/name\.txt") as caught:
            await _upload(storage, "bucket")
        assert caught.value.attempts == 1
        await nothing_under_way(storage)
    assert len(server.asked) == 1


async def test_damage_on_the_way_is_refused_and_sent_again(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "flip-bit-at-10000")
    await _upload(storage, gcs_bucket)
    assert gcs.read(gcs_bucket, "folder/name.txt") == DATA
    assert [entry.status for entry in gcs.log] == [400, 200]


async def test_a_refusal_that_is_no_damage(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.arm_next(INSERT, "return-400")
    with pytest.raises(BadRequest):
        await _upload(storage, gcs_bucket)
    assert len(gcs.log) == 1


@pytest.mark.parametrize("word", ["wrong-hash", "short-length"])
async def test_an_object_that_is_not_what_was_sent_is_deleted(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, word: str
) -> None:
    gcs.arm_next(INSERT, word)
    with pytest.raises(IntegrityError, match=f"gs://{gcs_bucket}/folder/name.txt"):
        await _upload(storage, gcs_bucket)
    assert gcs.objects(gcs_bucket) == []
    assert [entry.method for entry in gcs.log] == ["POST", "DELETE"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
async def test_an_answer_that_makes_no_sense(
    storage_of: Callable[..., Storage], body: bytes
) -> None:
    answer = head(200, f"Content-Length: {len(body)}") + body
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError):
            await _upload(storage, "bucket")
        await nothing_under_way(storage)
    assert len(server.asked) == 1


async def test_by_the_other_transport(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    async with Storage(api_root=gcs.url, anonymous=True, lean=False) as by_aiohttp:
        assert (await _upload(by_aiohttp, gcs_bucket))["crc32c"] == encoded_crc32c(DATA)


@pytest.mark.parametrize(("bucket", "name"), [("", "o"), ("b", ""), ("b", None), (None, "o")])
async def test_names_that_cannot_be(storage: Storage, bucket: Any, name: Any) -> None:
    with pytest.raises(InvalidName):
        await storage.upload(bucket, name, b"data")


async def test_a_content_type_that_cannot_be(storage: Storage) -> None:
    with pytest.raises(InvalidArgument):
        await storage.upload("bucket", "name", b"data", content_type="a\r\nb")
    wrong: Any = 5
    with pytest.raises(TypeError):
        await storage.upload("bucket", "name", b"data", content_type=wrong)


async def test_a_closed_client(storage: Storage) -> None:
    await storage.close()
    with pytest.raises(ClientClosed):
        await storage.upload("bucket", "name", b"data")


@pytest.mark.parametrize("moment", list(Moment))
async def test_cancelled_at_every_await(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, moment: Moment
) -> None:
    repeated = RetryPolicy(always=True, initial_delay=0)
    k = 0
    gcs.arm_next(INSERT, "return-503")
    while await cancelled_at(_upload(storage, gcs_bucket, retry=repeated), k, moment):
        gcs.arm_next(INSERT, "return-503")
        await nothing_under_way(storage)
        k += 1
    assert k >= 3
    assert gcs.read(gcs_bucket, "folder/name.txt") == DATA


def test_only_small_bytes_are() -> None:
    assert upload_at_once.is_small(b"")
    assert not upload_at_once.is_small(bytearray())
    assert not upload_at_once.is_small(bytes(128 * 1024 + 1))
