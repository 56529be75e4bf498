"""The emulator under test, and a client for it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from wire_client import WireClient

from storage_stream.emulator import Emulator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        yield running


@pytest.fixture
async def wire(emulator: Emulator) -> AsyncIterator[WireClient]:
    async with ClientSession(auto_decompress=False) as session:
        yield WireClient(emulator.url, session)
