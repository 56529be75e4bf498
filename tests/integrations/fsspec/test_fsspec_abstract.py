"""fsspec's own suites, which every file system for fsspec is to pass, on the emulator."""

from collections.abc import Callable, Iterator

import pytest
from fsspec.tests import abstract

from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.testing.emulator_handle import EmulatorHandle


class Fixtures(abstract.AbstractFixtures):  # type: ignore[misc]  # fsspec has no types
    @pytest.fixture
    def fs(self, gcs: EmulatorHandle) -> Iterator[StorageFileSystem]:
        made = StorageFileSystem(endpoint_url=gcs.url, token="anon", skip_instance_cache=True)
        yield made
        made.close()

    @pytest.fixture
    def fs_path(self, gcs_bucket: str) -> str:
        return gcs_bucket

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False  # a folder is there as long as something is in it


class TestCopy(abstract.AbstractCopyTests, Fixtures):  # type: ignore[misc]  # fsspec has no types
    pass


class TestGet(abstract.AbstractGetTests, Fixtures):  # type: ignore[misc]  # fsspec has no types
    pass


class TestPut(abstract.AbstractPutTests, Fixtures):  # type: ignore[misc]  # fsspec has no types
    pass


class TestOpen(abstract.AbstractOpenTests, Fixtures):  # type: ignore[misc]  # fsspec has no types
    pass


class TestPipe(abstract.AbstractPipeTests, Fixtures):  # type: ignore[misc]  # fsspec has no types
    pass
