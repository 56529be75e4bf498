"""What expires, by a clock that is put forward."""

from pathlib import Path

import pytest
from aiohttp import ClientSession
from wire_client import WireClient, object_path

from storage_stream.emulator import Clock, Emulator

WEEK = 7 * 24 * 3600
SESSION = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=object"


def test_it_is_put_forward_and_set_back() -> None:
    clock = Clock(lambda: 1000.0)
    clock.advance(2.5)
    assert (clock.seconds(), clock.now_us()) == (1002.5, 1_002_500_000)
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="put forward"):
            clock.advance(wrong)
    clock.reset()
    assert clock.seconds() == 1000.0


async def test_a_session_expires_after_a_week(emulator: Emulator, wire: WireClient) -> None:
    url = (await wire.send("POST", SESSION)).headers["Location"]
    query = {"Content-Range": "bytes */*"}
    emulator.clock.advance(WEEK - 60)
    assert (await wire.send("PUT", url, headers=query)).status == 308
    emulator.clock.advance(120)
    gone = await wire.send("PUT", url, headers=query)
    assert (gone.status, gone.reason) == (410, "gone")


async def test_the_lifetime_of_sessions_is_a_setting() -> None:
    async with Emulator(session_lifetime_seconds=5) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        url = (await wire.send("POST", SESSION)).headers["Location"]
        emulator.clock.advance(6)
        assert (await wire.send("PUT", url, body=b"late")).status == 410
        await wire.send("POST", SESSION)
        assert emulator.unfinished_sessions == 1, "the expired one is cleared away"


async def test_what_is_soft_deleted_can_be_restored_until_its_time_is_over() -> None:
    async with Emulator(soft_delete_seconds=100) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        generation = (await wire.upload("object", b"kept")).json["generation"]
        await wire.send("DELETE", object_path("object"))
        listing = "/storage/v1/b/bucket/o?softDeleted=true"
        emulator.clock.advance(99)
        found = (await wire.send("GET", listing)).json["items"]
        assert [item["generation"] for item in found] == [generation]
        restore = f"{object_path('object')}/restore?generation={generation}"
        assert (await wire.send("POST", restore)).status == 200
        await wire.send("DELETE", object_path("object"))
        emulator.clock.advance(101)
        assert "items" not in (await wire.send("GET", listing)).json
        gone = await wire.metadata("object", softDeleted="true", generation=generation)
        assert gone.status == 404
        assert (await wire.send("POST", restore)).status == 404


async def test_retention_ends(emulator: Emulator, wire: WireClient) -> None:
    policy = {"name": "bucket", "retentionPolicy": {"retentionPeriod": "50"}}
    await wire.send("POST", "/storage/v1/b?project=p", body=policy)
    await wire.upload("object", b"kept")
    assert (await wire.send("DELETE", object_path("object"))).status == 403
    emulator.clock.advance(51)
    assert (await wire.send("DELETE", object_path("object"))).status == 204


async def test_a_rewrite_takes_several_calls_when_told() -> None:
    async with Emulator(rewrite_bytes_per_call=10) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await wire.upload("object", b"x" * 25)
        path = f"{object_path('object')}/rewriteTo/b/bucket/o/copy"
        written: list[str] = []
        token = ""
        while not written or token:
            answer = (await wire.send("POST", path + token)).json
            written.append(answer["totalBytesRewritten"])
            token = f"?rewriteToken={answer['rewriteToken']}" if not answer["done"] else ""
        assert written == ["10", "20", "25"]


async def test_tokens_expire_by_the_same_clock() -> None:
    async with Emulator(require_auth=True) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        headers = {"Authorization": f"Bearer {emulator.tokens.issue()}"}
        assert (await wire.upload("object", b"x", headers=headers)).status == 200
        emulator.clock.advance(3601)
        assert (await wire.upload("object", b"x", headers=headers)).status == 401


async def test_generations_follow_the_clock(tmp_path: Path) -> None:
    clock = Clock(lambda: 2_000_000_000.0)
    async with Emulator(tmp_path, clock=clock) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        made = (await wire.upload("object", b"x")).json
        assert made["timeCreated"].startswith("2033-05-18T03:33:20")
        assert int(made["generation"]) // 1_000_000 == 2_000_000_000


async def test_over_http(emulator: Emulator, wire: WireClient) -> None:
    before = emulator.clock.seconds()
    path = "/_emulator/advance_clock"
    told = (await wire.send("POST", path, body={"seconds": WEEK})).json
    assert told["now"] >= before + WEEK
    assert emulator.clock.seconds() >= before + WEEK
    for wrong in ({}, {"seconds": -1}, {"seconds": "1"}, {"seconds": 1e999}):
        assert (await wire.send("POST", path, body=dict(wrong))).status == 400
    await wire.upload("object", b"x")
    await emulator.reset()
    assert emulator.clock.seconds() < before + WEEK
    made = (await wire.upload("object", b"x")).json
    assert int(made["generation"]) < (before + WEEK) * 1_000_000
