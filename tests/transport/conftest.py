"""The stages as fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stages import WIRE_TRANSPORTS, MemoryStage, WireStage
from wire_server import WireServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._transport.base import Transport


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    """A server that plays `server.answers`."""
    async with WireServer() as server:
        yield server


@pytest.fixture(params=list(WIRE_TRANSPORTS))
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    """Each transport that uses sockets, with room for ten connections."""
    async with WIRE_TRANSPORTS[request.param](10) as transport:
        yield transport


@pytest.fixture(params=[*WIRE_TRANSPORTS, "memory"])
async def stage(
    request: pytest.FixtureRequest, server: WireServer
) -> AsyncIterator[WireStage | MemoryStage]:
    """Each transport with what stands behind it, with room for one request at a time."""
    if request.param == "memory":
        memory = MemoryStage()
        yield memory
        assert memory.transport.open == 0, "an answer was left open"
        await memory.transport.close()
        return
    async with WIRE_TRANSPORTS[request.param](1) as transport:
        yield WireStage(transport, server)
