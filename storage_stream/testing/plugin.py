"""The pytest plugin: fixtures that give a test a Google Cloud Storage of its own.

It is loaded in every pytest run of everybody who has the package installed, so it imports nothing
that a test has not asked for.
"""

import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from storage_stream.testing.emulator_handle import EmulatorHandle
    from storage_stream.testing.emulator_thread import EmulatorThread


@pytest.fixture(scope="session")
def _storage_stream_emulator() -> "Iterator[EmulatorThread]":
    from storage_stream.testing.emulator_thread import (  # noqa: PLC0415 - only when it is wanted
        EmulatorThread,
    )

    with EmulatorThread() as thread:
        yield thread


@pytest.fixture
def gcs_seed() -> "str | os.PathLike[str] | None":
    """A folder that `gcs` is filled from (FOLDER/BUCKET/OBJECT), or None; to be overridden.

    In a conftest.py for the tests beside it, or in a file for its own.
    """
    return None


@pytest.fixture
def gcs(
    _storage_stream_emulator: "EmulatorThread",
    gcs_seed: "str | os.PathLike[str] | None",
    monkeypatch: pytest.MonkeyPatch,
) -> "EmulatorHandle":
    """A Google Cloud Storage on this machine, empty but for `gcs_seed`.

    Every test starts with no other objects, no log and no faults, at an address that stays the same
    for the session. STORAGE_EMULATOR_HOST names it while the test runs. Buckets are made when they
    are first named. Works for synchronous and asynchronous tests, and for clients that block.
    """
    from storage_stream.testing.emulator_handle import (  # noqa: PLC0415 - only when it is wanted
        EmulatorHandle,
    )

    thread = _storage_stream_emulator
    thread.run(thread.emulator.reset())
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", thread.emulator.url)
    handle = EmulatorHandle(thread)
    if gcs_seed is not None:
        handle.seed(gcs_seed)
    return handle


@pytest.fixture
def gcs_bucket(gcs: "EmulatorHandle") -> str:
    """The name of a bucket that is there and empty."""
    name = f"bucket-{secrets.token_hex(6)}"
    gcs.create_bucket(name)
    return name
