"""File systems of the emulator, closed behind each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.testing.emulator_handle import EmulatorHandle


@pytest.fixture
def make_fs(gcs: EmulatorHandle) -> Iterator[Callable[..., StorageFileSystem]]:
    made: list[StorageFileSystem] = []

    def make(**options: Any) -> StorageFileSystem:
        chosen = {"project": "test", "endpoint_url": gcs.url, "token": "anon"} | options
        fs = StorageFileSystem(skip_instance_cache=True, **chosen)
        made.append(fs)
        return fs

    yield make
    for fs in made:
        fs.close()


@pytest.fixture
def fs(make_fs: Callable[..., StorageFileSystem]) -> StorageFileSystem:
    return make_fs()


@pytest.fixture
def asked(gcs: EmulatorHandle) -> Callable[[], list[str]]:
    """What was requested since it was last called: methods, and what for."""

    def since() -> list[str]:
        told = []
        for entry in gcs.log.snapshot():
            kind = "upload" if entry.path.startswith("/upload/") else ""
            listing = "list" if entry.method == "GET" and entry.path.endswith("/o") else ""
            media = "media" if "alt=media" in entry.query else ""
            told.append(" ".join(filter(None, (entry.method, kind or listing or media))))
        gcs.log.clear()
        return told

    return since
