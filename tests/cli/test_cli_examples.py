"""Every example of every command's help, run against the emulator as it stands."""

import asyncio
import io
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from storage_stream import RetryPolicy, Storage
from storage_stream.cli.command import ExampleCommand
from storage_stream.cli.main import COMMANDS, storage_stream
from storage_stream.errors import ServerError
from storage_stream.testing import EmulatorHandle

ROOM = ("emulator", "demo", "gallery")
"""These serve something themselves; `test_cli_gallery` runs the last."""


def leaves(name: str) -> list[ExampleCommand]:
    """A command, or those of a group."""
    context = click.Context(storage_stream)
    command = storage_stream.get_command(context, name)
    found = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    assert all(isinstance(each, ExampleCommand) for each in found)
    return [each for each in found if isinstance(each, ExampleCommand)]


@pytest.fixture
def prepared(gcs: EmulatorHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buckets and files that the examples speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    gcs.create_bucket("my-bucket", versioning={"enabled": True})
    gcs.create_bucket("empty-bucket")
    week = {"retentionDurationSeconds": str(7 * 86400)}
    gcs.create_bucket("kept-bucket", softDeletePolicy=week)
    for name in ("photos/a.jpg", "photos/b.jpg", "photos/2026/c.jpg", "log.txt", "old.txt"):
        gcs.put("my-bucket", name, f"{name}\n".encode() * 30)
    for name in ("tmp/x", "data/1.csv", "data/2.csv", "logs/1.gz", "draft.txt", "incoming/x"):
        gcs.put("my-bucket", name, name.encode())
    gcs.put("my-bucket", "pictures/a.jpg", picture())
    asyncio.run(deleted())
    for path in ("photos/d.jpg", "photos/2026/e.jpg", "local.txt", "site/index.html"):
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    Path("commands.txt").write_text("# comment\nstat gs://my-bucket/log.txt\nls gs://my-bucket\n")


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300)).save(file, "JPEG")
    return file.getvalue()


async def deleted() -> None:
    """Leave an object that can be restored."""
    async with Storage() as storage:
        await storage.upload("kept-bucket", "deleted.txt", "x")
        await storage.delete("kept-bucket", "deleted.txt")


def run(line: str, more: Sequence[str] = ()) -> Result:
    name, *words = shlex.split(line)
    assert name == "storage-stream"
    words += more
    return CliRunner().invoke(storage_stream, words, input="some bytes", catch_exceptions=False)


@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {*ROOM, "clean-upload"}))
@pytest.mark.usefixtures("prepared")
def test_every_example_runs(name: str, flags: list[str]) -> None:
    documents = 0
    for command in leaves(name):
        for example in command.examples:
            # What a shell does around it is its own matter.
            (line,) = (part for part in example.split(" | ") if part.startswith("storage-stream"))
            result = run(line, flags)
            assert (result.exit_code, result.stderr.count("Error")) == (0, 0), result.output
            told = result.stderr if name in {"cat", "head"} else result.stdout
            for document in told.splitlines() if flags else []:
                assert isinstance(json.loads(document), dict)
            documents += len(told)
    assert documents or not flags


def test_what_starts_an_emulator_runs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (demo,) = leaves("demo")
    less = ["--size", "4MB", "--json"]  # the last size counts
    assert [run(example, less).exit_code for example in demo.examples] == [0]
    (tmp_path / "tests/buckets/seeded").mkdir(parents=True)
    (emulator,) = leaves("emulator")
    folders = {
        shlex.split(example)[2]: _started(example, tmp_path) for example in emulator.examples
    }
    assert folders["--data"] == str(tmp_path / "buckets")
    assert "--seed" in folders


def _started(example: str, folder: Path) -> str:
    """Where it keeps what it holds."""
    words = [*shlex.split(example)[1:], "--port", "0", "--json"]  # the usual one may be taken
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "storage_stream.cli", *words], cwd=folder, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.terminate()
        assert json.loads(process.stdout.readline()) == {"event": "stopped"}
    assert process.returncode == 0
    return str(told["data"])


def test_what_a_killed_upload_left_is_removed(
    gcs: EmulatorHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gcs.create_bucket("bucket")
    gcs.arm_next("storage.objects.insert", "pass", "return-503")
    asyncio.run(broken_upload())
    (command,) = leaves("clean-upload")
    assert len(gcs.objects("bucket")) == 1
    for example in command.examples:
        assert "Removed 1 temporary upload" in run(example).stdout
    assert gcs.objects("bucket") == []


async def broken_upload() -> None:
    """Leave a journal, and the first part of an object that was not made."""
    async with Storage(retry=RetryPolicy(retries=0)) as storage:
        with pytest.raises(ServerError):
            await storage.upload_parallel(
                *("bucket", "large", bytes(10 << 20)),
                part_bytes=5 << 20,
                workers=1,
                method="composite",
                journal="upload.journal",
            )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_ends_with_its_examples(name: str) -> None:
    for command in leaves(name):
        assert command.examples
        words = [name] if command.name == name else [name, command.name or ""]
        printed = CliRunner().invoke(storage_stream, [*words, "--help"]).output
        assert [line.strip() for line in printed.splitlines()][-len(command.examples) :] == list(
            command.examples
        )
