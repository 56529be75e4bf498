"""The whole contract once more, over TLS; and who is not spoken to."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from stages import WireStage, drain
from test_transport_contract import *  # noqa: F403 - each of its classes is played here
from wire_server import WireServer

from storage_stream import Storage
from storage_stream._protocol.http import Request
from storage_stream._transport.aiohttp import AiohttpTransport
from storage_stream._transport.environment import Environment
from storage_stream._transport.lean.tls import check_verifies
from storage_stream._transport.lean.transport import LeanTransport
from storage_stream._transport.session_options import SessionOptions
from storage_stream.errors import ConnectFailed, InvalidArgument, UntrustedCertificate
from storage_stream.testing import Answer, FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def server(self_signed: Path) -> AsyncIterator[WireServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed)
    async with WireServer(tls=context) as server:
        yield server


@pytest.fixture
def trusting(self_signed: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(self_signed))


@pytest.fixture(params=["lean"])
async def stage(server: WireServer, trusting: ssl.SSLContext) -> AsyncIterator[WireStage]:
    transport = LeanTransport(connections=1, context=trusting)
    with contextlib.closing(WireStage(transport, server)) as wired:
        yield wired
    await transport.close()


Made = Callable[[ssl.SSLContext | None], LeanTransport | AiohttpTransport]
BOTH = pytest.mark.parametrize(
    "made",
    [
        lambda context: LeanTransport(context=context),
        lambda context: AiohttpTransport(options=SessionOptions(context=context)),
    ],
    ids=["lean", "aiohttp"],
)


async def refused(
    transport: LeanTransport | AiohttpTransport,
    url: str,
    why: type[ConnectFailed] = ConnectFailed,
) -> str:
    with pytest.raises(why) as caught:
        await transport.send(Request("GET", url), timeout=60)
    await transport.close()
    return str(caught.value)


@BOTH
async def test_a_certificate_that_nobody_vouches_for(server: WireServer, made: Made) -> None:
    told = await refused(made(None), server.url, UntrustedCertificate)
    assert server.heads == 0
    assert "127.0.0.1" in told
    assert "self-signed" in told
    assert "Storage(ssl=" in told


@BOTH
async def test_a_certificate_for_somebody_else(
    server: WireServer, trusting: ssl.SSLContext, made: Made
) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    told = await refused(made(trusting), url, UntrustedCertificate)
    assert server.heads == 0
    assert "of localhost" in told
    assert "ismatch" in told


async def test_a_certificate_is_looked_at_once(server: WireServer) -> None:
    """No repeat would make it a better one."""
    environment = Environment(clock=FakeClock())
    async with Storage(api_root=server.url, anonymous=True, environment=environment) as storage:
        with pytest.raises(UntrustedCertificate) as caught:
            await storage.download("bucket", "name")
    assert caught.value.attempts == 1


async def test_a_context_that_would_rather_speak_something_else(self_signed: Path) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(self_signed)
    serving.set_alpn_protocols(["h2"])
    offering = ssl.create_default_context(cafile=str(self_signed))
    offering.set_alpn_protocols(["h2"])
    async with WireServer(tls=serving) as server:
        await refused(LeanTransport(context=offering), server.url)
        assert server.heads == 0


async def test_one_connection_carries_request_after_request(
    server: WireServer, trusting: ssl.SSLContext
) -> None:
    transport = LeanTransport(context=trusting)
    server.answers += [Answer(body=b"x" * 300_000)] * 5
    for _ in range(5):
        reply = await transport.send(Request("GET", server.url), timeout=60)
        assert len(await drain(reply)) == 300_000
        reply.close()
    assert server.connections == 1
    await transport.close()


class TestContexts:
    def test_one_that_checks_is_taken(self) -> None:
        context = ssl.create_default_context()
        assert check_verifies(context) is context

    def test_one_that_does_not_look_is_refused(self) -> None:
        blind = ssl.create_default_context()
        blind.check_hostname = False
        with pytest.raises(InvalidArgument):
            check_verifies(blind)
        blind.verify_mode = ssl.CERT_NONE
        with pytest.raises(InvalidArgument):
            check_verifies(blind)

    def test_what_is_none_is_refused(self) -> None:
        with pytest.raises(TypeError):
            check_verifies(None)  # type: ignore[arg-type]  # the wrong kind is the point
