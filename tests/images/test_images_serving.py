"""`gallery serve` with PostgreSQL, stopped by force, and begun again."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest
from PIL import Image

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")


@contextmanager
def serving(bucket: str, database: str) -> Iterator[str]:
    """The address of its page; it is killed at the end."""
    words = ["gallery", "serve", "--bucket", f"gs://{bucket}", "--port", "0", "--json"]
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "storage_stream.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "STORAGE_STREAM_GALLERY_DATABASE": database},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        try:
            yield json.loads(line or process.stderr.read())["url"]
        finally:
            process.kill()
            said = process.stderr.read()
        assert said == ""


def answer(url: str, data: bytes | None = None) -> Any:
    headers = {} if data is None else {"content-type": "image/png"}
    with urlopen(Request(url, data, headers)) as reply:  # noqa: S310 - http
        return json.load(reply)


def test_a_gallery_in_postgresql_outlives_its_server(
    postgres: Callable[[str], str], postgres_tables: str, gcs: EmulatorHandle
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    gcs.create_bucket("shared")
    database = postgres(postgres_tables)
    with serving("shared", database) as url:
        query = f"name=a.png&converter_id={answer(f'{url}about.json')['preview']}"
        image = answer(f"{url}images/upload?{query}", picture.getvalue())
        assert image["versions"].keys() == {"original", "thumbnail"}
    with serving("shared", database) as url:
        assert answer(f"{url}images/{image['id']}/versions") == image
        with urlopen(f"{url}images/{image['id']}/content") as reply:  # noqa: S310 - http
            assert reply.read() == picture.getvalue()
    assert len(gcs.objects("shared")) == 2
