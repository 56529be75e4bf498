"""Every example of every command's help, run against the emulator as it stands."""

import asyncio
import io
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from storage_stream import Storage
from storage_stream.cli.command import ExampleCommand
from storage_stream.cli.main import COMMANDS, storage_stream
from storage_stream.testing import EmulatorHandle

ROOM = ("emulator", "demo")
"""These start an emulator of their own; `test_cli_emulator` and `test_cli_demo` run them."""


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


def run(line: str, stdin: str = "some bytes") -> Result:
    name, *words = shlex.split(line)
    assert name == "storage-stream"
    return CliRunner().invoke(storage_stream, words, input=stdin, catch_exceptions=False)


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {*ROOM, "clean-upload"}))
@pytest.mark.usefixtures("prepared")
def test_every_example_runs(name: str) -> None:
    for command in leaves(name):
        for example in command.examples:
            # What a shell does around it is its own matter.
            (line,) = (part for part in example.split(" | ") if part.startswith("storage-stream"))
            result = run(line)
            assert (result.exit_code, result.stderr.count("Error")) == (0, 0), result.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_ends_with_its_examples(name: str) -> None:
    for command in leaves(name):
        assert command.examples
        words = [name] if command.name == name else [name, command.name or ""]
        printed = CliRunner().invoke(storage_stream, [*words, "--help"]).output
        assert [line.strip() for line in printed.splitlines()][-len(command.examples) :] == list(
            command.examples
        )
