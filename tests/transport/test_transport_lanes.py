"""Which way a request goes, and that both ways are one client's."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
from stages import drain
from wire_server import WireServer

from storage_stream import Storage
from storage_stream._protocol.http import Request
from storage_stream._transport.lanes import Lanes
from storage_stream._transport.session_options import DIRECT, SessionOptions
from storage_stream.errors import ClientClosed, ConnectFailed, InvalidArgument
from storage_stream.testing import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from storage_stream._transport.base import Transport


def lanes(
    options: SessionOptions = DIRECT,
    *,
    session: aiohttp.ClientSession | None = None,
    lean: bool = True,
) -> Lanes:
    return Lanes(connections=2, session=session, options=options, lean=lean)


async def ask(both: Lanes, url: str, session: aiohttp.ClientSession | None = None) -> bool:
    """Whether the answer came by aiohttp."""
    reply = await both.send(Request("GET", url), timeout=60, session=session)
    assert await drain(reply) == b"x"
    reply.close()
    return isinstance(reply.raw, aiohttp.ClientResponse)


async def test_by_itself_it_goes_lean(server: WireServer) -> None:
    server.answers += [Answer(body=b"x")]
    both = lanes()
    assert not await ask(both, server.url)
    await both.close()


def has_aiohttp(both: Lanes) -> bool:
    return both.made_aiohttp is not None


async def test_streams_go_by_aiohttp_which_is_made_for_the_first(server: WireServer) -> None:
    server.answers += [Answer(body=b"x")] * 2
    both = lanes()
    assert not await ask(both, server.url)
    assert not has_aiohttp(both)
    reply = await both.streams.send(Request("GET", server.url), timeout=60)
    assert await drain(reply) == b"x"
    assert isinstance(reply.raw, aiohttp.ClientResponse)
    assert has_aiohttp(both)
    reply.close()
    await both.close()


async def test_who_turns_it_off_gets_aiohttp(server: WireServer) -> None:
    server.answers += [Answer(body=b"x")]
    both = lanes(lean=False)
    assert await ask(both, server.url)
    await both.close()


async def test_a_session_is_aiohttps(server: WireServer) -> None:
    server.answers += [Answer(body=b"x")] * 3
    async with aiohttp.ClientSession() as session:
        both = lanes(session=session)
        assert await ask(both, server.url)
        await both.close()
        both = lanes()
        assert await ask(both, server.url, session)
        assert not await ask(both, server.url)
        await both.close()


async def test_a_proxy_is_aiohttps(server: WireServer) -> None:
    server.answers += [Answer(body=b"x")]
    both = lanes(SessionOptions(proxy=server.url))
    assert await ask(both, "http://storage.example/o")
    assert server.requests[0].target == "http://storage.example/o"
    await both.close()


async def test_an_environment_that_may_name_one_is_too(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    server.answers += [Answer(body=b"x")]
    both = lanes(SessionOptions(trust_env=True))
    assert await ask(both, "http://storage.example/o")
    assert server.requests[0].target == "http://storage.example/o"
    await both.close()


@pytest.mark.parametrize("lean", [True, False])
async def test_an_authority_of_ones_own_counts_on_both_ways(
    self_signed: Path, *, lean: bool
) -> None:
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(self_signed)
    trusting = ssl.create_default_context(cafile=str(self_signed))
    async with WireServer(tls=serving) as server:
        server.answers += [Answer(body=b"x")]
        both = lanes(SessionOptions(context=trusting), lean=lean)
        assert await ask(both, server.url) is not lean
        await both.close()
        strangers = lanes(lean=lean)
        with pytest.raises(ConnectFailed):
            await ask(strangers, server.url)
        await strangers.close()


async def test_places_are_shared(server: WireServer) -> None:
    server.answers += [Answer(body=b"ab", stall_after=1)] * 2
    both = lanes()
    request = Request("GET", server.url)
    first = await both.lean.send(request, timeout=60) if both.lean else None
    second = await both.aiohttp.send(request, timeout=60)
    assert not both.places.take_free()
    second.close()
    assert both.places.take_free()
    both.places.release()
    assert first is not None
    first.close()
    await both.close()


@pytest.mark.parametrize("is_made", [False, True])
async def test_closing_closes_both(server: WireServer, *, is_made: bool) -> None:
    both = lanes()
    transports: list[Transport] = [both, both.streams]
    if is_made:
        transports.append(both.aiohttp)
    await both.close()
    await both.close()
    for transport in transports:
        with pytest.raises(ClientClosed):
            await transport.send(Request("GET", server.url), timeout=60)
    assert has_aiohttp(both) == is_made


class TestStorage:
    def test_a_context_that_does_not_check_is_refused(self) -> None:
        blind = ssl.create_default_context()
        blind.check_hostname = False
        with pytest.raises(InvalidArgument, match="checks certificates"):
            Storage(ssl=blind)
        with pytest.raises(InvalidArgument, match="checks certificates"):
            Storage(ssl=blind, lean=False)

    def test_what_is_no_context_is_refused(self) -> None:
        with pytest.raises(TypeError):
            Storage(ssl=False)  # type: ignore[arg-type]  # aiohttp's way to look away

    async def test_a_session_and_how_to_make_one_is_refused(self) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(InvalidArgument, match="session"):
                Storage(session=session, proxy="http://proxy:3128")
            with pytest.raises(InvalidArgument, match="session"):
                Storage(session=session, ssl=ssl.create_default_context())

    @pytest.mark.parametrize("lean", [True, False])
    async def test_downloads_are_the_same_on_both_ways(
        self, server: WireServer, *, lean: bool
    ) -> None:
        body = bytes(range(256)) * 2_000
        server.answers += [Answer(body=b"small"), Answer(body=body), Answer(body=b"stream")]
        async with Storage(api_root=server.url, anonymous=True, lean=lean) as storage:
            assert await storage.download("bucket", "a") == b"small"
            assert await storage.download("bucket", "b") == body
            async with storage.download_stream("bucket", "c") as stream:
                assert isinstance(stream.response, aiohttp.ClientResponse)
                assert await stream.read() == b"stream"
        lines = [dict(request.lines) for request in server.requests]
        assert lines[0] == lines[1] == lines[2]
