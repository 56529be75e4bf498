"""Where a program, a process or a file ends before its time; and what may not be reached at all."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from storage_stream.errors import InvalidArgument, InvalidName, ObjectChanged
from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.integrations.fsspec.ranges import Block
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024

_BEGIN = """
import os, sys, warnings
from storage_stream.errors import UsageError
from storage_stream.integrations.fsspec import StorageFileSystem
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about fork and threads
fs = StorageFileSystem(endpoint_url=sys.argv[1], token="anon")
path = sys.argv[2] + "/name"
"""


def ran(program: str, gcs: EmulatorHandle, bucket: str) -> tuple[int, str]:
    """How a program ended, and what it complained of; one that hangs fails the test."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _BEGIN + program, gcs.url, bucket],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("mode", ["wb", "w", "xb"])
def test_a_file_that_is_open_when_the_interpreter_ends_is_no_object(
    gcs: EmulatorHandle, gcs_bucket: str, mode: str
) -> None:
    data = "b'x'" if "b" in mode else "'x'"
    program = f"file = fs.open(path, {mode!r}, block_size=1 << 20); file.write({data} * 3_000_000)"
    assert ran(program, gcs, gcs_bucket) == (0, "")
    assert gcs.objects(gcs_bucket) == []
    assert gcs.unfinished_sessions == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_of_fork_leaves_the_parents_files_alone(
    gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "read", os.urandom(8 * MIB))
    program = """
binary = fs.open(path, "wb", block_size=1 << 20)
binary.write(b"x" * 3_000_000)
text = fs.open(path + ".txt", "w", block_size=1 << 20)
text.write("x" * 3_000_000)
expected = fs.cat_file(sys.argv[2] + "/read")
reads = fs.open(sys.argv[2] + "/read")
begun = reads.read(1 << 20) + reads.read(1 << 20)  # more is under way to the parent
child = os.fork()
assert begun + reads.read(1 << 20) + reads.read() == expected
if child == 0:
    try:
        binary.write(b"y" * 3_000_000)
    except UsageError:
        sys.exit(3)  # with all that is done at the end of an interpreter
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 3, status
binary.close()
text.close()
"""
    assert ran(program, gcs, gcs_bucket) == (0, "")
    assert gcs.read(gcs_bucket, "name") == b"x" * 3_000_000
    assert gcs.read(gcs_bucket, "name.txt") == b"x" * 3_000_000


@pytest.mark.parametrize("name", ["name", "name.gz"])
def test_text_that_is_dropped_is_no_object(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, name: str
) -> None:
    files = [fs.open(f"{gcs_bucket}/{name}", "w", compression="infer")]
    files[0].write("half")
    gc.collect()
    with pytest.warns(ResourceWarning, match="unclosed"):
        files.clear()
    assert gcs.objects(gcs_bucket) == []


@pytest.mark.parametrize(
    ("pattern", "recursive"),
    [("*", True), ("*", False), ("*/*", False), ("**", True), ("?*", True)],
)
def test_no_pattern_deletes_buckets(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, pattern: str, *, recursive: bool
) -> None:
    gcs.put(gcs_bucket, "name", b"x")
    with pytest.raises(InvalidArgument):
        fs.rm(pattern, recursive=recursive)
    with pytest.raises(InvalidArgument):
        fs.rm([f"{gcs_bucket}/name", f"gs://{gcs_bucket[:-3]}*/name"], recursive=recursive)
    assert gcs.read(gcs_bucket, "name") == b"x"


def test_no_link_in_the_folder_is_written_through(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Path
) -> None:
    gcs.put(gcs_bucket, "tree/folder/name", b"x")
    gcs.put(gcs_bucket, "tree/file", b"x")
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    (outside / "file").write_bytes(b"as it was")
    for link, to in (("tree/folder", outside), ("tree/file", outside / "file")):
        place = target / link
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to)
        with pytest.raises(InvalidName, match="symbolic link"):
            fs.get(f"{gcs_bucket}/tree", str(target), recursive=True)
        place.unlink()
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_bytes() == b"as it was"
    (tmp_path / "way").symlink_to(target)  # what the caller names may be a link
    fs.get(f"{gcs_bucket}/tree", str(tmp_path / "way"), recursive=True)
    assert (target / "tree" / "folder" / "name").read_bytes() == b"x"


@pytest.mark.parametrize(("start", "end"), [(1000, None), (-10, None), (-10, -5), (1000, -5)])
def test_ranges_to_the_end_are_of_the_generation_of_the_others(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, start: int, end: int | None
) -> None:
    path, data = f"{gcs_bucket}/name", os.urandom(5000)
    gcs.put(gcs_bucket, "name", data)
    found = fs.cat_ranges([path] * 3, [0, start, 9999], [10, end, None], max_gap=0)
    assert found == [data[:10], data[start:end], b""]

    async def overwritten_in_between() -> bytes:
        known: dict[str, int | None] = {}
        await fs._block(Block(path, 0, 10), known, {})
        gcs.put(gcs_bucket, "name", data)
        return await fs._block(Block(path, start, end), known, {})

    with pytest.raises(ObjectChanged):
        fsspec.asyn.sync(fs.loop, overwritten_in_between)


def test_nothing_of_nothing(fs: StorageFileSystem, tmp_path: Path) -> None:
    assert fs.cat([]) == {}
    assert fs.cat_ranges([], [], []) == []
    fs.get([], [])
    fs.put([], [])
    fs.rm([])
    fs.pipe({})
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_signs_without_a_request(
    make_fs: Callable[..., StorageFileSystem], gcs: EmulatorHandle, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    account = {"type": "service_account", "client_email": "a@b.c", "private_key": key.decode()}
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account), encoding="ascii")
    url = make_fs(token=str(file)).sign("bucket/a b?", expiration=7)
    assert urlsplit(url).path == "/bucket/a%20b%3F"
    assert parse_qs(urlsplit(url).query)["X-Goog-Expires"] == ["7"]
    with pytest.raises(PermissionError):
        make_fs().sign("bucket/name")
    assert gcs.log.snapshot() == []
