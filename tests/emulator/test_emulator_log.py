from collections.abc import AsyncIterator

import pytest
from bare_http import ask
from multidict import CIMultiDict

from storage_stream.emulator import Emulator, RequestLog

UPLOAD = "/upload/storage/v1/b/bucket/o?uploadType=media&name=a%20b"
OBJECT = "/storage/v1/b/bucket/o/a%20b"


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as emulator:
        yield emulator


def log_of(count: int, capacity: int = 100) -> RequestLog:
    log = RequestLog(capacity)
    for number in range(count):
        log.begin("GET", f"/{number}", "", CIMultiDict())
    return log


def test_a_log_is_a_sequence() -> None:
    log = log_of(3)
    assert len(log) == 3
    assert [entry.path for entry in log] == ["/0", "/1", "/2"]
    assert (log[0].path, log[-1].path) == ("/0", "/2")
    assert [entry.number for entry in log[1:]] == [2, 3]
    assert "path='/1'" in repr(log)


def test_the_oldest_go_first() -> None:
    assert [entry.number for entry in log_of(5, capacity=2)] == [4, 5]


def test_clear_counts_from_one_again() -> None:
    log = log_of(3)
    log.clear()
    assert list(log) == []
    assert log.begin("GET", "/", "", CIMultiDict()).number == 1


def test_secrets_are_not_shown_and_not_lost() -> None:
    headers = CIMultiDict(
        {"Authorization": "Bearer abc", "X-Goog-Encryption-Key": "k", "Accept": "*/*"}
    )
    entry = RequestLog().begin("GET", "/", "", headers)
    assert entry.document()["headers"] == {
        "Authorization": "(secret)",
        "X-Goog-Encryption-Key": "(secret)",
        "Accept": "*/*",
    }
    assert "abc" not in repr(entry)
    assert entry.headers["Authorization"] == "Bearer abc"


async def test_an_entry_tells_what_was_asked_and_answered(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=b"x" * 100_000)
    headers = {"Range": "bytes=10-19"}
    await ask(emulator.url, "GET", f"{OBJECT}?alt=media", headers=headers)
    await ask(emulator.url, "HEAD", f"{OBJECT}?alt=media")
    await ask(emulator.url, "GET", "/storage/v1/b/bucket/o/missing")
    facts = [
        (e.method, e.operation, e.status, e.range, e.bytes_in, e.bytes_out) for e in emulator.log
    ]
    upload_answer = facts[0][5]
    not_found = facts[3][5]
    assert facts == [
        ("POST", "storage.objects.insert", 200, None, 100_000, upload_answer),
        ("GET", "storage.objects.get", 206, "bytes=10-19", 0, 10),
        ("HEAD", "storage.objects.get", 200, None, 0, 0),
        ("GET", "storage.objects.get", 404, None, 0, not_found),
    ]
    assert upload_answer > 0
    assert (emulator.log[0].path, emulator.log[0].query) == tuple(UPLOAD.split("?"))
    assert emulator.log[1].path == OBJECT, "as it was sent, percent-encoding included"


async def test_select_takes_what_agrees_with_everything(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=b"x")
    await ask(emulator.url, "GET", OBJECT)
    await ask(emulator.url, "GET", "/storage/v1/b/bucket/o/missing")
    log = emulator.log
    assert [e.number for e in log.select(operation="storage.objects.get")] == [2, 3]
    assert [e.number for e in log.select(operation="storage.objects.get", status=404)] == [3]
    assert [e.number for e in log.select(method="POST")] == [1]
    assert [e.number for e in log.select(path="missing")] == [3]
    assert log.select(method="DELETE") == []


async def test_what_nobody_serves_is_logged_too(emulator: Emulator) -> None:
    reply = await ask(emulator.url, "PATCH", "/no/such/path/at/all")
    assert emulator.log[0].status == reply.status
    assert reply.status in {404, 405}


async def test_the_log_over_http(emulator: Emulator) -> None:
    await ask(emulator.url, "POST", UPLOAD, body=b"x")
    await ask(emulator.url, "GET", OBJECT, headers={"Authorization": "Bearer abc"})
    entries = (await ask(emulator.url, "GET", "/_emulator/requests")).json()["requests"]
    assert [(e["method"], e["status"]) for e in entries] == [("POST", 200), ("GET", 200)]
    assert entries[1]["headers"]["Authorization"] == "(secret)"
    target = "/_emulator/requests?operation=storage.objects.get"
    assert len((await ask(emulator.url, "GET", target)).json()["requests"]) == 1
    assert (await ask(emulator.url, "DELETE", "/_emulator/requests")).status == 200
    assert len(emulator.log) == 0


async def test_the_status_over_http(emulator: Emulator) -> None:
    target = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a"
    started = await ask(emulator.url, "POST", target, body=b"{}")
    status = (await ask(emulator.url, "GET", "/_emulator/status")).json()
    assert status["unfinished_sessions"] == 1
    assert status["requests"] == 1
    assert status["open_connections"] >= 1
    session = (started.header("Location") or "").removeprefix(emulator.url)
    await ask(emulator.url, "DELETE", session)
    assert emulator.unfinished_sessions == 0
