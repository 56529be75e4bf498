"""A Google Cloud Storage for a block of code or a `unittest.TestCase`, without pytest.

It refuses to know of the client: code under test finds the emulator by STORAGE_EMULATOR_HOST.
"""

import os
import unittest
from collections.abc import Generator
from contextlib import contextmanager
from typing import ClassVar

from storage_stream.emulator import Emulator
from storage_stream.testing.emulator_handle import EmulatorHandle
from storage_stream.testing.emulator_thread import EmulatorThread

__all__ = ["GcsTestMixin", "emulated_gcs"]

_VARIABLE = "STORAGE_EMULATOR_HOST"


@contextmanager
def emulated_gcs(
    emulator: Emulator | None = None, *, seed: str | os.PathLike[str] | None = None
) -> Generator[EmulatorHandle]:
    """An emulator that STORAGE_EMULATOR_HOST names while the block runs.

        with emulated_gcs() as gcs:
            gcs.put("bucket", "name", b"data")
            code_under_test()

    Args:
        emulator: not started; None takes a new one over a temporary folder.
        seed: a folder to fill its buckets from; see `Emulator.seed`.

    Raises:
        SeedError: what is in the folder cannot be stored.
    """
    with EmulatorThread(emulator) as thread, _named(thread.emulator.url):
        gcs = EmulatorHandle(thread)
        if seed is not None:
            gcs.seed(seed)
        yield gcs


@contextmanager
def _named(url: str) -> Generator[None]:
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = url
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


class GcsTestMixin(unittest.TestCase):
    """A `unittest.TestCase` whose tests each find an empty Google Cloud Storage as `self.gcs`.

        class MyTest(GcsTestMixin, unittest.IsolatedAsyncioTestCase):
            async def test_it(self) -> None:
                self.gcs.put("bucket", "name", b"data")

    One emulator serves the tests of a class, at one address. A class of yours that has `setUp` or
    `setUpClass` calls that of `super()`, as always.

    Attributes:
        gcs: the emulator, empty when a test begins but for the seed.
        gcs_seed: a folder to fill its buckets from, or None.
    """

    gcs: EmulatorHandle
    gcs_seed: ClassVar[str | os.PathLike[str] | None] = None
    _gcs_thread: ClassVar[EmulatorThread | None] = None

    @classmethod
    def setUpClass(cls) -> None:
        """Start the emulator."""
        super().setUpClass()
        cls._gcs_thread = cls.enterClassContext(EmulatorThread())

    def setUp(self) -> None:
        """Empty it, and let STORAGE_EMULATOR_HOST name it until the test has ended.

        Raises:
            RuntimeError: `setUpClass` was not called.
        """
        super().setUp()
        thread = self._gcs_thread
        if thread is None:
            raise RuntimeError(
                f"no emulator is running: {type(self).__name__}.setUpClass has to call that of"
                " super(), and a test to run in a suite, as unittest's loader makes them"
            )
        thread.run(thread.emulator.reset())
        self.enterContext(_named(thread.emulator.url))
        self.gcs = EmulatorHandle(thread)
        if self.gcs_seed is not None:
            self.gcs.seed(self.gcs_seed)
