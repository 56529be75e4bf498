"""Where the service is, and that an address alone is no reason to trust less or to check less."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
from wire_server import WireServer

from storage_stream import Environment, RetryPolicy, Storage
from storage_stream._transport.endpoint import Endpoint
from storage_stream.errors import ConnectFailed, InsecureTransport, InvalidArgument
from storage_stream.testing import Answer, FakeClock, MemoryTransport

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "STORAGE_EMULATOR_HOST"
GOOGLE = "https://storage.googleapis.com"
BAD = [
    "ftp://host",
    "http://",
    "https://host:port",
    "http://host:99999",
    "http://host:0",
    "http://[::1",
    "http://user:secret@host",
    "http://:secret@host",
    "http://host?",
    "http://host#",
    "http://host\t",
    "http://host/\x7f",
    "http://host?x=1",
    "http://host#x",
    "://host",
    "file:///etc/passwd",
    "http://ho st",
    "http://host\r\nx: y",
    "http:///path",
    " ",
]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


class TestAddress:
    @pytest.mark.parametrize(
        ("value", "root"),
        [
            ("http://127.0.0.1:4443", "http://127.0.0.1:4443"),
            ("127.0.0.1:4443", "http://127.0.0.1:4443"),
            ("localhost:4443/", "http://localhost:4443"),
            ("emulator", "http://emulator"),
            ("https://emulator:4443//", "https://emulator:4443"),
            ("http://[::1]:4443", "http://[::1]:4443"),
            ("[::1]:4443", "http://[::1]:4443"),
            ("http://host/prefix/", "http://host/prefix"),
        ],
    )
    def test_the_environments_is_an_emulator(
        self, monkeypatch: pytest.MonkeyPatch, value: str, root: str
    ) -> None:
        monkeypatch.setenv(VARIABLE, value)
        assert Endpoint.of(None, None) == Endpoint(root, is_emulator=True)
        assert Endpoint.of(None, is_emulator=False) == Endpoint(root, is_emulator=False)

    @pytest.mark.parametrize("value", ["", None])
    def test_without_one_it_is_google(
        self, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        if value is not None:
            monkeypatch.setenv(VARIABLE, value)
        assert Endpoint.of(None, None) == Endpoint(GOOGLE, is_emulator=False)

    def test_ones_own_wins_and_is_no_emulator_by_itself(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "http://emulator")
        assert Endpoint.of("https://mine/", None) == Endpoint("https://mine", is_emulator=False)
        assert Endpoint.of("http://mine", is_emulator=True).is_emulator

    @pytest.mark.parametrize("value", ["localhost:33", "127.0.0.1:33", "[::1]:33", "localhost"])
    def test_this_machines_needs_no_scheme(self, value: str) -> None:
        assert Endpoint.of(value, None) == Endpoint(f"http://{value}", is_emulator=False)
        assert Endpoint.of(f"{value}/", is_emulator=True).root == f"http://{value}"

    @pytest.mark.parametrize("value", ["emulator:4443", "private.test", "127.evil.org:1"])
    def test_another_machines_does_unless_it_is_an_emulators(self, value: str) -> None:
        assert Endpoint.of(value, is_emulator=True).root == f"http://{value}"
        for emulator in (None, False):
            with pytest.raises(InvalidArgument, match=f"lacks its scheme: https://{value}$"):
                Endpoint.of(value, is_emulator=emulator)

    @pytest.mark.parametrize("value", BAD)
    def test_what_is_none_is_told_before_anything_is_sent(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        with pytest.raises(InvalidArgument) as caught:
            Storage(api_root=value)
        assert "secret" not in str(caught.value)
        monkeypatch.setenv(VARIABLE, value)
        with pytest.raises(InvalidArgument):
            Storage()

    def test_it_is_read_when_a_client_is_made_and_not_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "http://first")
        storage = Storage()
        monkeypatch.setenv(VARIABLE, "http://second")
        assert storage._sender._root == "http://first"


class Tokens:
    """Somebody's token."""

    async def get(self) -> str:
        return "theirs"


def client(network: MemoryTransport, api_root: str | None = None, *, token: bool = True) -> Storage:
    return Storage(
        api_root=api_root,
        token=Tokens() if token else None,
        environment=Environment(transport=network, clock=FakeClock(), random=lambda: 0.5),
    )


class TestCredentials:
    async def test_a_custom_address_keeps_them(self) -> None:
        network = MemoryTransport([Answer(body=b"{}")])
        async with client(network, "https://private.test") as storage:
            await storage.download_metadata("bucket", "name")
        assert network.requests[0].headers.get("authorization") == "Bearer theirs"

    async def test_they_do_not_go_to_one_without_tls(self) -> None:
        network = MemoryTransport()
        async with client(network, "http://private.test") as storage:
            with pytest.raises(InsecureTransport):
                await storage.download_metadata("bucket", "name")
        assert network.requests == []

    async def test_an_emulator_is_asked_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "emulator.test:4443")
        network = MemoryTransport([Answer(body=b"{}")])
        async with client(network, token=False) as storage:
            await storage.download_metadata("bucket", "name")
        assert network.requests[0].url.startswith("http://emulator.test:4443/storage/v1/")
        assert "authorization" not in network.requests[0].headers


class TestTls:
    @pytest.mark.parametrize("how", ["api_root", "api_is_dev", "environment"])
    async def test_a_certificate_nobody_vouches_for_is_never_accepted(
        self, self_signed: Path, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed)
        async with WireServer(tls=context) as server:
            server.answers += [Answer(body=b"{}")]
            monkeypatch.setenv(VARIABLE, server.url if how == "environment" else "")
            async with Storage(
                api_root=None if how == "environment" else server.url,
                api_is_dev=True if how == "api_is_dev" else None,
                token=Tokens(),
                retry=RetryPolicy(retries=0),
            ) as storage:
                with pytest.raises(ConnectFailed, match=r"(?i)certificate"):
                    await storage.download_metadata("bucket", "name")
            assert server.heads == 0

    async def test_one_that_is_trusted_is(self, self_signed: Path) -> None:
        """Shows that the test above fails for the certificate, and for nothing else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed)
        trusting = ssl.create_default_context(cafile=str(self_signed))
        async with (
            WireServer(tls=context) as server,
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session,
            Storage(api_root=server.url, token=Tokens(), session=session) as storage,
        ):
            server.answers += [Answer(body=b'{"name": "name"}')]
            assert await storage.download_metadata("bucket", "name") == {"name": "name"}
            assert server.requests[0].get("authorization") == "Bearer theirs"
