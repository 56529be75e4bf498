"""The command line run within the test's own process, with a state folder of its own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from storage_stream.cli.main import storage_stream
from storage_stream.testing.emulator_handle import EmulatorHandle


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    status: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Of `--json`."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def run(*arguments: str | Path, stdin: bytes | None = None) -> Ran:
    """Run `storage-stream ARGUMENTS`."""
    result = CliRunner().invoke(storage_stream, [str(word) for word in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def make_tree(root: Path, files: dict[str, bytes]) -> Path:
    """Files of these names below a folder."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def tree(root: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def names(gcs: EmulatorHandle, bucket: str) -> list[str]:
    """The objects of a bucket, by name."""
    return [resource["name"] for resource in gcs.objects(bucket)]


def left_of_runs(here: Path) -> list[Path]:
    """What interrupted commands left to go on with, beside the working folder."""
    return list((here.parent / "state").rglob("run.json"))
