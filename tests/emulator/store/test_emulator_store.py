"""What must survive a kill, and what must not stay behind."""

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession
from emulator_folders import SERVE, body_files
from wire_client import WireClient

from storage_stream.emulator import Emulator
from storage_stream.emulator.store.bodies import INLINE_BYTES
from storage_stream.emulator.store.store import Store

LARGE = os.urandom(INLINE_BYTES + 1)


@pytest.mark.parametrize("durable", [False, True])
async def test_what_was_stored_is_there_after_a_restart(tmp_path: Path, *, durable: bool) -> None:
    async with Emulator(tmp_path, durable=durable) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        first = (await wire.upload("small", b"small")).json["generation"]
        await wire.upload("large", LARGE)
    async with Emulator(tmp_path, durable=durable) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        assert (await wire.media("small")).body == b"small"
        assert (await wire.media("large")).body == LARGE
        again = (await wire.upload("small", b"new")).json["generation"]
        assert int(again) > int(first)


@pytest.mark.parametrize("size", [10, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000])
async def test_sizes_around_the_limit_of_rows_round_trip(wire: WireClient, size: int) -> None:
    content = os.urandom(size)
    assert (await wire.upload("sized", content)).json["size"] == str(size)
    assert (await wire.media("sized")).body == content


async def test_overwriting_and_deleting_leave_no_files(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await wire.upload("large", LARGE)
        await wire.upload("large", LARGE)
        assert len(body_files(tmp_path)) == 1
        await wire.send("DELETE", "/storage/v1/b/bucket/o/large")
        assert body_files(tmp_path) == []


async def test_a_refused_upload_leaves_no_file(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await wire.upload("large", LARGE)
        refused = await wire.upload("large", LARGE, ifGenerationMatch=0)
        assert refused.status == 412
        wrong = await wire.upload("other", LARGE, headers={"X-Goog-Hash": "crc32c=AAAAAA=="})
        assert wrong.status == 400
        assert len(body_files(tmp_path)) == 1


async def test_copies_share_one_file_until_the_last_is_deleted(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        await wire.upload("one", LARGE)
        await wire.send("POST", "/storage/v1/b/bucket/o/one/copyTo/b/bucket/o/two")
        assert len(body_files(tmp_path)) == 1
        await wire.send("DELETE", "/storage/v1/b/bucket/o/one")
        assert (await wire.media("two")).body == LARGE
        await wire.send("DELETE", "/storage/v1/b/bucket/o/two")
        assert body_files(tmp_path) == []


async def test_a_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    async with Emulator(tmp_path):
        with pytest.raises(RuntimeError, match="uses the folder"):
            await Emulator(tmp_path).start()


async def test_another_version_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "metadata.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = Store(tmp_path)
    with pytest.raises(RuntimeError, match="schema 99"):
        await store.open()


async def test_files_that_no_row_names_are_removed_at_start(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        await WireClient(emulator.url, session).upload("kept", LARGE)
    orphan, half = tmp_path / "bodies" / "07" / "999999", tmp_path / "incoming" / "5"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left by a kill")
    half.write_bytes(b"half")
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        assert not orphan.exists()
        assert not half.exists()
        assert (await WireClient(emulator.url, session).media("kept")).body == LARGE


async def test_a_file_lives_as_long_as_it_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    await store.open()
    writer = store.bodies.writer()
    await writer.write(LARGE)
    body = await writer.finish()
    with store.bodies.reading(body.id):
        await store.bodies.remove([body.id])
        assert store.bodies.path(body.id).read_bytes() == LARGE
    assert not store.bodies.path(body.id).exists()
    await store.close()


async def test_durable_changes_are_committed_together_and_fail_alone(tmp_path: Path) -> None:
    async with Emulator(tmp_path, durable=True) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        answers = await asyncio.gather(
            *(wire.upload("same", str(n).encode(), ifGenerationMatch=0) for n in range(20))
        )
        assert sorted(answer.status for answer in answers) == [200] + [412] * 19
        winner = next(answer.json["generation"] for answer in answers if answer.status == 200)
        assert (await wire.metadata("same")).json["generation"] == winner


async def test_kill_loses_nothing_acknowledged_and_leaves_nothing_half(tmp_path: Path) -> None:
    acknowledged: dict[str, bytes] = {}
    killed: list[int] = []  # once: a second signal may take the process's status from the loop
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()

    async def upload(wire: WireClient, worker: int) -> None:
        for number in range(10_000):
            name = f"{worker}-{number}"
            content = os.urandom(100 if number % 2 else INLINE_BYTES * 4)
            if (await wire.upload(name, content)).status == 200:
                acknowledged[name] = content
            if len(acknowledged) > 60 and not killed:
                killed.append(worker)
                process.send_signal(signal.SIGKILL)

    async with ClientSession() as session:
        wire = WireClient(url, session)
        outcomes = await asyncio.gather(
            *(upload(wire, worker) for worker in range(8)), return_exceptions=True
        )
    assert all(isinstance(outcome, ClientError | OSError) for outcome in outcomes)
    assert await process.wait() == -signal.SIGKILL
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        for name, content in acknowledged.items():
            assert (await wire.media(name)).body == content
        for item in (await wire.send("GET", "/storage/v1/b/bucket/o")).json["items"]:
            answer = await wire.media(item["name"])
            assert (answer.status, len(answer.body)) == (200, int(item["size"]))


async def test_kill_keeps_the_acknowledged_part_of_a_session(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    content = os.urandom(1024 * 1024)
    half = len(content) // 2
    async with ClientSession() as session:
        wire = WireClient(url, session)
        target = "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=resumed"
        started = await wire.send("POST", target)
        place = started.headers["Location"].removeprefix(url)
        chunk = {"Content-Range": f"bytes 0-{half - 1}/{len(content)}"}
        answer = await wire.send("PUT", place, headers=chunk, body=content[:half])
        assert answer.headers["Range"] == f"bytes=0-{half - 1}"
    process.kill()
    await process.wait()
    async with Emulator(tmp_path) as emulator, ClientSession() as session:
        wire = WireClient(emulator.url, session)
        asked = await wire.send("PUT", place, headers={"Content-Range": "bytes */*"})
        assert asked.headers["Range"] == f"bytes=0-{half - 1}"
        rest = {"Content-Range": f"bytes {half}-{len(content) - 1}/{len(content)}"}
        finished = await wire.send("PUT", place, headers=rest, body=content[half:])
        assert finished.status == 200
        assert finished.json["size"] == str(len(content))
        assert (await wire.media("resumed")).body == content
