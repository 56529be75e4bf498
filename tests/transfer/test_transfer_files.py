"""Downloads into files: whole or not at all, whatever is at the target and whatever fails."""

import asyncio
import os
import stat
import threading
from pathlib import Path

import pytest
from leaks import names_in, until
from sample_data import gzipped, patterned
from standing_time import until_stalled

from storage_stream import Storage
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    NotFound,
    StorageError,
    TransferStalled,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

GET = "storage.objects.get"
DATA = patterned(5_000_000)
OLD = b"what was there"


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    gcs.put("bucket", "name", DATA)
    return gcs


def _read(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize("as_text", [True, False])
async def test_a_new_file(
    stored: EmulatorHandle,
    storage: Storage,
    tmp_path: Path,
    as_text: bool,  # noqa: FBT001 - a parameter
) -> None:
    target = tmp_path / "file.bin"
    await storage.download_to_filename("bucket", "name", str(target) if as_text else target)
    assert _read(target) == DATA
    assert names_in(tmp_path) == ["file.bin"]
    assert len(stored.log) == 1


@pytest.mark.usefixtures("stored")
async def test_the_mode_of_a_new_file_follows_the_umask(storage: Storage, tmp_path: Path) -> None:
    def modes() -> tuple[int, int]:
        (tmp_path / "usual").touch()
        return tuple(stat.S_IMODE((tmp_path / x).stat().st_mode) for x in ("usual", "file"))  # type: ignore[return-value]  # two

    await storage.download_to_filename("bucket", "name", tmp_path / "file")
    usual, ours = modes()
    assert ours == usual


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
async def test_a_name_that_no_file_can_have(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidArgument, match="no file can be called"):
        await storage.download_to_filename("bucket", "name", tmp_path / name)
    assert names_in(tmp_path) == []
    assert len(stored.log) == 0


@pytest.mark.usefixtures("stored")
async def test_permissions_are_kept(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(OLD)
    target.chmod(0o640)
    await storage.download_to_filename("bucket", "name", target)
    assert _read(target) == DATA
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@pytest.mark.usefixtures("stored")
async def test_it_is_replaced_at_the_end_and_not_before(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    """A reader of the old file is not disturbed: the name moves to another file."""
    target = tmp_path / "file"
    target.write_bytes(OLD)
    gcs.arm_next(GET, "stall-for-600s-after-2048K")
    with target.open("rb") as reader:
        work = asyncio.create_task(storage.download_to_filename("bucket", "name", target))
        await until(lambda: len(names_in(tmp_path)) == 2, lambda: "there is no part")
        assert _read(target) == OLD
        await until_stalled(gcs)
        gcs.advance_clock(600)
        await work
        assert reader.read() == OLD
    assert _read(target) == DATA


@pytest.mark.parametrize(
    ("words", "keywords", "error"),
    [
        (["return-404"], {}, NotFound),
        (["drop-at-3000000"], {"retries": 0}, StorageError),
        (["flip-bit-at-4999999"], {}, IntegrityError),
        (["stall-for-600s-after-2048K"], {"stall_timeout": 0.1, "retries": 0}, TransferStalled),
    ],
)
@pytest.mark.parametrize("exists", [True, False])
async def test_a_failure_leaves_what_was_there(
    stored: EmulatorHandle,
    storage: Storage,
    tmp_path: Path,
    words: list[str],
    keywords: dict[str, float],
    error: type[StorageError],
    exists: bool,  # noqa: FBT001 - a parameter
) -> None:
    target = tmp_path / "file"
    if exists:
        target.write_bytes(OLD)
    stored.arm_next(GET, *words)
    with pytest.raises(error):
        await storage.download_to_filename("bucket", "name", target, **keywords)  # type: ignore[arg-type]  # mixed keywords
    assert names_in(tmp_path) == ["file"] * exists
    assert not exists or _read(target) == OLD


async def test_a_broken_download_is_continued(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    stored.arm_next(GET, "drop-at-1000000", "drop-at-2000001", "flip-bit-at-9999999")
    await storage.download_to_filename("bucket", "name", tmp_path / "file")
    assert _read(tmp_path / "file") == DATA
    assert len(stored.log) == 3


async def test_a_folder_that_is_missing(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        await storage.download_to_filename("bucket", "name", tmp_path / "none" / "file")
    assert len(stored.log) == 0


async def test_a_target_that_is_a_folder(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for target in (tmp_path, f"{tmp_path}/", tmp_path / "."):
        with pytest.raises(IsADirectoryError):
            await storage.download_to_filename("bucket", "name", target)
    assert names_in(tmp_path) == []
    assert len(stored.log) == 0


async def test_a_name_that_cannot_be_a_file(
    stored: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    for name in ("x" * 300, "nul\0byte"):
        with pytest.raises((OSError, ValueError)):
            await storage.download_to_filename("bucket", "name", tmp_path / name)
    assert names_in(tmp_path) == []
    assert len(stored.log) <= 1


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, ".hidden", "with space", "-", "a\nb"])
async def test_names_that_are_just_possible(storage: Storage, tmp_path: Path, name: str) -> None:
    await storage.download_to_filename("bucket", "name", tmp_path / name)
    assert names_in(tmp_path) == [name]
    assert _read(tmp_path / name) == DATA


@pytest.mark.usefixtures("stored")
async def test_a_name_that_is_no_utf_8(storage: Storage, tmp_path: Path) -> None:
    target = os.path.join(os.fsencode(tmp_path), b"caf\xe9")  # noqa: PTH118 - Path takes no bytes
    await storage.download_to_filename("bucket", "name", os.fsdecode(target))
    assert os.listdir(os.fsencode(tmp_path)) == [b"caf\xe9"]  # noqa: PTH208 - as above


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("exists", [True, False])
async def test_a_name_of_a_folder_is_not_given_to_a_file(
    storage: Storage,
    tmp_path: Path,
    exists: bool,  # noqa: FBT001 - a parameter
) -> None:
    if exists:
        (tmp_path / "name").write_bytes(OLD)
    with pytest.raises(IsADirectoryError):
        await storage.download_to_filename("bucket", "name", f"{tmp_path}/name/")
    assert names_in(tmp_path) == ["name"] * exists


@pytest.mark.usefixtures("stored")
async def test_dev_null_stays_what_it_is(storage: Storage) -> None:
    await storage.download_to_filename("bucket", "name", os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)  # noqa: PTH116 - it is about the device


@pytest.mark.usefixtures("stored")
async def test_a_pipe_is_written_into(storage: Storage, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(_read(pipe)))
    reader.start()
    await storage.download_to_filename("bucket", "name", pipe)
    await asyncio.to_thread(reader.join)
    assert got == [DATA]
    assert names_in(tmp_path) == ["pipe"]


@pytest.mark.usefixtures("stored")
async def test_a_link_is_followed(storage: Storage, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file").write_bytes(OLD)
    (tmp_path / "link").symlink_to(folder / "file")
    (tmp_path / "dangling").symlink_to(folder / "new")
    await storage.download_to_filename("bucket", "name", tmp_path / "link")
    await storage.download_to_filename("bucket", "name", tmp_path / "dangling")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "dangling").is_symlink()
    assert _read(folder / "file") == _read(folder / "new") == DATA
    assert names_in(folder) == ["file", "new"]


@pytest.mark.usefixtures("stored")
async def test_a_link_that_leads_in_a_circle(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match=r"one|two"):
        await storage.download_to_filename("bucket", "name", tmp_path / "one")
    assert names_in(tmp_path) == ["one", "two"]


async def test_parts_of_an_object(stored: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    await storage.download_to_filename("bucket", "name", tmp_path / "file", start=10, end=20)
    assert _read(tmp_path / "file") == DATA[10:20]
    stored.put("bucket", "packed", gzipped(DATA), contentEncoding="gzip")
    await storage.download_to_filename("bucket", "packed", tmp_path / "file")
    assert _read(tmp_path / "file") == DATA
    await storage.download_to_filename("bucket", "packed", tmp_path / "file", raw=True)
    assert _read(tmp_path / "file") == gzipped(DATA)


async def test_an_empty_object(gcs: EmulatorHandle, storage: Storage, tmp_path: Path) -> None:
    gcs.put("bucket", "empty", b"")
    (tmp_path / "file").write_bytes(OLD)
    await storage.download_to_filename("bucket", "empty", tmp_path / "file")
    assert _read(tmp_path / "file") == b""


@pytest.mark.usefixtures("stored")
async def test_two_downloads_to_one_name(storage: Storage, tmp_path: Path) -> None:
    target = tmp_path / "file"
    await asyncio.gather(
        *(storage.download_to_filename("bucket", "name", target) for _ in range(5))
    )
    assert _read(target) == DATA
    assert names_in(tmp_path) == ["file"]


@pytest.mark.usefixtures("stored")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_a_full_disk(storage: Storage) -> None:
    with pytest.raises(OSError, match="No space left"):
        await storage.download_to_filename("bucket", "name", "/dev/full")
