"""`gallery serve` in processes of their own, as a shell starts them."""

import io
import json
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from storage_stream.cli.main import storage_stream
from storage_stream.testing import EmulatorHandle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    return file.getvalue()


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[dict[str, Any]]:
    """What it tells when it is ready; it is stopped at the end, cleanly."""
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "storage_stream.cli", *words, "--port", "0", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        try:
            yield json.loads(line or process.stderr.read())
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=300)
        assert (process.returncode, json.loads(out), err) == (0, {"event": "stopped"}, "")


def answer(url: str, data: bytes | None = None) -> Any:
    headers = {} if data is None else {"content-type": "image/png"}
    with urlopen(Request(url, data, headers)) as reply:  # noqa: S310 - http
        return json.load(reply)


def stored(url: str) -> Any:
    about = answer(f"{url}about.json")
    assert about["max_upload_bytes"] == 100 << 20
    query = f"name=a.png&converter_id={about['preview']}"
    return answer(f"{url}images/upload?{query}", png())


def run(*words: str) -> Result:
    return CliRunner().invoke(storage_stream, ["gallery", "serve", *words])


def examples() -> list[str]:
    printed = CliRunner().invoke(storage_stream, ["gallery", "serve", "--help"]).output
    return [line.strip() for line in printed.splitlines() if line.startswith("  storage-stream")]


def test_the_examples_serve_and_keep_what_is_stored(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.create_bucket("my-bucket")
    embedded, with_bucket = examples()
    words = shlex.split(embedded)[1:]
    with serving(tmp_path, *words) as first:
        assert first["data"] == str(tmp_path / "pictures")
        image = stored(first["url"])
        assert image["versions"].keys() == {"original", "thumbnail"}
    with serving(tmp_path, *words) as again:
        assert answer(f"{again['url']}images/{image['id']}/versions") == image
    with serving(tmp_path, *shlex.split(with_bucket)[1:], "--prefix", "mine/") as other:
        assert other["bucket"] == "my-bucket"
        stored(other["url"])
    names = [each["name"] for each in gcs.objects("my-bucket")]
    assert len(names) == 2
    assert all(name.startswith("mine/") for name in names)


def test_who_pays_is_named_in_every_request(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.create_bucket("paid", billing={"requesterPays": True})
    words = ["gallery", "serve", "--bucket", "gs://paid", "--data", str(tmp_path / "rows")]
    result = run(*words[2:], "--port", "0")
    assert result.exit_code == 1
    assert "user project" in result.stderr
    with serving(tmp_path, *words, "--user-project", "mine") as paid:
        image = stored(paid["url"])
        with urlopen(f"{paid['url']}images/{image['id']}/content") as reply:  # noqa: S310 - http
            assert reply.read() == png()
        deleted = json.dumps({"ids": [image["id"]]}).encode()
        asked = Request(  # noqa: S310 - http
            f"{paid['url']}images/delete", deleted, {"content-type": "application/json"}
        )
        with urlopen(asked) as reply:  # noqa: S310 - http
            assert json.load(reply) == {"deleted": 1}
    assert gcs.objects("paid", userProject="mine") == []


def test_a_bucket_that_is_not_there_is_told_at_once(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.arm_next("storage.buckets.get", "return-404")
    result = run("--bucket", "gs://nothing", "--data", str(tmp_path), "--port", "0")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing" in result.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--host", "0.0.0.0"], "--allow-network"),
        (["--host", "gallery.example"], "--allow-network"),
        (["--bucket", "gs://a"], "--data FOLDER or --database URL"),
        (["--bucket", "gs://a/b", "--data", "x"], "is no bucket"),
        (["--bucket", "folder", "--data", "x"], "is no bucket"),
        (["--max-upload", "0"], "nothing could be uploaded"),
    ],
)
def test_what_cannot_be_meant(words: list[str], text: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_folder_of_somebody_else_and_a_database_of_tomorrow(tmp_path: Path) -> None:
    words = ["gallery", "serve", "--data", str(tmp_path)]
    with serving(tmp_path, *words):
        result = run(*words[2:], "--port", "0")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Another process uses the folder")
    with closing(sqlite3.connect(tmp_path / "gallery.db")) as database:
        database.execute("UPDATE images_alembic_version SET version_num = '9999'")
        database.commit()
    result = run(*words[2:], "--port", "0")
    assert result.exit_code == 1
    assert "of a newer version of this package" in result.stderr
    assert "should not happen" not in result.stderr


def test_a_port_that_is_taken_and_a_database_that_is_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("--port", str(port))
    assert result.exit_code == 1
    assert f"Port {port} of 127.0.0.1 cannot be served: Address already in use." in result.stderr
    secret = "mysql://me:hidden-word@localhost/x"
    result = run("--port", "0", "--data", str(tmp_path), "--database", secret)
    assert result.exit_code == 1
    assert "hidden-word" not in result.stderr
