"""Memory does not grow with the object: measured in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MIB = 1024 * 1024
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of a process's memory"
)


@pytest.fixture
def port() -> Iterator[str]:
    """The port of a server in another process."""
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, HERE / "endless_server.py"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@pytest.mark.parametrize(("way", "size"), [("stream", 1024 * MIB), ("file", 256 * MIB)])
def test_memory_is_bounded(port: str, tmp_path: Path, way: str, size: int) -> None:
    result = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, HERE / "memory_client.py", port, way, str(size), tmp_path / "file"],
        check=True,
        stdout=subprocess.PIPE,
        timeout=100,
    )
    told = json.loads(result.stdout)
    assert told["bytes"] == size
    assert told["growth"] < 16 * MIB
