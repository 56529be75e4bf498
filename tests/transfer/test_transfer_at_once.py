"""A small object comes in one request, whatever is asked of it; the unusual is the machinery's."""

from collections.abc import Callable
from typing import Any

import pytest
from leaks import nothing_under_way
from sample_data import encoded_crc32c, patterned
from scripted_server import ScriptedServer, head, reply

from storage_stream import Preconditions, Progress, ProgressSnapshot, Storage
from storage_stream.errors import NotFound, ObjectChanged, PreconditionFailed
from storage_stream.testing import EmulatorHandle

GET = "storage.objects.get"
DATA = patterned(16 * 1024)
OLD = patterned(1024)


async def _two_generations(gcs: EmulatorHandle, storage: Storage) -> int:
    """Of an object in a bucket that keeps versions; the generation of the older one."""
    await storage.create_bucket("versions", "project", {"versioning": {"enabled": True}})
    made: Any = await storage.upload("versions", "name", OLD)
    await storage.upload("versions", "name", DATA)
    gcs.log.clear()
    return int(made["generation"])


async def test_a_generation(gcs: EmulatorHandle, storage: Storage) -> None:
    old = await _two_generations(gcs, storage)
    said: Any
    for said in (old, str(old)):
        assert await storage.download("versions", "name", generation=said) == OLD
    assert await storage.download("versions", "name", raw=True) == DATA
    with pytest.raises(NotFound):
        await storage.download("versions", "name", generation=old + 1)
    assert len(gcs.log) == 4


async def test_the_request_is_the_streams(gcs: EmulatorHandle, storage: Storage) -> None:
    old = await _two_generations(gcs, storage)
    said: Any = {"generation": old, "raw": True, "params": {"userProject": "a b"}}
    assert await storage.download("versions", "name", **said) == OLD
    async with storage.download_stream("versions", "name", **said) as stream:
        assert await stream.read() == OLD
    one, other = gcs.log
    assert (one.path, one.query) == (other.path, other.query)
    assert dict(one.headers) == dict(other.headers)


async def test_a_precondition(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    gcs.put(gcs_bucket, "name", DATA)
    with pytest.raises(PreconditionFailed):
        await storage.download(
            gcs_bucket, "name", preconditions=Preconditions(if_generation_match=1)
        )
    assert len(gcs.log) == 1


@pytest.mark.parametrize("faults", [(), ("return-503",), ("return-broken-stream",)])
async def test_somebody_counts(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, faults: tuple[str, ...]
) -> None:
    gcs.put(gcs_bucket, "name", DATA)
    gcs.arm_next(GET, *faults)
    progress = Progress()
    assert await storage.download(gcs_bucket, "name", progress=progress) == DATA
    told = progress.snapshot()
    assert told.attempts == 1 + len(faults)
    assert (told.bytes_confirmed, told.bytes_total) == (len(DATA), len(DATA))


async def test_one_counts_both_attempts(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    gcs.put(gcs_bucket, "name", DATA)
    gcs.arm_next(GET, "return-503")
    told: list[ProgressSnapshot] = []
    assert await storage.download(gcs_bucket, "name", progress=told.append) == DATA
    assert [snapshot.attempts for snapshot in told] == sorted(
        snapshot.attempts for snapshot in told
    )


async def test_another_generation_than_was_asked_for(
    storage_of: Callable[..., Storage],
) -> None:
    lines = (
        "x-goog-generation: 8",
        f"x-goog-hash: crc32c={encoded_crc32c(DATA)}",
        f"Content-Length: {len(DATA)}",
    )
    answer = head(200, *lines) + DATA
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(ObjectChanged, match=r"7 was asked for, 8 came"):
            await storage.download("bucket", "name", generation=7)
        await nothing_under_way(storage)
    assert len(server.asked) == 1
