"""Buckets filled from a folder, at every start, with what is not there."""

import json
import os
from pathlib import Path

import pytest

from storage_stream.emulator import Emulator, Seeded, SeedError
from storage_stream.testing import EmulatorHandle, EmulatorThread


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_files_become_objects(tmp_path: Path) -> None:
    seed = fill(
        tmp_path,
        {
            "photos/2026/a b.jpg": b"a picture",
            "photos/ä.txt": b"text",
            "photos/logs.json.gz": b"packed",
            "photos/large.bin": bytes(range(256)) * 12_000,
            "other/x": b"",
        },
    )
    (seed / "empty").mkdir()
    with EmulatorThread(Emulator(seed=seed, create_buckets=False)) as thread:
        gcs = EmulatorHandle(thread)
        assert {one["name"]: one["contentType"] for one in gcs.objects("photos")} == {
            "2026/a b.jpg": "image/jpeg",
            "large.bin": "application/octet-stream",
            "logs.json.gz": "application/gzip",
            "ä.txt": "text/plain",
        }
        assert gcs.read("photos", "large.bin") == bytes(range(256)) * 12_000
        assert gcs.objects("empty") == []
        assert gcs.read("other", "x") == b""
        assert len(gcs.log) == 0


def test_a_document_tells_metadata(tmp_path: Path) -> None:
    document = {
        "bucket": {"versioning": {"enabled": True}, "labels": {"a": "b"}},
        "objects": {"page": {"contentType": "text/html", "metadata": {"k": "v"}}},
    }
    seed = fill(
        tmp_path,
        {
            "site/page": b"<p>",
            "site.json": json.dumps(document).encode(),
            "alone.json": b"{}",
        },
    )
    with EmulatorThread(Emulator(seed=seed, create_buckets=False)) as thread:
        gcs = EmulatorHandle(thread)
        page = gcs.metadata("site", "page")
        assert (page["contentType"], page["metadata"]) == ("text/html", {"k": "v"})
        gcs.put("site", "page", b"new")
        assert len(gcs.objects("site", versions="true")) == 2  # the bucket keeps versions
        assert gcs.objects("alone") == []


async def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    seed = fill(tmp_path / "seed", {"bucket/a": b"old", "bucket/b": b"b"})
    data = tmp_path / "data"
    async with Emulator(data, seed=seed) as emulator:
        assert await emulator.seed(seed) == Seeded(buckets=1, objects=0, present=2)
    fill(seed, {"bucket/a": b"changed", "bucket/c": b"c"})
    async with Emulator(data) as emulator:
        assert await emulator.seed(seed) == Seeded(buckets=1, objects=1, present=2)
    with EmulatorThread(Emulator(data)) as thread:
        gcs = EmulatorHandle(thread)
        read = {name: gcs.read("bucket", name) for name in "abc"}
        assert read == {"a": b"old", "b": b"b", "c": b"c"}


def test_it_is_there_again_after_a_reset(tmp_path: Path) -> None:
    seed = fill(tmp_path, {"bucket/a": b"a"})
    with EmulatorThread(Emulator(seed=seed)) as thread:
        gcs = EmulatorHandle(thread)
        gcs.delete("bucket", "a")
        gcs.put("bucket", "b", b"")
        thread.run(thread.emulator.reset())
        assert [one["name"] for one in gcs.objects("bucket")] == ["a"]


WRONG: dict[str, tuple[dict[str, bytes], str]] = {
    "no bucket's name": ({"Not_A_Bucket/a": b""}, r"Not_A_Bucket: Invalid bucket name"),
    "a file in no bucket": ({"file.txt": b""}, r"file.txt: a file belongs into a bucket's folder"),
    "no JSON": ({"bucket.json": b"{"}, r"bucket.json: it is no JSON: .*line 1 column 2"),
    "no object": ({"bucket.json": b"[]"}, r"bucket.json: expected \{"),
    "another key": ({"bucket.json": b'{"object": {}}'}, r"bucket.json: expected \{"),
    "no resource": ({"bucket.json": b'{"objects": {"a": 1}}'}, r"bucket.json: expected \{"),
    "nothing there": (
        {"bucket.json": b'{"objects": {"a": {}}}', "bucket/b": b""},
        r"bucket.json: there is no file for the object 'a'",
    ),
    "no field": (
        {"bucket.json": b'{"objects": {"a": {"size": 3}}}', "bucket/a": b""},
        r"bucket.json: 'a': no field to set: 'size'",
    ),
    "a wrong value": (
        {"bucket.json": b'{"objects": {"a": {"metadata": 3}}}', "bucket/a": b""},
        r"bucket.json: 'a': .*metadata",
    ),
    "no field of a bucket": (
        {"bucket.json": b'{"bucket": {"colour": 1}}'},
        r"bucket.json: no field of a bucket to set: 'colour'",
    ),
    "a wrong value of a bucket": (
        {"bucket.json": b'{"bucket": {"labels": {"A": "b"}}}'},
        r"bucket.json: .*labels",
    ),
    "a line break": ({"bucket/a\nb": b""}, r"it holds a line break"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_stored_is_named(tmp_path: Path, what: str) -> None:
    files, message = WRONG[what]
    emulator = EmulatorThread(Emulator(seed=fill(tmp_path, files)))
    with pytest.raises(SeedError, match=message):
        emulator.start()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="there is no such folder"):
        EmulatorThread(Emulator(seed=tmp_path / "nothing")).start()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    os.mkfifo(tmp_path / "bucket" / "pipe")
    with pytest.raises(SeedError, match="pipe: only files can be objects"):
        EmulatorThread(Emulator(seed=tmp_path)).start()


async def test_an_emulator_that_does_not_run_is_not_filled(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="does not run"):
        await Emulator().seed(tmp_path)
