"""The stages as fixtures, and a certificate for those who speak TLS."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from stages import WIRE_TRANSPORTS, MemoryStage, WireStage
from wire_server import WireServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from storage_stream._transport.base import Transport


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes event loops of each kind."""
    if request.param == "asyncio":
        return asyncio.new_event_loop
    if sys.platform == "win32":
        pytest.skip("uvloop does not run on Windows")
    factory: Any = pytest.importorskip("uvloop").new_event_loop
    return factory  # type: ignore[no-any-return]  # uvloop's is not typed everywhere


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
        with contextlib.closing(WireStage(transport, server)) as wired:
            yield wired


@pytest.fixture
async def no_names() -> None:
    """The loop asks nobody who has a name: a machine's own resolver may take minutes, or lie."""

    async def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    vars(asyncio.get_running_loop())["getaddrinfo"] = getaddrinfo


@pytest.fixture(scope="session")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
