"""Memory does not grow with the object, nor with the number of objects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from memory_measuring import MIB, measured, needs_linux, serving

pytestmark = needs_linux


@pytest.fixture
def port() -> Iterator[str]:
    with serving("endless_server.py") as port:
        yield port


@pytest.mark.parametrize(("way", "size"), [("stream", 1024 * MIB), ("file", 256 * MIB)])
def test_memory_is_bounded(port: str, tmp_path: Path, way: str, size: int) -> None:
    told = measured("memory_client.py", port, way, size, tmp_path / "file")
    assert told.amount == size
    assert told.growth < 16 * MIB
