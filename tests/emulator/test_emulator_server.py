import asyncio
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from bare_http import End, ask

from storage_stream.emulator import Emulator, PortTakenError

UPLOAD = "/upload/storage/v1/b/bucket/o?uploadType=media&name=object"
MEDIA = "/storage/v1/b/bucket/o/object?alt=media"
GET = "storage.objects.get"


async def test_it_serves_between_entering_and_leaving() -> None:
    async with Emulator() as emulator:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", emulator.url)
        assert (await ask(emulator.url, "POST", UPLOAD, body=b"abc")).status == 200
        assert (await ask(emulator.url, "GET", MEDIA)).body == b"abc"
        url = emulator.url
    with pytest.raises(ConnectionRefusedError):
        await ask(url, "GET", MEDIA)
    with pytest.raises(RuntimeError, match="does not run"):
        _ = emulator.url


async def test_stop_may_be_called_twice_and_start_may_not() -> None:
    emulator = Emulator()
    await emulator.stop()
    await emulator.start()
    with pytest.raises(RuntimeError, match="runs already"):
        await emulator.start()
    await emulator.stop()
    await emulator.stop()


async def test_it_can_be_started_again(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path)
    for expected in (404, 200):
        async with emulator:
            assert (await ask(emulator.url, "GET", MEDIA)).status == expected
            await ask(emulator.url, "POST", UPLOAD, body=b"abc")


async def test_a_given_folder_stays_and_a_temporary_one_goes(tmp_path: Path) -> None:
    async with Emulator(tmp_path / "new") as emulator:
        await ask(emulator.url, "POST", UPLOAD, body=b"abc")
    async with Emulator(tmp_path / "new") as emulator:
        assert (await ask(emulator.url, "GET", MEDIA)).body == b"abc"
    async with Emulator() as emulator:
        folder = emulator.folder
        assert folder.is_dir()
    assert not folder.exists()


async def test_a_taken_port_is_told_by_its_number() -> None:
    async with Emulator() as first:
        port = int(first.url.rpartition(":")[2])
        second = Emulator(port=port)
        with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1 is taken"):
            await second.start()
        assert not second.folder.exists(), "what was begun is undone"
        assert (await ask(first.url, "GET", "/_emulator/status")).status == 200


async def test_two_emulators_do_not_share_a_folder(tmp_path: Path) -> None:
    async with Emulator(tmp_path):
        with pytest.raises(RuntimeError):
            await Emulator(tmp_path).start()


async def test_buckets_are_made_only_when_told() -> None:
    async with Emulator(create_buckets=False) as emulator:
        assert (await ask(emulator.url, "POST", UPLOAD, body=b"abc")).status == 404


@pytest.mark.parametrize("word", ["stall-for-600s-after-0K", "stall-for-60s-after-1K"])
async def test_stopping_waits_for_no_stalled_request(word: str) -> None:
    async with asyncio.timeout(60):
        async with Emulator() as emulator:
            await ask(emulator.url, "POST", UPLOAD, body=b"x" * 4096)
            emulator.arm_next(GET, word)
            stalled = asyncio.create_task(ask(emulator.url, "GET", MEDIA))
            while not emulator.log.select(operation=GET):  # noqa: ASYNC110 - until it has arrived
                await asyncio.sleep(0)
        assert (await stalled).end is not End.WHOLE


async def test_stopping_waits_for_no_client() -> None:
    async with asyncio.timeout(60):
        async with Emulator() as emulator:
            host, port = emulator.url.removeprefix("http://").split(":")
            await ask(emulator.url, "POST", UPLOAD, body=b"x" * (16 << 20))
            _, idle = await asyncio.open_connection(host, int(port))
            deaf_reader, deaf = await asyncio.open_connection(host, int(port), limit=1024)
            deaf.write(f"GET {MEDIA} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await deaf_reader.readexactly(100)
            _, sender = await asyncio.open_connection(host, int(port))
            sender.write(
                f"POST {UPLOAD} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n".encode()
            )
            while len(emulator.log) < 3:  # noqa: ASYNC110 - until all of them have arrived
                await asyncio.sleep(0)
            assert emulator.open_connections == 3
        assert emulator.open_connections == 0
        for writer in (idle, deaf, sender):
            writer.close()


async def test_open_connections_are_counted() -> None:
    async with Emulator() as emulator:
        assert emulator.open_connections == 0
        host, port = emulator.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /_emulator/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"}")
        assert emulator.open_connections == 1
        writer.write_eof()
        await reader.read()
        assert emulator.open_connections == 0
        writer.close()


async def test_reset_is_as_new_at_the_same_address() -> None:
    async with Emulator() as emulator:
        url = emulator.url
        await ask(url, "POST", UPLOAD, body=b"x" * 100_000)
        await ask(url, "POST", UPLOAD.replace("media", "resumable"), body=b"{}")
        emulator.arm_next(GET, "return-503")
        emulator.arm({GET: ["return-503"]})
        emulator.tokens.issue()
        await emulator.reset()
        assert emulator.url == url
        assert len(emulator.log) == 0
        assert emulator.unfinished_sessions == 0
        assert emulator.open_connections == 0
        assert (await ask(url, "GET", MEDIA)).status == 404
        assert (await ask(url, "GET", "/retry_tests")).json() == {"retry_test": []}
        assert (await ask(url, "POST", UPLOAD, body=b"abc")).status == 200
        assert (await ask(url, "GET", MEDIA)).body == b"abc"


async def test_reset_ends_what_is_under_way() -> None:
    async with asyncio.timeout(60), Emulator() as emulator:
        await ask(emulator.url, "POST", UPLOAD, body=b"abc")
        emulator.arm_next(GET, "stall-for-600s-after-0K")
        stalled = asyncio.create_task(ask(emulator.url, "GET", MEDIA))
        while not emulator.log.select(operation=GET):  # noqa: ASYNC110 - until it has arrived
            await asyncio.sleep(0)
        await emulator.reset()
        assert (await stalled).end is not End.WHOLE
        assert (await ask(emulator.url, "GET", MEDIA)).status == 404


async def test_a_folder_of_the_caller_is_never_emptied(tmp_path: Path) -> None:
    async with Emulator(tmp_path) as emulator:
        await ask(emulator.url, "POST", UPLOAD, body=b"abc")
        with pytest.raises(RuntimeError, match="not emptied"):
            await emulator.reset()
        assert (await ask(emulator.url, "GET", MEDIA)).body == b"abc"
    with pytest.raises(RuntimeError, match="does not run"):
        await emulator.reset()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
def test_loopback_needs_no_warning(host: str) -> None:
    assert Emulator(host=host).warning is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_anything_else_does(host: str) -> None:
    warning = Emulator(host=host).warning
    assert warning is not None
    assert host in warning
    assert "anyone" in warning


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_ipv6_has_an_address_in_brackets() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("no IPv6 loopback here")
    async with Emulator(host="::1") as emulator:
        assert emulator.url.startswith("http://[::1]:")
        assert (await ask(emulator.url, "GET", "/_emulator/status")).status == 200


async def test_gzip_is_stored_as_it_was_sent() -> None:
    # aiohttp would decompress it on the way in; an object is its bytes.
    async with Emulator() as emulator:
        headers = {"Content-Encoding": "gzip"}
        body = b"\x1f\x8b not really gzip"
        assert (await ask(emulator.url, "POST", UPLOAD, headers=headers, body=body)).status == 200
        reply = await ask(emulator.url, "GET", "/storage/v1/b/bucket/o/object")
        assert reply.json()["size"] == str(len(body))


async def test_housekeeping_is_not_seen_and_not_harmed() -> None:
    async with Emulator(require_auth=True) as emulator:
        emulator.arm_next("storage.objects.insert", "return-503")
        own = dict(emulator.housekeeping)
        reply = await ask(emulator.url, "POST", UPLOAD, headers=own, body=b"abc")
        assert (reply.status, len(emulator.log)) == (200, 0)
        guessed = dict.fromkeys(own, "guess")
        reply = await ask(emulator.url, "POST", UPLOAD, headers=guessed, body=b"abc")
        assert (reply.status, len(emulator.log)) == (503, 1)


def test_it_imports_nothing_of_the_client() -> None:
    code = (
        "import sys, types;"
        "package = types.ModuleType('storage_stream');"
        f"package.__path__ = [{str(Path(__file__).parents[2] / 'storage_stream')!r}];"
        "sys.modules['storage_stream'] = package;"
        "import storage_stream.emulator;"
        "ours = [name for name in sys.modules if name.startswith('storage_stream.')];"
        "print([name for name in ours if not name.startswith('storage_stream.emulator')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert ran.stdout.strip() == "[]"
