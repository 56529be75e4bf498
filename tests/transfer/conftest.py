"""Where uploads in parts go, and what of; what is downloaded in slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import part_places
import pytest
import sliced_object

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream.testing.emulator_handle import EmulatorHandle


@pytest.fixture
def bucket(gcs: EmulatorHandle) -> None:
    """An empty bucket, `bucket`, and a log that begins behind its making."""
    gcs.create_bucket("bucket")
    gcs.log.clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of three parts."""
    (tmp_path / "source").write_bytes(part_places.DATA)
    return tmp_path / "source"


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    """The emulator, with `bucket/name` of a dozen slices in it."""
    gcs.put("bucket", "name", sliced_object.DATA)
    return gcs
