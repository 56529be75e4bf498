"""The synchronous face has all that the asynchronous one has, and type checkers know it so."""

import ast
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any, assert_type

import pytest

import storage_stream
from storage_stream import DeleteResult, sync
from storage_stream._protocol.resources import ObjectResource
from storage_stream.sync import (
    Items,
    ManyTransfer,
    ObjectReader,
    Storage,
    StreamResponse,
    TextReader,
    TextWriter,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

ROOT = Path(__file__).parents[2]
FACES = [name for name in sync.__all__ if name != "Items"]
# What is entered or awaited to be opened has no counterpart: it is open.
OPENED = {"DownloadRequest", "FileRequest"}
SPOKEN = {
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__len__": "__len__",
}


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sync_stub", ROOT / "scripts" / "sync_stub.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_stub_is_up_to_date() -> None:
    made = script()
    kept = ast.parse(made.STUB.read_text(encoding="utf-8"))
    fresh = ast.parse(made.stub())
    what = "python scripts/sync_stub.py writes it anew"
    imports = (ast.Import, ast.ImportFrom)
    bodies = [
        [ast.dump(node) for node in tree.body if not isinstance(node, imports)]
        for tree in (kept, fresh)
    ]
    assert bodies[0] == bodies[1], what
    names = [
        {alias.asname or alias.name for node in tree.body if isinstance(node, imports)
         for alias in node.names} for tree in (kept, fresh)
    ]  # fmt: skip
    assert names[0] == names[1], what


def test_every_class_that_waits_has_a_face() -> None:
    waiting = set()
    for name in set(storage_stream.__all__) - OPENED:
        kind: Any = getattr(storage_stream, name)
        if inspect.isclass(kind) and not name.startswith(
            ("Progress", "Environment", "TokenSource")
        ):
            members = [inspect.getattr_static(kind, member) for member in dir(kind)]
            if any(map(inspect.iscoroutinefunction, members)):
                waiting.add(name)
    assert waiting <= set(FACES)


@pytest.mark.parametrize("name", FACES)
def test_every_name_has_its_counterpart(name: str) -> None:
    kind, face = getattr(storage_stream, name), getattr(sync, name)
    public = {member for member in dir(kind) if not member.startswith("_")}
    assert public <= set(dir(face))
    for member in public:
        mine = inspect.getattr_static(face, member)
        assert not inspect.iscoroutinefunction(mine), member
        assert not inspect.isasyncgenfunction(mine), member
        assert inspect.getdoc(getattr(face, member)), member
    for spoken, said in SPOKEN.items():
        if hasattr(kind, spoken):
            assert hasattr(face, said), spoken


@pytest.mark.parametrize("name", FACES)
def test_the_stub_has_what_is_there(name: str) -> None:
    tree = ast.parse(script().STUB.read_text(encoding="utf-8"))
    (node,) = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    typed = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    typed |= {one.target.id for one in node.body
              if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)}  # fmt: skip
    kind = getattr(storage_stream, name)
    inside = script()._INSIDE
    assert {member for member in dir(kind) if not member.startswith("_")} - inside <= typed


def test_docstrings_speak_of_no_await() -> None:
    assert "async" not in (Storage.open.__doc__ or "")
    assert 'with storage.open("bucket", "name") as file' in (Storage.open.__doc__ or "")
    assert inspect.signature(Storage.download).parameters.keys() >= {"bucket", "object_name"}


def test_a_type_checker_sees_what_is_there(gcs: EmulatorHandle, tmp_path: Path) -> None:
    """`scripts/check` runs the type checker, which compares with what stands here."""
    gcs.put("bucket", "name", b"data")
    with Storage() as storage:
        assert assert_type(storage.download("bucket", "name"), bytes) == b"data"
        with assert_type(storage.download_stream("bucket", "name"), StreamResponse) as stream:
            assert assert_type(list(stream), list[bytes]) == [b"data"]
        with assert_type(storage.open("bucket", "name"), ObjectReader) as file:
            assert assert_type(next(file), bytes) == b"data"
        with assert_type(storage.open("bucket", "name", "r"), TextReader) as text:
            assert assert_type(next(iter(text)), str) == "data"
        with assert_type(storage.open("bucket", "new", "w"), TextWriter) as new:
            new.write("data")
        resource = next(assert_type(storage.iter_objects("bucket"), Items[ObjectResource]))
        assert assert_type(resource["name"], str) == "name"
        run = assert_type(storage.download_many("bucket", "", tmp_path), ManyTransfer)
        assert assert_type(run.result().done, int) == 2
        results = [
            assert_type(result, DeleteResult) for result in storage.delete_many("bucket", [])
        ]
        assert results == []
        blob = storage.get_bucket("bucket").get_blob("name")
        assert assert_type(blob.download(), bytes) == b"data"
        with pytest.raises(TypeError):
            storage.download("bucket", nonsense=1)  # type: ignore[call-arg] # as it should be
