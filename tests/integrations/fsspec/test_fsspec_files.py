"""Files that are opened: one generation, verified, read ahead; written as a whole or not at all."""

import gc
import pickle
import random
from collections.abc import Callable

import pytest

from storage_stream.errors import IntegrityError, ObjectChanged
from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024


def data_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311 - no secret


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3 * MIB + 7])
@pytest.mark.parametrize("step", [None, 65_537, MIB, 2 * MIB])
def test_all_of_it_is_read_and_verified(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, size: int, step: int | None
) -> None:
    data = data_of(size)
    gcs.put(gcs_bucket, "name", data)
    with fs.open(f"{gcs_bucket}/name", block_size=512 * 1024) as file:
        parts = [file.read()] if step is None else list(iter(lambda: file.read(step), b""))
        assert b"".join(parts) == data
        assert file.verified is (True if size else None)
        assert file.size == size
        assert file.read(1) == b""


@pytest.mark.parametrize(
    "cache",
    [None, "none", "readahead", "bytes", "blockcache", "background", "all", "first"],
)
def test_reads_anywhere_are_right_with_every_cache(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, cache: str | None
) -> None:
    data = data_of(2 * MIB + 3)
    gcs.put(gcs_bucket, "name", data)
    dice = random.Random(7)  # noqa: S311 - no secret
    chosen = {} if cache is None else {"cache_type": cache}
    with fs.open(f"{gcs_bucket}/name", block_size=256 * 1024, **chosen) as file:
        position = 0
        for _ in range(40):
            if dice.random() < 0.5:
                position = dice.randrange(len(data) + 10)
                file.seek(position)
            wanted = dice.choice([1, 1000, 100_000, 600_000])
            assert file.read(wanted) == data[position : position + wanted]
            position = min(len(data), position + wanted) if position < len(data) else position
            assert file.tell() == position


def test_the_tail_is_read_by_its_range(
    fs: StorageFileSystem,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    asked: Callable[[], list[str]],
) -> None:
    data = data_of(4 * MIB)
    gcs.put(gcs_bucket, "name", data)
    asked()
    with fs.open(f"{gcs_bucket}/name") as file:
        file.seek(-8, 2)
        assert file.read() == data[-8:]
    assert asked() == ["GET media", "GET media"]


def test_a_file_is_of_one_generation(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "name", data_of(2 * MIB))
    with fs.open(f"{gcs_bucket}/name") as file:
        file.read(10)
        gcs.put(gcs_bucket, "name", data_of(2 * MIB + 1))
        file.seek(MIB)
        with pytest.raises(ObjectChanged):
            file.read(10)
        file.seek(0)
        with pytest.raises(ObjectChanged):
            file.read()


def test_an_old_generation_can_be_read(fs: StorageFileSystem, gcs: EmulatorHandle) -> None:
    gcs.create_bucket("versioned", versioning={"enabled": True})
    old = gcs.put("versioned", "name", b"old")
    gcs.put("versioned", "name", b"newer")
    generation = int(old["generation"])
    assert fs.cat_file("versioned/name", generation=generation) == b"old"
    assert fs.open("versioned/name", generation=generation).read() == b"old"
    assert fs.info("versioned/name", generation=generation)["size"] == 3


def test_wrong_bytes_are_an_error(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "name", data_of(MIB))
    gcs.arm_next("storage.objects.get", "wrong-hash")
    with pytest.raises(IntegrityError):
        fs.cat_file(f"{gcs_bucket}/name")
    gcs.arm_next("storage.objects.get", "wrong-hash")
    with fs.open(f"{gcs_bucket}/name") as file:
        file.read(MIB - 1)
        with pytest.raises(IntegrityError):
            file.read(1)


def test_a_broken_connection_is_not_seen(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    data = data_of(2 * MIB)
    gcs.put(gcs_bucket, "name", data)
    gcs.arm_next("storage.objects.get", "drop-at-1000000")
    assert fs.cat_file(f"{gcs_bucket}/name") == data


def test_an_open_file_travels_by_pickle(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "name", b"0123456789")
    with fs.open(f"{gcs_bucket}/name") as file:
        file.read(4)
        with pickle.loads(pickle.dumps(file)) as other:  # noqa: S301 - our own
            assert other.generation == file.generation
            assert other.read() == b"456789"
            other.fs.close()


def test_text_is_written_and_read(fs: StorageFileSystem, gcs_bucket: str) -> None:
    with fs.open(f"{gcs_bucket}/poem", "w", encoding="utf-8", newline="") as file:
        file.write("Über allen\nGipfeln\n")
    with fs.open(f"{gcs_bucket}/poem", "a", encoding="utf-8") as file:
        file.write("ist Ruh\n")
    with fs.open(f"{gcs_bucket}/poem", "r", encoding="utf-8") as file:
        assert list(file) == ["Über allen\n", "Gipfeln\n", "ist Ruh\n"]
    with fs.open(f"{gcs_bucket}/poem.gz", "wt", compression="gzip") as file:
        file.write("compressed")
    with fs.open(f"{gcs_bucket}/poem.gz", "rt", compression="infer") as file:
        assert file.read() == "compressed"


def test_a_large_file_is_written_in_bounded_pieces(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    data = data_of(3 * MIB)
    with fs.open(f"{gcs_bucket}/name", "wb", block_size=512 * 1024) as file:
        for start in range(0, len(data), 100_000):
            file.write(data[start : start + 100_000])
        assert file.buffer.tell() < 512 * 1024
        assert gcs.objects(gcs_bucket) == []
    assert gcs.read(gcs_bucket, "name") == data
    assert file.generation == int(gcs.metadata(gcs_bucket, "name")["generation"])


@pytest.mark.parametrize("mode", ["wb", "w", "xb", "ab"])
@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_leaving_by_an_exception_leaves_nothing(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, mode: str, size: int
) -> None:
    name = "new" if mode == "xb" else "name"
    gcs.put(gcs_bucket, "name", b"as it was")
    data = "x" * size if mode == "w" else b"x" * size

    def write_half() -> None:
        with fs.open(f"{gcs_bucket}/{name}", mode, block_size=MIB) as file:
            file.write(data)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert [item["name"] for item in gcs.objects(gcs_bucket)] == ["name"]
    assert gcs.read(gcs_bucket, "name") == b"as it was"
    assert gcs.unfinished_sessions == 0


def test_a_file_that_is_dropped_is_no_object(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    files = [fs.open(f"{gcs_bucket}/name", "wb")]
    files[0].write(b"half")
    gc.collect()
    with pytest.warns(ResourceWarning, match="unclosed"):
        files.clear()
    assert gcs.objects(gcs_bucket) == []


def test_creating_only(fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str) -> None:
    path = f"{gcs_bucket}/name"
    first = fs.open(path, "xb")
    first.write(b"first")
    second = fs.open(path, "xb")
    second.write(b"second")
    first.close()
    with pytest.raises(FileExistsError):
        second.close()
    with pytest.raises(FileExistsError):
        fs.open(path, "xb")
    with pytest.raises(FileExistsError):
        fs.pipe_file(path, b"third", mode="create")
    assert gcs.read(gcs_bucket, "name") == b"first"


def test_a_created_object_whose_answer_is_lost_is_not_taken_for_anothers(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.arm_next("storage.objects.insert", "return-503")
    fs.pipe_file(f"{gcs_bucket}/name", b"mine", mode="create")
    assert gcs.read(gcs_bucket, "name") == b"mine"


def test_appending_joins_what_is_there(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "log", b"one ", contentType="text/x-log", metadata={"team": "a"})
    with fs.open(f"{gcs_bucket}/log", "ab") as file:
        assert file.tell() == 4
        file.write(b"two")
        assert file.tell() == 7
    assert gcs.read(gcs_bucket, "log") == b"one two"
    made = gcs.metadata(gcs_bucket, "log")
    assert (made["contentType"], made["metadata"]) == ("text/x-log", {"team": "a"})
    assert [item["name"] for item in gcs.objects(gcs_bucket)] == ["log"]
    with fs.open(f"{gcs_bucket}/fresh", "ab") as file:
        file.write(b"new")
    assert gcs.read(gcs_bucket, "fresh") == b"new"


def test_appending_to_what_changed_meanwhile_fails(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "log", b"one ")
    file = fs.open(f"{gcs_bucket}/log", "ab")
    file.write(b"two")
    gcs.put(gcs_bucket, "log", b"another")
    with pytest.raises(ObjectChanged):
        file.close()
    assert gcs.read(gcs_bucket, "log") == b"another"
    assert [item["name"] for item in gcs.objects(gcs_bucket)] == ["log"]


def test_a_transaction_is_visible_when_it_is_over(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    large = data_of(2 * MIB)
    with fs.transaction:
        with fs.open(f"{gcs_bucket}/large", "wb", block_size=MIB) as file:
            file.write(large)
        fs.pipe_file(f"{gcs_bucket}/small", b"small")
        with fs.open(f"{gcs_bucket}/text", "w") as text:
            text.write("text")
        assert gcs.objects(gcs_bucket) == []
    assert gcs.read(gcs_bucket, "large") == large
    assert [gcs.read(gcs_bucket, name) for name in ("small", "text")] == [b"small", b"text"]
    fs.pipe_file(f"{gcs_bucket}/later", b"at once")
    assert gcs.read(gcs_bucket, "later") == b"at once"


def test_a_transaction_that_fails_leaves_nothing(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    def fail() -> None:
        with fs.transaction:
            with fs.open(f"{gcs_bucket}/large", "wb", block_size=MIB) as file:
                file.write(data_of(3 * MIB))
            fs.pipe_file(f"{gcs_bucket}/small", b"small")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert gcs.objects(gcs_bucket) == []
    assert gcs.unfinished_sessions == 0
