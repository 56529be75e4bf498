"""Calls sent together: one request for a hundred, each with its own result."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from scripted_server import ScriptedServer, head, reply

from storage_stream import Environment, Preconditions, Storage
from storage_stream.errors import (
    NotFound,
    PreconditionFailed,
    ProtocolError,
    ServerError,
    StorageError,
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle
from storage_stream.testing.memory_answer import Answer
from storage_stream.testing.memory_transport import MemoryTransport, RecordedRequest

BATCH, PATCH = "storage.batch", "storage.objects.patch"


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    for name in "abc":
        gcs.put("bucket", name, name.encode())
    return gcs


async def test_every_kind_of_call(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.batch() as batch:
        got = batch.download_metadata("bucket", "a")
        patched = batch.patch_metadata("bucket", "a", {"contentType": "a/b"})
        updated = batch.update_metadata("bucket", "b", {"cacheControl": "no-store"})
        deleted = batch.delete("bucket", "c")
        bucket = batch.get_bucket_metadata("bucket")
        labelled = batch.patch_bucket("bucket", {"labels": {"k": "v"}})
        assert len(batch) == 6
    assert got.result()["size"] == "1"
    assert patched.result()["contentType"] == "a/b"
    assert updated.result()["cacheControl"] == "no-store"
    assert deleted.result() == ""
    assert bucket.result()["name"] == "bucket"
    assert labelled.result()["labels"] == {"k": "v"}
    assert [item["name"] for item in stored.objects("bucket")] == ["a", "b"]
    assert [entry.operation for entry in stored.log] == [BATCH]


async def test_more_than_a_hundred(stored: EmulatorHandle, storage: Storage) -> None:
    async with storage.batch() as batch:
        calls = [batch.download_metadata("bucket", "a") for _ in range(205)]
    assert {call.result()["name"] for call in calls} == {"a"}
    assert len(stored.log) == 3


async def test_calls_that_are_large_go_in_more_requests(
    stored: EmulatorHandle, storage: Storage
) -> None:
    large = {"metadata": {"k": "x" * 4000}}
    async with storage.batch() as batch:
        for _ in range(3):
            batch.patch_metadata("bucket", "a", {**large, "ignored": "y" * 4_000_000})
    assert len(stored.log) == 2


async def test_failures_come_together_when_all_is_done(
    stored: EmulatorHandle, storage: Storage
) -> None:
    batch = storage.batch()
    missing = batch.delete("bucket", "missing")
    deleted = batch.delete("bucket", "a")
    batch.patch_metadata("bucket", "b", {}, preconditions=Preconditions(1))
    with pytest.raises(ExceptionGroup, match="2 of 3 calls failed") as caught:
        async with batch:
            pass
    assert [type(error).__name__ for error in caught.value.exceptions] == [
        "NotFound",
        "PreconditionFailed",
    ]
    assert deleted.result() == ""
    with pytest.raises(NotFound, match="gs://bucket/missing"):
        missing.result()
    assert [item["name"] for item in stored.objects("bucket")] == ["b", "c"]


async def test_failures_can_be_left_to_the_results(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with storage.batch(return_exceptions=True) as batch:
        calls: list[Any] = [
            batch.delete("bucket", "missing"),
            batch.delete("bucket", "a", preconditions=Preconditions(1)),
            batch.delete("bucket", "a", generation=1),
        ]
    for call, kind in zip(calls, (NotFound, PreconditionFailed, NotFound), strict=True):
        with pytest.raises(kind) as caught:
            call.result()
        assert isinstance(caught.value, StorageError)
        assert caught.value.method == "DELETE"
    assert len(stored.log) == 1


async def test_only_what_is_safe_goes_again(stored: EmulatorHandle, storage: Storage) -> None:
    known = Preconditions(if_metageneration_match=1)
    stored.arm_next(PATCH, "return-503", "return-503")
    async with storage.batch(return_exceptions=True) as batch:
        safe = batch.patch_metadata("bucket", "a", {"contentType": "a/b"}, preconditions=known)
        unsafe = batch.patch_metadata("bucket", "b", {"contentType": "a/b"})
        other = batch.patch_metadata("bucket", "c", {"contentType": "a/b"})
    assert safe.result()["contentType"] == "a/b"
    assert other.result()["contentType"] == "a/b"
    with pytest.raises(ServerError):
        unsafe.result()
    assert [len(entry.calls) for entry in stored.log] == [3, 1]


async def test_a_block_that_fails_sends_nothing(stored: EmulatorHandle, storage: Storage) -> None:
    batch = storage.batch()
    call = batch.delete("bucket", "a")
    with pytest.raises(RuntimeError, match="mine"):
        async with batch:
            raise RuntimeError("mine")
    assert len(stored.log) == 0
    with pytest.raises(UsageError, match="not been sent"):
        call.result()
    with pytest.raises(UsageError, match="sent already"):
        batch.delete("bucket", "a")


async def test_an_empty_batch_sends_nothing(gcs: EmulatorHandle, storage: Storage) -> None:
    async with storage.batch() as batch:
        pass
    assert (len(batch), len(gcs.log)) == (0, 0)


async def test_options_hold_for_every_call(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("paid", billing={"requesterPays": True})
    await storage.upload("paid", "a", b"data", user_project="p")
    gcs.log.clear()
    headers = {"x-own": "1"}
    async with storage.batch(user_project="p", headers=headers, params={"fields": "name"}) as batch:
        first = batch.download_metadata("paid", "a")
        second = batch.delete("paid", "a")
    assert first.result() == {"name": "a"}
    assert second.result() == ""
    (entry,) = gcs.log
    assert entry.query == ""
    assert all("userProject=p" in call.query for call in entry.calls)
    assert [call.headers.get("x-own") for call in entry.calls] == ["1", "1"]


async def test_an_answer_that_leaves_calls_out(storage_of: Callable[..., Storage]) -> None:
    part = (
        b"--xyz\r\nContent-Type: application/http\r\nContent-ID: <response-%d>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\n\r\n%s\r\n"
    )
    body = part % (2, b'{"name": "c"}') + part % (0, b"<html>") + b"--xyz--"
    lines = (f"Content-Length: {len(body)}", "Content-Type: multipart/mixed; boundary=xyz")
    answer = reply(head(200, *lines) + body)
    async with (
        ScriptedServer([answer]) as server,
        storage_of(server) as storage,
        storage.batch(return_exceptions=True) as batch,
    ):
        calls = [batch.download_metadata("bucket", name) for name in "abc"]
    assert calls[2].result() == {"name": "c"}
    with pytest.raises(ProtocolError, match=r"gs://bucket/a.*not JSON"):
        calls[0].result()
    with pytest.raises(ProtocolError, match=r"gs://bucket/b.*leaves this call out"):
        calls[1].result()


async def test_an_answer_that_is_no_batch(storage_of: Callable[..., Storage]) -> None:
    answer = reply(head(200, "Content-Length: 2", "Content-Type: application/json") + b"{}")
    async with ScriptedServer([answer]) as server, storage_of(server) as storage:
        with pytest.raises(ExceptionGroup) as caught:
            async with storage.batch() as batch:
                batch.download_metadata("bucket", "a")
    assert isinstance(caught.value.exceptions[0], ProtocolError)


async def test_a_call_says_what_is_true_of_it_alone(
    stored: EmulatorHandle, storage: Storage
) -> None:
    key = bytes(range(32))
    await storage.upload("bucket", "secret", b"x", encryption_key=key)
    same = Preconditions(if_generation_match=int(stored.metadata("bucket", "a")["generation"]))
    async with storage.batch(return_exceptions=True, user_project="all") as batch:
        secret = batch.download_metadata("bucket", "secret", encryption_key=key)
        hidden = batch.download_metadata("bucket", "secret", user_project="other")
        part = batch.download_metadata("bucket", "a", params={"fields": "name"}, preconditions=same)
        other = batch.download_metadata("bucket", "b", preconditions=same)
        bucket = batch.get_bucket_metadata("bucket", headers={"x-mine": "1"})
    assert "crc32c" in secret.result()
    assert "crc32c" not in hidden.result()
    assert part.result() == {"name": "a"}
    with pytest.raises(PreconditionFailed):
        other.result()
    assert bucket.result()["name"] == "bucket"
    calls = stored.log[-1].calls
    payers = ["other" if "userProject=other" in call.query else "all" for call in calls]
    assert payers == ["all", "other", "all", "all", "all"]
    assert [call.headers.get("x-mine") for call in calls] == [None] * 4 + ["1"]


async def test_calls_of_one_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.create_bucket("kept", versioning={"enabled": True})
    old = int(gcs.put("kept", "name", b"old")["generation"])
    new = int(gcs.put("kept", "name", b"new")["generation"])
    async with storage.batch() as batch:
        batch.patch_metadata("kept", "name", {"contentType": "a/old"}, generation=old)
        batch.update_metadata("kept", "name", {"contentType": "a/new"}, generation=new)
    types = {
        item["generation"]: item["contentType"] for item in gcs.objects("kept", versions="true")
    }
    assert types == {str(old): "a/old", str(new): "a/new"}


@pytest.mark.parametrize("name", ["timeout", "session", "retries", "foo"])
async def test_what_one_call_of_a_batch_cannot_say(
    stored: EmulatorHandle, storage: Storage, name: str
) -> None:
    said: Any = {name: 5}
    async with storage.batch() as batch:
        with pytest.raises(TypeError, match=f"a call of a batch takes no '{name}'"):
            batch.delete("bucket", "a", **said)
        with pytest.raises(TypeError, match="preconditions takes"):
            batch.delete("bucket", "a", preconditions=said)
    assert len(stored.log) == 0


async def test_a_token_that_is_refused_inside_is_replaced_once() -> None:
    class Tokens:
        """One after another, as gcloud-aio-auth would give them."""

        def __init__(self) -> None:
            self.given = 0

        async def get(self) -> str:
            self.given += 1
            return f"t{self.given}"

    def answer(request: RecordedRequest) -> Answer:
        sent = re.findall(rb"Content-ID: <(\d)>", request.body)
        is_old = request.headers.get("authorization") == "Bearer t1"
        parts = b"".join(
            b"--x\r\nContent-ID: <response-%s>\r\n\r\nHTTP/1.1 %d X\r\n\r\n\r\n"
            % (number, 401 if is_old and number == b"1" else 204)
            for number in sent
        )
        kind = {"content-type": "multipart/mixed; boundary=x"}
        return Answer(headers=kind, body=parts + b"--x--")

    network = MemoryTransport(answer)
    async with Storage(
        api_root="https://gcs.test", token=Tokens(), environment=Environment(transport=network)
    ) as storage:
        async with storage.batch() as batch:
            calls = [batch.delete("bucket", name) for name in "ab"]
        assert [call.result() for call in calls] == ["", ""]
    first, second = network.requests
    assert (first.body.count(b"DELETE"), second.body.count(b"DELETE")) == (2, 1)
    assert second.headers.get("authorization") != "Bearer t1"
