"""Calls of the file system: what they give, and which errors they raise."""

import asyncio
import io
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.callbacks import Callback

from storage_stream.errors import InvalidArgument, InvalidName, ObjectChanged
from storage_stream.integrations.fsspec import StorageFileSystem, register
from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1024 * 1024


@pytest.fixture
def tree(gcs: EmulatorHandle, gcs_bucket: str) -> str:
    for name in ("a.txt", "folder/b.txt", "folder/deep/c.txt", "folders/d.txt"):
        gcs.put(gcs_bucket, name, name.encode(), contentType="text/plain")
    return gcs_bucket


# -- what is there --------------------------------------------------------------------------------


def test_info(fs: StorageFileSystem, gcs: EmulatorHandle, tree: str) -> None:
    info = fs.info(f"gs://{tree}/a.txt")
    expected = gcs.metadata(tree, "a.txt")
    assert info["name"] == f"{tree}/a.txt"
    assert (info["size"], info["type"]) == (5, "file")
    for field in ("generation", "crc32c", "etag", "contentType", "timeCreated"):
        assert info[field] == expected[field]
    assert datetime.now(UTC) - fs.modified(f"{tree}/a.txt") < timedelta(minutes=5)
    assert fs.created(f"{tree}/a.txt") <= fs.modified(f"{tree}/a.txt")
    assert fs.info(f"{tree}/folder/") == {"name": f"{tree}/folder", "size": 0, "type": "directory"}
    assert fs.info(tree)["type"] == "directory"
    assert fs.info("")["type"] == "directory"


def test_lists(fs: StorageFileSystem, gcs: EmulatorHandle, tree: str) -> None:
    gcs.put(tree, "marked/", b"")
    names = fs.ls(tree, detail=False)
    assert names == [f"{tree}/{n}" for n in ("a.txt", "folder", "folders", "marked")]
    assert fs.ls(f"{tree}/marked") == []
    assert fs.isdir(f"{tree}/marked")
    assert fs.find(f"{tree}/folder") == [f"{tree}/folder/b.txt", f"{tree}/folder/deep/c.txt"]
    assert fs.find(f"{tree}/folder", maxdepth=1) == [f"{tree}/folder/b.txt"]
    found = fs.find(f"{tree}/folder", withdirs=True, detail=True)
    kinds = {path.removeprefix(tree): info["type"] for path, info in found.items()}
    assert kinds == {
        "/folder": "directory",
        "/folder/b.txt": "file",
        "/folder/deep": "directory",
        "/folder/deep/c.txt": "file",
    }
    assert fs.find(f"{tree}/a.txt") == [f"{tree}/a.txt"]
    assert fs.find(f"{tree}/none") == []
    assert fs.glob(f"{tree}/**/*.txt") == [
        f"{tree}/{n}" for n in ("a.txt", "folder/b.txt", "folder/deep/c.txt", "folders/d.txt")
    ]
    assert fs.du(tree) == sum(len(n) for n in ("a.txt", "folder/b.txt", "folder/deep/c.txt")) + 13
    assert tree in fs.ls("", detail=False)
    assert f"{tree}/a.txt" in fs.find("")
    walked = {path: (dirs, files) for path, dirs, files in fs.walk(tree)}
    assert walked[f"{tree}/folder"] == (["deep"], ["b.txt"])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda fs, b: fs.info(f"{b}/none"), FileNotFoundError),
        (lambda fs, b: fs.ls(f"{b}/none"), FileNotFoundError),
        (lambda fs, b: fs.open(f"{b}/none"), FileNotFoundError),
        (lambda fs, b: fs.cat_file(f"{b}/none"), FileNotFoundError),
        (lambda fs, b: fs.cat([f"{b}/a.txt", f"{b}/none"]), FileNotFoundError),
        (lambda fs, b: fs.rm(f"{b}/none"), FileNotFoundError),
        (lambda fs, b: fs.rm(f"{b}/none", recursive=True), FileNotFoundError),
        (lambda fs, b: fs.cp(f"{b}/none", f"{b}/x"), FileNotFoundError),
        (lambda fs, b: fs.mv(f"{b}/none", f"{b}/x"), FileNotFoundError),
        (lambda fs, b: fs.getxattr(f"{b}/none", "x"), FileNotFoundError),
        (lambda fs, b: fs.open(b), IsADirectoryError),
        (lambda fs, b: fs.open(b, "wb"), IsADirectoryError),
        (lambda fs, b: fs.cat_file(b), IsADirectoryError),
        (lambda fs, b: fs.created(f"{b}/folder"), IsADirectoryError),
        (lambda fs, b: fs.mkdir(b), FileExistsError),
        (lambda fs, b: fs.makedirs(b), FileExistsError),
        (lambda fs, b: fs.rmdir(b), OSError),
        (lambda fs, b: fs.rmdir(f"{b}/folder"), OSError),
        (lambda fs, _: fs.rm("", recursive=True), InvalidArgument),
        (lambda fs, b: fs.pipe_file(f"{b}/x", b"", mode="other"), InvalidArgument),
        (lambda fs, b: fs.pipe_file(f"{b}/x", b"", unknown=1), TypeError),
        (lambda fs, b: fs.open(f"{b}/x", "r+b"), InvalidArgument),
    ],
)
def test_errors(fs: StorageFileSystem, tree: str, call: Any, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        call(fs, tree)
    if issubclass(expected, FileNotFoundError):
        assert isinstance(caught.value, OSError)
        assert caught.value.filename


def test_a_bucket_that_is_not_there(fs: StorageFileSystem, gcs: EmulatorHandle) -> None:
    gcs.arm_next("storage.objects.list", *["return-404"] * 3)
    assert not fs.exists("no-such-bucket")
    assert fs.find("no-such-bucket") == []
    with pytest.raises(FileNotFoundError):
        fs.ls("no-such-bucket")
    gcs.arm_next("storage.objects.insert", "return-404")
    with pytest.raises(FileNotFoundError):
        fs.pipe_file("no-such-bucket/x", b"")


def test_what_may_not_be_seen_is_told_so(
    fs: StorageFileSystem, gcs: EmulatorHandle, tree: str
) -> None:
    for call in (fs.cat_file, fs.exists, fs.open):
        gcs.arm_next("storage.objects.get", "return-403")
        with pytest.raises(PermissionError):
            call(f"{tree}/a.txt")


# -- bytes ----------------------------------------------------------------------------------------


def test_parts_are_as_slices(fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str) -> None:
    data = bytes(range(256)) * 1024
    gcs.put(gcs_bucket, "name", data)
    path = f"{gcs_bucket}/name"
    bounds = [None, 0, 5, 70_000, len(data) - 1, len(data), len(data) + 9, -1, -70_000]
    for start in bounds:
        for end in bounds:
            assert fs.cat_file(path, start, end) == data[start:end], (start, end)
    assert fs.head(path, 10) == data[:10]
    assert fs.tail(path, 10) == data[-10:]
    assert fs.read_block(path, 100, 50) == data[100:150]


def test_bytes_are_given_as_they_are_stored(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    import gzip  # noqa: PLC0415 - here alone

    stored = gzip.compress(b"text" * 1000)
    gcs.put(gcs_bucket, "name", stored, contentEncoding="gzip")
    path = f"{gcs_bucket}/name"
    assert fs.cat_file(path) == stored
    assert fs.open(path).read() == stored
    with fs.open(path, compression="gzip") as file:
        assert file.read() == b"text" * 1000


def test_many_at_once(fs: StorageFileSystem, gcs: EmulatorHandle, tree: str) -> None:
    assert fs.cat(f"{tree}/a.txt") == b"a.txt"
    assert fs.cat(f"{tree}/folder/*") == {f"{tree}/folder/b.txt": b"folder/b.txt"}
    both = [f"{tree}/a.txt", f"{tree}/none"]
    assert fs.cat(both, on_error="omit") == {both[0]: b"a.txt"}
    assert isinstance(fs.cat(both, on_error="return")[both[1]], FileNotFoundError)
    fs.pipe({f"{tree}/new/{n}": str(n).encode() for n in range(200)})
    found = fs.cat(f"{tree}/new", recursive=True)
    assert found == {f"{tree}/new/{n}": str(n).encode() for n in range(200)}
    assert gcs.metadata(tree, "new/1")["size"] == "1"


def test_ranges_are_merged_and_each_is_right(
    fs: StorageFileSystem,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    asked: Callable[[], list[str]],
) -> None:
    data = os.urandom(MIB)
    gcs.put(gcs_bucket, "one", data)
    gcs.put(gcs_bucket, "two", data[::-1])
    one, two = f"{gcs_bucket}/one", f"{gcs_bucket}/two"
    paths = [one, one, two, one, one, two, one, one]
    starts: list[int] = [0, 500_000, 10, 100, 900_000, 30, -10, 50]
    ends: list[int | None] = [100, 500_100, 20, 300, 900_001, 40, None, 50]
    asked()
    found = fs.cat_ranges(paths, starts, ends)
    wanted = {one: data, two: data[::-1]}
    assert found == [
        wanted[path][start:end] for path, start, end in zip(paths, starts, ends, strict=True)
    ]
    assert len(asked()) == 5  # three blocks and the tail of one, one block of the other
    assert fs.cat_ranges([one] * 3, [0, 1000, 2000], [10, 1010, 2010], max_gap=0) == [
        data[s : s + 10] for s in (0, 1000, 2000)
    ]
    assert len(asked()) == 3
    errors = fs.cat_ranges([one, f"{gcs_bucket}/none"], 0, 5)
    assert errors[0] == data[:5]
    assert isinstance(errors[1], FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges([f"{gcs_bucket}/none"], 0, 5, on_error="raise")


def test_ranges_of_one_object_are_of_one_generation(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "name", bytes(MIB))

    async def overwritten_in_between() -> list[Any]:
        first = await fs._block(*_blocks(gcs_bucket, 0, known))
        gcs.put(gcs_bucket, "name", bytes(MIB))
        return [first, await fs._block(*_blocks(gcs_bucket, 500_000, known))]

    known: dict[str, int | None] = {}
    with pytest.raises(ObjectChanged):
        fsspec.asyn.sync(fs.loop, overwritten_in_between)


def _blocks(bucket: str, start: int, known: dict[str, int | None]) -> tuple[Any, ...]:
    block = import_module("storage_stream.integrations.fsspec.ranges").Block
    return block(f"{bucket}/name", start, start + 10), known, {}


# -- local files ----------------------------------------------------------------------------------


class Told(Callback):  # type: ignore[misc]  # fsspec has no types
    """Remembers; one for each file of many, too."""

    def __init__(self) -> None:
        super().__init__()
        self.children: dict[str, Told] = {}

    def branched(self, path_1: str, path_2: str, **_: Any) -> "Told":  # noqa: ARG002 - fsspec's
        child = self.children[path_1] = Told()
        return child


def test_up_and_down_with_callbacks(fs: StorageFileSystem, gcs_bucket: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_bytes(bytes(300_000))
    (source / "deep" / "b").write_bytes(b"b")
    up, down, single = Told(), Told(), Told()
    fs.put(str(source), f"{gcs_bucket}/", recursive=True, callback=up)
    assert (up.size, up.value) == (2, 2)
    assert up.children[f"{source}/a"].value == 300_000
    fs.get(f"{gcs_bucket}/source", str(tmp_path / "back"), recursive=True, callback=down)
    assert (down.size, down.value) == (2, 2)
    assert down.children[f"{gcs_bucket}/source/a"].value == 300_000
    assert (tmp_path / "back" / "deep" / "b").read_bytes() == b"b"
    fs.get_file(f"{gcs_bucket}/source/a", tmp_path / "new" / "a", callback=single)
    assert (single.size, single.value) == (300_000, 300_000)
    into = io.BytesIO()
    fs.get_file(f"{gcs_bucket}/source/a", into)
    assert into.getvalue() == bytes(300_000)
    with pytest.raises(FileExistsError):
        fs.put_file(source / "a", f"{gcs_bucket}/source/a", mode="create")


def test_a_download_that_fails_leaves_the_old_file(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Path
) -> None:
    gcs.put(gcs_bucket, "name", b"new")
    target = tmp_path / "file"
    target.write_bytes(b"old")
    gcs.arm_next("storage.objects.get", "wrong-hash")
    with pytest.raises(Exception, match="crc32c"):
        fs.get_file(f"{gcs_bucket}/name", str(target))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_no_name_leads_out_of_the_folder(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Path
) -> None:
    gcs.put(gcs_bucket, "tree/../../evil", b"x")
    gcs.put(gcs_bucket, "tree/good", b"x")
    with pytest.raises(InvalidName):
        fs.get(f"{gcs_bucket}/tree", str(tmp_path / "in" / "here"), recursive=True)
    assert not (tmp_path / "evil").exists()


# -- metadata, buckets, addresses -----------------------------------------------------------------


def test_metadata(fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str) -> None:
    path = f"{gcs_bucket}/name"
    fs.pipe_file(
        path,
        b"x",
        content_type="text/x",
        metadata={"team": "a"},
        fixed_key_metadata={"cache_control": "no-store"},
    )
    made = gcs.metadata(gcs_bucket, "name")
    assert (made["contentType"], made["cacheControl"]) == ("text/x", "no-store")
    assert fs.getxattr(path, "team") == "a"
    assert fs.setxattrs(path, content_type="text/y", team=None, level="2") == {"level": "2"}
    assert gcs.metadata(gcs_bucket, "name")["contentType"] == "text/y"
    with pytest.raises(KeyError):
        fs.getxattr(path, "team")
    with pytest.raises(InvalidArgument):
        fs.setxattrs(path, fixed_key_metadata={"unknown": 1})


def test_buckets(fs: StorageFileSystem, gcs: EmulatorHandle) -> None:
    fs.mkdir("made-here", location="EU")
    fs.makedirs("made-here", exist_ok=True)
    fs.makedirs("made-too", exist_ok=True)
    gcs.put("made-here", "tree/a", b"")
    gcs.put("made-too", "empty/", b"")
    fs.rmdir("made-too/empty")
    fs.rmdir("made-too")
    fs.rm("made-here", recursive=True)
    assert not {"made-here", "made-too"} & set(fs.ls("", detail=False))


def test_addresses(fs: StorageFileSystem, gcs: EmulatorHandle, tree: str) -> None:
    import urllib.request  # noqa: PLC0415 - here alone

    with urllib.request.urlopen(fs.url(f"{tree}/folder/b.txt")) as answer:  # noqa: S310 - ours
        assert answer.read() == b"folder/b.txt"
    assert fs.url("b/ü %").endswith("/b/b/o/%C3%BC%20%25?alt=media")
    assert fs.url(f"{tree}/a.txt").startswith(gcs.url)
    assert fs.unstrip_protocol(f"{tree}/a.txt") == f"storage-stream://{tree}/a.txt"


def test_a_mapper(fs: StorageFileSystem, gcs_bucket: str) -> None:
    mapper = fs.get_mapper(f"{gcs_bucket}/map")
    mapper["a/b"] = b"1"
    mapper["c"] = b"2"
    assert dict(mapper) == {"a/b": b"1", "c": b"2"}
    del mapper["c"]
    assert list(mapper) == ["a/b"]
    with pytest.raises(KeyError):
        mapper["none"]


# -- configuration, processes, loops --------------------------------------------------------------


def test_equal_configuration_is_one_file_system(gcs: EmulatorHandle) -> None:
    first = StorageFileSystem(endpoint_url=gcs.url, token="anon")
    assert StorageFileSystem(endpoint_url=gcs.url, token="anon") is first
    assert StorageFileSystem(endpoint_url=gcs.url, token="anon", project="other") is not first
    again = pickle.loads(pickle.dumps(first))  # noqa: S301 - our own
    assert again is first
    first.close()
    StorageFileSystem.clear_instance_cache()


def test_a_pickle_is_configuration(fs: StorageFileSystem, gcs_bucket: str) -> None:
    fs.pipe_file(f"{gcs_bucket}/name", b"x")
    text = pickle.dumps(fs)
    assert b"aiohttp" not in text
    other = pickle.loads(text)  # noqa: S301 - our own
    assert other.cat_file(f"{gcs_bucket}/name") == b"x"
    other.close()

    class Source:
        async def get(self) -> str:
            return "secret"

    with pytest.raises(pickle.PicklingError):
        pickle.dumps(StorageFileSystem(token=Source(), skip_instance_cache=True))


@pytest.mark.parametrize("token", ["no such file", {"private_key": "x"}, 5])
def test_a_token_that_is_none_is_refused(token: object) -> None:
    with pytest.raises(InvalidArgument) as caught:
        StorageFileSystem(token=token, skip_instance_cache=True)
    assert "no such file" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it is about fork")
def test_a_child_of_fork_has_connections_of_its_own(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    gcs.put(gcs_bucket, "name", b"x" * 1000)
    program = f"""
import os, sys, warnings
from storage_stream.integrations.fsspec import StorageFileSystem
fs = StorageFileSystem(endpoint_url={gcs.url!r}, token="anon")
path = "{gcs_bucket}/name"
assert fs.cat_file(path) == b"x" * 1000 and fs.open(path).read(3) == b"xxx"
warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, about fork and threads
child = os.fork()
assert fs.cat_file(path) == b"x" * 1000 and fs.open(path).read(3) == b"xxx"
if child == 0:
    fs.close()
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert fs.cat_file(path) == b"x" * 1000
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


async def test_in_a_loop_of_the_callers(
    make_fs: Callable[..., StorageFileSystem], gcs_bucket: str
) -> None:
    fs = make_fs(asynchronous=True)
    path = f"{gcs_bucket}/name"
    async with await fs.open_async(path, "wb") as file:
        await file.write(b"0123456789")
    assert await fs._cat_file(path, 2, 4) == b"23"
    async with await fs.open_async(path) as file:
        await file.seek(5)
        assert await file.read(2) == b"56"
    assert await asyncio.gather(*(fs._info(path) for _ in range(3)))
    assert [part async for part in fs._walk(gcs_bucket)] == [(gcs_bucket, [], ["name"])]
    with pytest.raises(FileNotFoundError):
        await fs._cat_file(f"{gcs_bucket}/none")
    await fs.aclose()
    assert await fs._exists(path)
    await fs.aclose()


def test_one_after_another_loop(
    make_fs: Callable[..., StorageFileSystem], gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    gcs.put(gcs_bucket, "name", b"x")
    fs = make_fs(asynchronous=True)

    async def look() -> bytes:
        data = await fs._cat_file(f"{gcs_bucket}/name")
        await fs.aclose()
        return data

    assert [asyncio.run(look()), asyncio.run(look())] == [b"x", b"x"]


def test_gs_is_ours_where_it_is_said(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    gcs.put(gcs_bucket, "name", b"x")
    register()
    for protocol in ("storage-stream", "gs", "gcs"):
        with fsspec.open(f"{protocol}://{gcs_bucket}/name") as file:
            assert file.read() == b"x"
            assert isinstance(file.fs, StorageFileSystem)
            file.fs.close()


def test_the_entry_point_names_it() -> None:
    import tomllib  # noqa: PLC0415 - here alone

    text = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    points = tomllib.loads(text)["project"]["entry-points"]["fsspec.specs"]
    module, _, name = points["storage-stream"].partition(":")
    assert getattr(import_module(module), name) is StorageFileSystem


def test_without_fsspec_it_is_told_how_to_get_it() -> None:
    program = """
import sys
sys.modules["fsspec"] = None
import storage_stream.integrations.fsspec as ours
try:
    ours.StorageFileSystem
except ImportError as error:
    print(error)
"""
    told = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "install storage-stream[fsspec]" in told


def test_touching_makes_an_empty_object_or_changes_a_time(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    path = f"{gcs_bucket}/name"
    fs.touch(path, truncate=False)
    assert gcs.read(gcs_bucket, "name") == b""
    fs.pipe_file(path, b"bytes", content_type="text/plain", metadata={"own": "1"})
    before, began = fs.info(path), fs.modified(path)
    fs.touch(path, truncate=False)
    after = fs.info(path)
    assert gcs.read(gcs_bucket, "name") == b"bytes"
    assert fs.modified(path) > began
    assert fs.created(path) == before["ctime"]
    assert (after["generation"], after["contentType"]) == (before["generation"], "text/plain")
    assert after["metadata"].pop("goog-reserved-file-mtime").isdecimal()
    assert after["metadata"] == {"own": "1"}
    fs.touch(path)
    assert gcs.read(gcs_bucket, "name") == b""


def test_touching_does_not_empty_what_somebody_makes_meanwhile(
    gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    class Overtaken(StorageFileSystem):
        async def _pipe_file(self, path: str, value: bytes, *rest: Any, **options: Any) -> None:
            await asyncio.to_thread(gcs.put, gcs_bucket, "name", b"theirs")
            await super()._pipe_file(path, value, *rest, **options)

    fs = Overtaken(endpoint_url=gcs.url, token="anon", skip_instance_cache=True)
    fs.touch(f"{gcs_bucket}/name", truncate=False)
    assert gcs.read(gcs_bucket, "name") == b"theirs"
    assert "goog-reserved-file-mtime" in fs.info(f"{gcs_bucket}/name")["metadata"]
    fs.close()


def test_touching_in_a_transaction_waits_for_it(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    with fs.transaction:
        fs.touch(f"{gcs_bucket}/a")
        fs.touch(f"{gcs_bucket}/b", truncate=False)
        assert gcs.objects(gcs_bucket) == []
    assert [item["name"] for item in gcs.objects(gcs_bucket)] == ["a", "b"]
