"""Help for tests of code that uses Google Cloud Storage.

The pytest fixtures are in `storage_stream.testing.plugin`, which pytest loads by itself; an
emulator for other test runners is `storage_stream.testing.emulator_thread.EmulatorThread`. Neither
is imported here, because pytest imports this package in every run; what is, costs next to nothing.
"""

from storage_stream.testing.fake_clock import FakeClock
from storage_stream.testing.memory_answer import Answer
from storage_stream.testing.memory_transport import (
    MemoryTransport,
    RecordedRequest,
    UnexpectedRequest,
)

__all__ = ["Answer", "FakeClock", "MemoryTransport", "RecordedRequest", "UnexpectedRequest"]
