"""Uploads in parts, as another client and another process see them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client  # type: ignore[import-untyped] # no types
from leaks import names_in, until
from sample_data import encoded_crc32c, patterned
from standing_time import until_stalled

from storage_stream import Storage
from storage_stream.cli.main import storage_stream
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024
PART_BYTES = 16 * MIB  # more than the kernel holds, and would deliver for a process it killed
DATA = patterned(66 * MIB)  # five parts
CLIENT = Path(__file__).parent / "parallel_client.py"
OPERATIONS = {
    "multipart": "storage.multipartUploads.uploadPart",
    "composite": "storage.objects.insert",
}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    gcs.log.clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source").write_bytes(DATA)
    return tmp_path / "source"


def command(gcs: EmulatorHandle, method: str, source: Path, *more: object) -> list[str]:
    return [sys.executable, *map(str, (CLIENT, gcs.url, method, source, *more))]


def names(gcs: EmulatorHandle) -> list[str]:
    return [item["name"] for item in gcs.objects("bucket", versions="true")]


def parts_sent(gcs: EmulatorHandle, method: str) -> int:
    return [entry.operation for entry in gcs.log].count(OPERATIONS[method])


@pytest.mark.parametrize("method", OPERATIONS)
async def test_another_client_reads_the_object(
    gcs: EmulatorHandle, storage: Storage, source: Path, method: Any
) -> None:
    await storage.upload_parallel(
        *("bucket", "a/b é?#", source),
        part_bytes=PART_BYTES,
        method=method,
        content_type="text/plain",
        metadata={"contentLanguage": "de", "metadata": {"colour": "blue"}},
    )
    foreign = Client(
        project="p",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call] # google's
        client_options={"api_endpoint": gcs.url},
    )
    try:
        blob = foreign.bucket("bucket").get_blob("a/b é?#")
        assert blob.download_as_bytes(checksum="crc32c") == DATA
        assert (blob.content_type, blob.content_language) == ("text/plain", "de")
        assert blob.metadata == {"colour": "blue"}
        assert blob.crc32c == encoded_crc32c(DATA)
    finally:
        foreign.close()


async def killed_midway(gcs: EmulatorHandle, method: str, source: Path, journal: Path) -> None:
    """A process that sent two of five parts, and was killed while it sent the third."""
    gcs.arm_next(OPERATIONS[method], "pass", "pass", "stall-for-600s-after-1024K")
    arguments = command(gcs, method, source, PART_BYTES, 1, journal)
    with subprocess.Popen(arguments) as process:  # noqa: S603, ASYNC220 - our own script
        try:
            await until_stalled(gcs)
        finally:
            process.kill()
    gcs.advance_clock(600)  # the server reads on, and sees that nobody is there
    await until(lambda: gcs.open_connections == 0, lambda: "the killed process is still there")
    gcs.log.clear()
    assert "journal" in names_in(journal.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
@pytest.mark.parametrize("method", OPERATIONS)
async def test_another_process_goes_on_where_one_was_killed(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, source: Path, method: Any
) -> None:
    journal = tmp_path / "journal"
    await killed_midway(gcs, method, source, journal)
    made = await storage.upload_parallel(
        *("bucket", "large", source),
        part_bytes=PART_BYTES,
        workers=1,
        method=method,
        journal=journal,
        timeout=None,  # a part is not sent again where a disk is slow
    )
    assert made["crc32c"] == encoded_crc32c(DATA)
    assert parts_sent(gcs, method) == 3
    assert gcs.read("bucket", "large") == DATA
    assert names(gcs) == ["large"]
    assert names_in(tmp_path) == ["source"]


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
@pytest.mark.parametrize(("method", "count"), [("multipart", 1), ("composite", 2)])
async def test_a_command_cleans_up_where_one_was_killed(
    gcs: EmulatorHandle, tmp_path: Path, source: Path, method: str, count: int
) -> None:
    journal = tmp_path / "journal"
    await killed_midway(gcs, method, source, journal)
    ran = subprocess.run(  # noqa: S603, ASYNC221 - our own code
        [sys.executable, "-m", "storage_stream.cli", "clean-upload", str(journal)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "STORAGE_EMULATOR_HOST": gcs.url},
    )
    left = "1 temporary upload," if count == 1 else "2 temporary uploads,"
    assert ran.stdout == f"Removed {left} and the journal.\n"
    assert names(gcs) == []
    assert b"<Upload>" not in gcs._ask("GET", "/bucket?uploads")
    assert names_in(tmp_path) == ["source"]


def test_a_command_without_a_journal(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("no journal")
    ran = CliRunner().invoke(storage_stream, ["clean-upload", str(tmp_path / "none")])
    assert ran.exit_code == 1
    assert "is no journal of an upload" in ran.output
    ran = CliRunner().invoke(storage_stream, ["clean-upload", str(tmp_path / "missing")])
    assert ran.exit_code == 2


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of a process's memory"
)
@pytest.mark.parametrize("method", OPERATIONS)
def test_memory_is_bounded(gcs: EmulatorHandle, tmp_path: Path, method: str) -> None:
    size = 384 * MIB
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(size)
    ran = subprocess.run(  # noqa: S603 - our own script
        command(gcs, method, tmp_path / "sparse", 64 * MIB, 6),
        check=True,
        stdout=subprocess.PIPE,
        timeout=500,
    )
    told = json.loads(ran.stdout)
    assert told["size"] == str(size)
    assert told["growth"] < 32 * MIB, told
