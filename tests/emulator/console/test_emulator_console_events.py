"""The console's stream of events: what it tells, when, and how much."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from multidict import CIMultiDict
from wire_client import WireClient

from storage_stream.emulator import Emulator, RequestLog
from storage_stream.emulator.console.events import EventStreams
from storage_stream.emulator.faults.book import FaultBook


class Watcher:
    """Reads the events of one stream."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def next(self, event: str) -> Any:
        """The next event of that name; others are passed by."""
        name = ""
        async for line in self._answer.content:
            kind, _, value = line.decode().rstrip("\n").partition(": ")
            if kind == "event":
                name = value
            elif kind == "data" and name == event:
                return json.loads(value)
        raise EOFError

    async def entry(self, number: int) -> Any:
        """The entry of that number, as soon as it is finished."""
        while True:
            for entry in (await self.next("log"))["entries"]:
                if entry["number"] == number and entry["seconds"] is not None:
                    return entry


@asynccontextmanager
async def watching(emulator: Emulator) -> AsyncIterator[Watcher]:
    async with (
        ClientSession(read_bufsize=2**22) as session,
        session.get(f"{emulator.url}/_console/events") as answer,
    ):
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Watcher(answer)


async def test_what_was_is_told_first(emulator: Emulator, wire: WireClient) -> None:
    await wire.upload("x", b"x", headers={"Authorization": "Bearer abc"})
    emulator.arm_next("storage.objects.get", "return-503")
    test_id = emulator.arm({"storage.objects.list": ["return-429"]})
    async with watching(emulator) as watcher:
        log = await watcher.next("log")
        assert (log["reset"], log["skipped"]) == (True, 0)
        (entry,) = log["entries"]
        assert (entry["operation"], entry["status"]) == ("storage.objects.insert", 200)
        assert entry["headers"]["Authorization"] == "(secret)"
        assert entry["seconds"] >= 0
        state = await watcher.next("state")
    assert state["instructions"] == {"storage.objects.get": ["return-503"]}
    assert [test["id"] for test in state["retry_tests"]] == [test_id]
    assert state["status"]["requests"] == 1


async def test_changes_are_told_as_they_come(emulator: Emulator, wire: WireClient) -> None:
    async with watching(emulator) as watcher:
        assert (await watcher.next("log"))["entries"] == []
        emulator.arm_next("storage.buckets.get", "return-503")
        await wire.send("GET", "/storage/v1/b/bucket")
        entry = await watcher.entry(1)
        assert (entry["status"], entry["fault"]) == (503, "return-503")
        emulator.log.clear()
        log = await watcher.next("log")
        assert (log["reset"], log["entries"]) == (True, [])


async def test_a_request_under_way_is_told_before_it_ends(
    emulator: Emulator, wire: WireClient
) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        arrived.set()
        await go_on.wait()
        yield b"y"

    async with watching(emulator) as watcher:
        upload = asyncio.create_task(wire.upload("x", body()))
        await arrived.wait()
        entries: list[Any] = []
        while not entries:
            entries = (await watcher.next("log"))["entries"]
        assert (entries[0]["status"], entries[0]["seconds"]) == (None, None)
        go_on.set()
        assert (await upload).status == 200
        assert (await watcher.entry(1))["bytes_in"] == 1001


async def test_an_onlooker_is_no_client_and_keeps_nobody_waiting(emulator: Emulator) -> None:
    async with watching(emulator) as watcher:
        await watcher.next("state")
        assert emulator.open_connections == 0
        await emulator.stop()
        with pytest.raises(EOFError):
            await watcher.next("nothing")


async def test_a_page_that_left_is_forgotten(emulator: Emulator, wire: WireClient) -> None:
    async with watching(emulator) as watcher:
        await watcher.next("state")
        assert len(emulator._onlookers) == 1
    while len(emulator._onlookers):  # the emulator notices when it tells the next thing
        await wire.send("GET", "/storage/v1/b/bucket")
    assert emulator.log._listeners == ()


async def test_what_is_too_much_is_counted(emulator: Emulator) -> None:
    for number in range(700):
        emulator.log.finish(emulator.log.begin("GET", f"/{number}", "", CIMultiDict()))
    async with watching(emulator) as watcher:
        log = await watcher.next("log")
        assert [entry["number"] for entry in log["entries"]] == list(range(201, 701))
        assert log["skipped"] == 0, "of what was before, the latest are enough"
        for number in range(600):
            emulator.log.begin("GET", f"/more/{number}", "", CIMultiDict())
        log = await watcher.next("log")
        assert log["skipped"] == 100
        assert len(log["entries"]) == 500


def test_listeners_hear_of_everything_and_of_the_end() -> None:
    log, heard = RequestLog(), list[Any]()
    listener = heard.append
    log.listen(listener)
    old = log.begin("GET", "/", "", CIMultiDict())
    assert old.document()["seconds"] is None
    log.finish(old)
    assert old.document()["seconds"] is not None
    late = log.begin("GET", "/late", "", CIMultiDict())
    log.clear()
    log.finish(late)  # its number is another's by now
    assert heard == [old, old, late, None]
    log.unlisten(listener)
    log.begin("GET", "/", "", CIMultiDict())
    assert len(heard) == 4


async def test_streams_can_be_ended_when_there_are_none() -> None:
    streams = EventStreams(RequestLog(), FaultBook(frozenset()), dict)
    streams.end()
    assert len(streams) == 0


async def test_faults_are_disarmed_by_operation(emulator: Emulator, wire: WireClient) -> None:
    emulator.arm_next("storage.objects.get", "return-503")
    emulator.arm_next("storage.objects.list", "return-503")
    path = "/_emulator/arm_next"
    left = await wire.send("DELETE", path, operation="storage.objects.get")
    assert left.json == {"instructions": {"storage.objects.list": ["return-503"]}}
    unknown = await wire.send("DELETE", path, operation="storage.objects.fetch")
    assert unknown.status == 400
    assert "storage.objects.fetch" in unknown.body.decode()
    assert (await wire.send("DELETE", path)).json == {"instructions": {}}
