"""A Google Cloud Storage service over a local folder, for tests and for work without an account.

It shares no code with the client: it is the client's independent judge.
"""

from storage_stream.emulator.clock import Clock
from storage_stream.emulator.faults.book import UnknownOperationError, UnknownTestError
from storage_stream.emulator.faults.words import UnknownWordError
from storage_stream.emulator.request_log import Entry, RequestLog
from storage_stream.emulator.seed import Seeded, SeedError
from storage_stream.emulator.server import Emulator, PortTakenError

__all__ = [
    "Clock",
    "Emulator",
    "Entry",
    "PortTakenError",
    "RequestLog",
    "SeedError",
    "Seeded",
    "UnknownOperationError",
    "UnknownTestError",
    "UnknownWordError",
]
