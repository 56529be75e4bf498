"""An upload's memory does not grow with the object.

`STORAGE_STREAM_TEST_UPLOAD_MIB=100` measures with less on a slow machine.
"""

import os
import sys
from collections.abc import Iterator

import pytest
from memory_measuring import MIB, measured, needs_linux, serving

SIZE_MIB = int(os.environ.get("STORAGE_STREAM_TEST_UPLOAD_MIB", "2048"))

pytestmark = needs_linux


@pytest.fixture
def port() -> Iterator[str]:
    with serving("endless_sink.py") as port:
        yield port


@pytest.mark.parametrize(
    ("way", "size"), [("iterator", SIZE_MIB * MIB), ("writer", 64 * MIB), ("lines", 24 * MIB)]
)
def test_memory_is_bounded(port: str, way: str, size: int) -> None:
    told = measured("upload_memory_client.py", port, way, size)
    assert told.amount == size
    assert told.growth < 32 * MIB
    sys.stdout.write(f"{way}: {size // MIB} MiB, memory grew by {told.growth / MIB:.1f} MiB\n")
