"""What each call asks the service: no request is hidden, and none is made twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_data import patterned

from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.testing.emulator_handle import EmulatorHandle

Asked = Callable[[], list[str]]
MIB = 1024 * 1024


@pytest.fixture
def tree(gcs: EmulatorHandle, gcs_bucket: str) -> str:
    for name in ("a.txt", "folder/b.txt", "folder/deep/c.txt"):
        gcs.put(gcs_bucket, name, name.encode())
    return gcs_bucket


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda fs, b: fs.info(f"{b}/a.txt"), ["GET"]),
        (lambda fs, b: fs.info(f"{b}/folder"), ["GET", "GET list"]),
        (lambda fs, b: fs.info(b), ["GET list"]),
        (lambda fs, b: fs.exists(f"{b}/a.txt"), ["GET"]),
        (lambda fs, b: fs.exists(f"{b}/none"), ["GET", "GET list"]),
        (lambda fs, b: fs.isfile(f"{b}/a.txt"), ["GET"]),
        (lambda fs, b: fs.isdir(f"{b}/folder"), ["GET list"]),
        (lambda fs, b: fs.ls(b), ["GET list"]),
        (lambda fs, b: fs.ls(f"{b}/folder"), ["GET list"]),
        (lambda fs, b: fs.ls(f"{b}/a.txt"), ["GET list", "GET"]),
        (lambda fs, b: fs.find(b), ["GET list"]),
        (lambda fs, b: fs.find(b, withdirs=True, maxdepth=2), ["GET list"]),
        (lambda fs, b: fs.du(b), ["GET list"]),
        (lambda fs, b: fs.glob(f"{b}/fold*/*.txt"), ["GET list"]),
        (lambda fs, b: list(fs.walk(b)), ["GET list"] * 3),
        (lambda fs, b: fs.cat_file(f"{b}/a.txt"), ["GET media"]),
        (lambda fs, b: fs.cat_file(f"{b}/a.txt", 1, 3), ["GET media"]),
        (lambda fs, b: fs.cat_file(f"{b}/a.txt", -3), ["GET media"]),
        (lambda fs, b: fs.cat_file(f"{b}/a.txt", 1, -1), ["GET", "GET media"]),
        (lambda fs, b: fs.cat([f"{b}/a.txt", f"{b}/folder/b.txt"]), ["GET media"] * 2),
        (lambda fs, b: fs.cat(f"{b}/folder", recursive=True), ["GET list", *["GET media"] * 2]),
        (lambda fs, b: fs.open(f"{b}/a.txt").read(), ["GET media"]),
        (lambda fs, b: fs.pipe_file(f"{b}/new", b"x"), ["POST upload"]),
        (
            lambda fs, b: fs.pipe_file(f"{b}/new", b"x", mode="create"),
            ["POST upload", "PUT upload"],
        ),
        (lambda fs, b: fs.cp_file(f"{b}/a.txt", f"{b}/copy"), ["POST"]),
        (lambda fs, b: fs.mv(f"{b}/a.txt", f"{b}/moved"), ["GET list", "POST"]),
        (lambda fs, b: fs.touch(f"{b}/a.txt"), ["POST upload"]),
        (lambda fs, b: fs.touch(f"{b}/a.txt", truncate=False), ["PATCH"]),
        (
            lambda fs, b: fs.touch(f"{b}/new", truncate=False),
            ["PATCH", "POST upload", "PUT upload"],
        ),
        (lambda fs, b: fs.rm_file(f"{b}/a.txt"), ["DELETE"]),
        (lambda fs, b: fs.rm([f"{b}/a.txt", f"{b}/folder/b.txt"]), ["POST"]),
        (lambda fs, b: fs.rm(f"{b}/folder", recursive=True), ["GET list", "POST", "POST"]),
        (lambda fs, b: fs.makedirs(f"{b}/new/folder", exist_ok=True), []),
        (lambda fs, b: fs.mkdir(f"{b}/new"), []),
        (lambda fs, b: fs.url(f"{b}/a.txt"), []),
        (lambda fs, b: fs.setxattrs(f"{b}/a.txt", team="x"), ["PATCH"]),
    ],
)
def test_the_requests_of_a_call(
    fs: StorageFileSystem, tree: str, asked: Asked, call: Any, expected: list[str]
) -> None:
    asked()
    call(fs, tree)
    assert asked() == expected


def test_a_list_asks_nothing_for_each_object(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, asked: Asked, tmp_path: Path
) -> None:
    for number in range(30):
        gcs.put(gcs_bucket, f"many/{number:02}", b"x")
    asked()
    fs.get(f"{gcs_bucket}/many", f"{tmp_path}/", recursive=True)
    assert sorted(asked()) == ["GET list"] + ["GET media"] * 30
    assert len(list((tmp_path / "many").iterdir())) == 30
    fs.cp(f"{gcs_bucket}/many/", f"{gcs_bucket}/others/", recursive=True)
    assert sorted(asked()) == ["GET list"] + ["POST"] * 30
    fs.rm(f"{gcs_bucket}/many/*")
    assert asked() == ["GET list", "POST"]
    assert len(fs.ls(f"{gcs_bucket}/others")) == 30


def test_listings_are_asked_anew_unless_they_are_to_be_kept(
    make_fs: Callable[..., StorageFileSystem], gcs: EmulatorHandle, tree: str, asked: Asked
) -> None:
    fresh, keeps = make_fs(), make_fs(use_listings_cache=True, listings_expiry_time=600)
    asked()
    assert [len(fresh.ls(tree)), len(fresh.ls(tree))] == [2, 2]
    assert len(asked()) == 2
    keeps.ls(tree)
    asked()
    gcs.put(tree, "b.txt", b"of somebody else")
    asked()
    assert len(keeps.ls(tree)) == 2
    assert keeps.info(f"{tree}/a.txt")["size"] == 5
    assert keeps.isdir(f"{tree}/folder")
    assert asked() == []
    assert len(keeps.ls(tree, refresh=True)) == 3
    keeps.pipe_file(f"{tree}/c.txt", b"of its own")
    assert len(keeps.ls(tree)) == 4
    keeps.invalidate_cache()
    asked()
    keeps.ls(tree)
    assert asked() == ["GET list"]


def test_a_kept_listing_has_a_lifetime(
    make_fs: Callable[..., StorageFileSystem], tree: str, asked: Asked
) -> None:
    assert make_fs(use_listings_cache=True).dircache.listings_expiry_time == 60
    brief = make_fs(listings_expiry_time=1e-9)
    brief.ls(tree)
    asked()
    brief.ls(tree)
    assert asked() == ["GET list"]


@pytest.mark.parametrize(("step", "most"), [(64 * 1024, 9), (MIB, 10), (3 * MIB, 9), (8 * MIB, 5)])
def test_a_reader_of_any_step_needs_few_requests(
    fs: StorageFileSystem,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    asked: Asked,
    step: int,
    most: int,
) -> None:
    data = patterned(24 * MIB)
    gcs.put(gcs_bucket, "large", data)
    asked()
    with fs.open(f"{gcs_bucket}/large") as file:
        assert b"".join(iter(lambda: file.read(step), b"")) == data
    assert len(asked()) <= most
