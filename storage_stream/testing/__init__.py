"""Help for tests of code that uses Google Cloud Storage.

The pytest fixtures are in `storage_stream.testing.plugin`, which pytest loads by itself; for
`unittest` there is `GcsTestMixin`, for everything else `emulated_gcs()` and `EmulatorThread`.
Nothing is imported here before it is used, because pytest imports this package in every run.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names

if TYPE_CHECKING:
    from storage_stream.testing.emulated import GcsTestMixin, emulated_gcs
    from storage_stream.testing.emulator_handle import EmulatorHandle
    from storage_stream.testing.emulator_thread import EmulatorThread
    from storage_stream.testing.fake_clock import FakeClock
    from storage_stream.testing.memory_answer import Answer
    from storage_stream.testing.memory_transport import (
        MemoryTransport,
        RecordedRequest,
        UnexpectedRequest,
    )

__all__ = [
    "Answer",
    "EmulatorHandle",
    "EmulatorThread",
    "FakeClock",
    "GcsTestMixin",
    "MemoryTransport",
    "RecordedRequest",
    "UnexpectedRequest",
    "emulated_gcs",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Answer": "storage_stream.testing.memory_answer",
        "EmulatorHandle": "storage_stream.testing.emulator_handle",
        "EmulatorThread": "storage_stream.testing.emulator_thread",
        "FakeClock": "storage_stream.testing.fake_clock",
        "GcsTestMixin": "storage_stream.testing.emulated",
        "MemoryTransport": "storage_stream.testing.memory_transport",
        "RecordedRequest": "storage_stream.testing.memory_transport",
        "UnexpectedRequest": "storage_stream.testing.memory_transport",
        "emulated_gcs": "storage_stream.testing.emulated",
    },
)
