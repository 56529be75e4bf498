"""The emulator under test, and a client for it."""

import os
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from wire_client import WireClient

from storage_stream.emulator import Emulator

# google-cloud-storage looks up each bucket in a thread of its own, for its traces, and lets the
# thread outlive the test. It reads this when it is imported.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        yield running


@pytest.fixture
async def wire(emulator: Emulator) -> AsyncIterator[WireClient]:
    async with ClientSession(auto_decompress=False) as session:
        yield WireClient(emulator.url, session)
