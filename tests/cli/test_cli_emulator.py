"""The command in a process of its own, as a shell starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from storage_stream.cli import main; main()", "emulator"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@contextmanager
def running(*options: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(  # noqa: S603 - our own code
        [*COMMAND, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.stderr and process.stderr.read()
    return line


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[dict[str, Any]]":
    """What one of them tells that runs for all who only ask it."""
    data = tmp_path_factory.mktemp("served")
    options = ("--data", str(data), "--create-buckets", "--require-auth")
    with running("--port", "0", "--json", *options) as process:
        yield {"process": process.pid, "folder": str(data), **json.loads(first_line(process))}


def test_one_line_of_json_when_it_is_ready(served: dict[str, Any]) -> None:
    assert served["data"] == served["folder"]
    assert served["pid"] == served["process"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(number: signal.Signals) -> None:
    with running("--port", "0") as process:
        serving, export = first_line(process), first_line(process)
        name, _, url = export.strip().partition("=")
        assert name == "export STORAGE_EMULATOR_HOST"
        assert f"at {url}" in serving
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out) == (0, "")
        assert err == "Removing the temporary folder.\nStopped.\n"


def test_a_taken_port_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("--port", str(port)) as process:
            out, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert out == ""
    assert err.startswith("Error: ")
    assert f"port {port} on 127.0.0.1 is taken" in err
    assert "Traceback" not in err


def test_a_folder_in_use_is_a_sentence(served: dict[str, Any]) -> None:
    with running("--port", "0", "--data", served["folder"]) as second:
        _, err = second.communicate(timeout=300)
    assert second.returncode == 1
    assert err.startswith("Error: ")
    assert "Traceback" not in err


def test_buckets_and_tokens_as_told(served: dict[str, Any]) -> None:
    with urlopen(f"{served['url']}/_emulator/status") as answer:  # noqa: S310 - http
        assert json.load(answer)["require_auth"] is True


def test_killed_it_loses_nothing_and_starts_again(tmp_path: Path) -> None:
    options = ("--port", "0", "--data", str(tmp_path), "--json", "--create-buckets")
    path = "/upload/storage/v1/b/bucket/o?uploadType=media&name=a"
    with running(*options) as first:
        url = json.loads(first_line(first))["url"]
        with urlopen(url + path, data=b"x" * 200_000) as answer:  # noqa: S310 - http
            assert answer.status == 200
        first.kill()
    with running(*options) as second:
        url = json.loads(first_line(second))["url"]
        with urlopen(f"{url}/storage/v1/b/bucket/o/a?alt=media") as answer:  # noqa: S310 - http
            assert answer.read() == b"x" * 200_000


def test_a_folder_fills_it(tmp_path: Path) -> None:
    (tmp_path / "my-bucket" / "a").mkdir(parents=True)
    (tmp_path / "my-bucket" / "a" / "b.txt").write_bytes(b"data")
    with running("--port", "0", "--json", "--seed", str(tmp_path)) as process:
        url = json.loads(first_line(process))["url"]
        with urlopen(f"{url}/storage/v1/b/my-bucket/o/a%2Fb.txt?alt=media") as answer:  # noqa: S310 - ours
            assert (answer.read(), answer.headers["Content-Type"]) == (b"data", "text/plain")


def test_a_folder_that_cannot_fill_it_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with running("--port", "0", "--seed", str(tmp_path)) as process:
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("Error: ")
    assert "a file: a file belongs into a bucket's folder" in " ".join(err.split())
