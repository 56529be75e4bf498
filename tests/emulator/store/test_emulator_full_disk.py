"""A disk that is full: what it refused takes no room from then on, and what was kept stays."""

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage_stream.emulator.store.bodies import BATCH_BYTES, BodyFolder
from storage_stream.emulator.store.checksums import RunningChecksums
from storage_stream.emulator.store.session_body import SessionBody

CONTENT = os.urandom(BATCH_BYTES + 100_000)


@contextmanager
def files_up_to(size: int) -> Generator[None]:
    """Let writes behind `size` fail as they do on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("limit", [0, 100_000, BATCH_BYTES, len(CONTENT) - 1])
async def test_a_body_that_does_not_fit_leaves_nothing(tmp_path: Path, limit: int) -> None:
    bodies = BodyFolder(tmp_path, durable=True)
    bodies.open(named=[])
    writer = bodies.writer()
    with files_up_to(limit):
        await writer.write(CONTENT[:BATCH_BYTES])
        await writer.write(CONTENT[BATCH_BYTES:])
        with pytest.raises(OSError, match="too large"):
            await writer.finish()
    assert _files(tmp_path) == []


async def test_a_body_that_is_given_up_after_the_disk_did_leaves_nothing(tmp_path: Path) -> None:
    bodies = BodyFolder(tmp_path, durable=False)
    bodies.open(named=[])
    writer = bodies.writer()
    with files_up_to(1000):
        await writer.write(CONTENT)
        await writer.discard()
    assert _files(tmp_path) == []


async def test_a_session_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    body = SessionBody(tmp_path / "session", durable=True)
    kept = 2 * 256 * 1024
    await body.open_at(0)
    await body.append(CONTENT[:kept])
    assert await body.settle(final=False) == kept
    with files_up_to(kept + 1000):
        await body.open_at(kept)
        await body.append(CONTENT[kept:])
        with pytest.raises(OSError, match="too large"):
            await body.settle(final=True)
    await body.open_at(kept)
    await body.append(CONTENT[kept:])
    assert await body.settle(final=True) == len(CONTENT)
    whole = RunningChecksums()
    whole.update(CONTENT)
    assert (body.sums.crc32c, body.sums.md5) == (whole.crc32c, whole.md5)
    assert (tmp_path / "session").read_bytes() == CONTENT
