"""What the tests of the cluster share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.cluster_processes import Processes


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    # What Dask reads of the machine's own settings would change what is tested.
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "none"))
    with Processes(tmp_path, Path(__file__).parent) as started:
        yield started
