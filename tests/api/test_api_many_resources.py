"""Runs of many over resources that were listed before: that generation is meant, and no other."""

from pathlib import Path

import pytest

from storage_stream import Progress, Storage
from storage_stream.errors import InvalidName, ObjectChanged

MTIME = "goog-reserved-file-mtime"


@pytest.fixture
async def bucket(storage: Storage) -> str:
    await storage.create_bucket("listed-bucket", "a-project")
    return "listed-bucket"


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def test_a_listed_object_is_downloaded_as_it_was_listed(
    storage: Storage, bucket: str, tmp_path: Path
) -> None:
    made = await storage.upload(bucket, "a/b", b"one", metadata={"metadata": {MTIME: "1000000000"}})
    listed = [resource async for resource in storage.iter_objects(bucket)]
    async with storage.download_many(bucket, [(listed[0], "x/y")], tmp_path) as run:
        (result,) = [result async for result in run]
    assert (tmp_path / "x/y").read_bytes() == b"one"
    assert (tmp_path / "x/y").stat().st_mtime == 1_000_000_000
    assert result.source == f"gs://{bucket}/a/b"
    assert (result.source_generation, result.crc32c) == (int(made["generation"]), made["crc32c"])


async def test_an_object_that_changed_since_is_an_error(
    storage: Storage, bucket: str, tmp_path: Path
) -> None:
    listed = await storage.upload(bucket, "a", b"one")
    await storage.upload(bucket, "a", b"another")
    (failure,) = (await storage.download_many(bucket, [listed], tmp_path)).failures
    assert isinstance(failure.error, ObjectChanged)
    assert is_empty(tmp_path)


async def test_a_name_that_leaves_the_folder_is_refused(
    storage: Storage, bucket: str, tmp_path: Path
) -> None:
    listed = await storage.upload(bucket, "../a", b"one")
    inside = tmp_path / "inside"
    run = await storage.download_many(bucket, [listed, (listed, "/b")], inside)
    assert [type(failure.error) for failure in run.failures] == [InvalidName, InvalidName]
    assert is_empty(tmp_path)


async def test_a_copy_tells_both_generations(storage: Storage, bucket: str) -> None:
    listed = await storage.upload(bucket, "a", b"one")
    async with storage.copy_many(bucket, [(listed, "b")], bucket, prefix="c/") as run:
        (result,) = [result async for result in run]
    made = await storage.download_metadata(bucket, "c/b")
    assert result.source_generation == int(listed["generation"])
    assert (result.generation, result.crc32c) == (int(made["generation"]), made["crc32c"])


async def test_an_upload_tells_the_checksum(storage: Storage, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    async with storage.upload_many(bucket, tmp_path) as run:
        (result,) = [result async for result in run]
    assert result.crc32c == (await storage.download_metadata(bucket, "a"))["crc32c"]
    assert result.source_generation is None


async def test_uploads_are_compressed_on_the_way(
    storage: Storage, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"one" * 1000)
    run = await storage.upload_many(bucket, tmp_path, zipped=True)
    assert (run.done, run.bytes < 1000) == (1, True)
    stored = await storage.download_metadata(bucket, "a")
    assert stored["contentEncoding"] == "gzip"
    assert await storage.download(bucket, "a") == b"one" * 1000


class Watching(Progress):
    """Counts each transfer of a run by itself, too."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: dict[str, Progress] = {}
        self.ended: list[Progress] = []

    def transfer_begins(self, source: str, target: str, size: int | None) -> Progress | None:
        if size == 0:
            return None
        self.begun[f"{source} {target} {size}"] = one = Ending(self.ended)
        return one


class Ending(Progress):
    def __init__(self, ended: list[Progress]) -> None:
        super().__init__()
        self._ended = ended

    def close(self) -> None:
        super().close()
        self._ended.append(self)


async def test_each_transfer_of_a_run_can_be_watched(
    storage: Storage, bucket: str, tmp_path: Path
) -> None:
    for name, data in {"a": b"one", "b": b"", "c": b"three"}.items():
        await storage.upload(bucket, name, data)
    progress = Watching()
    await storage.download_many(bucket, "", tmp_path, progress=progress)
    begun = {name: one.snapshot().bytes_confirmed for name, one in progress.begun.items()}
    url = f"gs://{bucket}"
    assert begun == {f"{url}/a {tmp_path}/a 3": 3, f"{url}/c {tmp_path}/c 5": 5}
    assert len(progress.ended) == 2
    assert progress.snapshot().bytes_confirmed == 8
