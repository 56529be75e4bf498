"""Files: what is not whole is its owner's alone, and what is written down holds no secret."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
from typing import TYPE_CHECKING

import pytest
from sample_data import encoded_crc32c

from storage_stream import Environment, Storage
from storage_stream.errors import ConnectionLost, ServerError
from storage_stream.testing import Answer, MemoryTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions are others there")

DATA = bytes(1000)
KEY = b"k" * 32
SECRETS = (b"ya29.secret", KEY, base64.b64encode(KEY), b"upload_id")


class Token:
    async def get(self) -> str:
        return "ya29.secret"


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """The permissions of the files by whether they are parts."""
    return {
        "part" if path.name.startswith(".") else path.name: stat.S_IMODE(path.stat().st_mode)
        for path in folder.iterdir()
    }


def assert_private(folder: Path) -> None:
    left = list(folder.iterdir())
    assert left
    for path in left:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not [secret for secret in SECRETS if secret in path.read_bytes()]


@pytest.mark.parametrize(("before", "then"), [(None, 0o644), (0o640, 0o640), (0o600, 0o600)])
async def test_a_part_is_its_owners_alone_until_it_is_whole(
    tmp_path: Path, before: int | None, then: int
) -> None:
    if before is not None:
        (tmp_path / "file").touch()
        (tmp_path / "file").chmod(before)
    headers = {"x-goog-hash": f"crc32c={encoded_crc32c(DATA)}"}
    transport = MemoryTransport(lambda _: Answer(200, headers, DATA, stall_after=500))
    around = Environment(transport=transport)
    async with Storage(anonymous=True, environment=around) as storage:
        task = asyncio.create_task(
            storage.download_to_filename("bucket", "name", tmp_path / "file")
        )
        await transport.wait_for_stall()
        assert modes(tmp_path)["part"] == 0o600
        transport.release()
        await task
    assert modes(tmp_path) == {"file": then}


@pytest.mark.parametrize(("before", "then"), [(None, 0o644), (0o600, 0o600)])
async def test_files_of_a_run_end_with_the_usual_permissions(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path, before: int | None, then: int
) -> None:
    gcs.put("bucket", "small", DATA)
    gcs.put("bucket", "large", bytes(2_000_000))
    for name in ("small", "large") if before is not None else ():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(before or 0)
    await storage.download_many("bucket", "", tmp_path)
    assert modes(tmp_path) == {"small": then, "large": then}


async def test_what_a_broken_download_leaves_is_its_owners_alone_and_holds_no_secret(
    gcs: EmulatorHandle, tmp_path: Path
) -> None:
    async with Storage(token=Token()) as storage:
        await storage.create_bucket("bucket", "project")
        await storage.upload("bucket", "name", bytes(2_000_000), encryption_key=KEY)
        gcs.arm_next("storage.objects.get", "drop-at-1000000", *["return-503"] * 9)
        with pytest.raises((ServerError, ConnectionLost)):
            await storage.download_to_filename(
                "bucket",
                "name",
                tmp_path / "file",
                slice_bytes=256 * 1024,
                encryption_key=KEY,
                retries=0,
            )
    assert_private(tmp_path)


async def test_the_journal_of_an_upload_holds_no_secret(
    gcs: EmulatorHandle, tmp_path: Path
) -> None:
    source, journal = tmp_path / "source", tmp_path / "journal"
    source.write_bytes(os.urandom(20_000_000))
    async with Storage(token=Token()) as storage:
        await storage.create_bucket("bucket", "project")
        gcs.arm_next("storage.multipartUploads.uploadPart", "pass", *["return-503"] * 9)
        with pytest.raises(ServerError):
            await storage.upload_parallel(
                "bucket",
                "name",
                source,
                journal=journal,
                part_bytes=5 * 1024 * 1024,
                encryption_key=KEY,
                retries=0,
            )
    source.unlink()
    assert_private(tmp_path)


async def test_the_journal_of_a_run_holds_no_secret(gcs: EmulatorHandle, tmp_path: Path) -> None:
    async with Storage(token=Token()) as storage:
        await storage.create_bucket("bucket", "project")
        await storage.upload("bucket", "name", DATA, encryption_key=KEY)
        run = await storage.download_many(
            "bucket", ["name"], tmp_path / "to", journal=tmp_path / "journal", encryption_key=KEY
        )
    assert run.done == 1
    assert gcs.objects("bucket")
    content = (tmp_path / "journal").read_bytes()
    assert b"gs://bucket/name" in content
    assert not [secret for secret in SECRETS if secret in content]
