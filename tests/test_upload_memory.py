"""An upload's memory does not grow with the object: measured in a process of its own.

`STORAGE_STREAM_TEST_UPLOAD_MIB=100` measures with less on a slow machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MIB = 1024 * 1024
HERE = Path(__file__).parent
SIZE_MIB = int(os.environ.get("STORAGE_STREAM_TEST_UPLOAD_MIB", "2048"))
MOST_GROWTH = 32 * MIB

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of a process's memory"
)


@pytest.fixture
def port() -> Iterator[str]:
    """The port of a server in another process."""
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, HERE / "endless_sink.py"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.mark.parametrize(
    ("way", "size"), [("iterator", SIZE_MIB * MIB), ("writer", 64 * MIB), ("lines", 24 * MIB)]
)
def test_memory_is_bounded(port: str, way: str, size: int) -> None:
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, HERE / "upload_memory_client.py", port, way, str(size)],
        check=True,
        stdout=subprocess.PIPE,
        timeout=100,
    )
    told = json.loads(result.stdout)
    assert told["bytes"] == size
    assert told["growth"] < MOST_GROWTH
    sys.stdout.write(f"{way}: {size // MIB} MiB, memory grew by {told['growth'] / MIB:.1f} MiB\n")
