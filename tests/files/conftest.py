"""An object to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stored_object import DATA

if TYPE_CHECKING:
    from storage_stream.testing.emulator_handle import EmulatorHandle


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    """The emulator, with `bucket/name` in it."""
    gcs.put("bucket", "name", DATA, contentType="text/plain")
    return gcs
