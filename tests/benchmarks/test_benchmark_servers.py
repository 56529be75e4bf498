"""What the benchmarks measure against: true checksums, a true pace, and one small run of all."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastcrc.crc32 import iscsi

from benchmarks.servers.bodies import crc32c_of_file, make_body
from benchmarks.servers.certificates import Certificates
from benchmarks.servers.long_link import Pace, upwards
from benchmarks.servers.nginx import Nginx, configuration
from benchmarks.servers.nginx_program import NginxMissing, find_nginx
from benchmarks.servers.object_names import object_name, size_of
from benchmarks.servers.sink import received, running_sink

ROOT = Path(__file__).parents[2]
CONTENT = os.urandom(700_001)
MISSING = 2  # the exit status when a server cannot be had
INTERRUPTED = 130


def crc32c(data: bytes) -> str:
    return base64.b64encode(iscsi(data).to_bytes(4, "big")).decode()


def cannot_be_measured(reason: str) -> None:
    """Benchmarks need Linux; there, a part that is missing is a failure, and hides nothing."""
    if sys.platform == "linux":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if shutil.which(os.environ.get("CC", "cc")) is None:
        cannot_be_measured("there is no C compiler")
    with running_sink(tmp_path_factory.mktemp("sink")) as port:
        yield port


def send(
    port: int, method: str, path: str, data: bytes = b"", **fields: str
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    opener = urllib.request.build_opener(AnyStatus)
    with opener.open(request) as answer:
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()


class AnyStatus(urllib.request.HTTPErrorProcessor):
    """308 is an answer here, and so is an error."""

    def http_response(self, _request: object, response: object) -> object:
        return response


@pytest.mark.parametrize("size", [0, 1, 7, 8, 24_575, 24_576, 24_577, 700_001])
def test_a_media_upload_is_answered_with_its_checksum(sink: int, size: int) -> None:
    path = f"/upload/storage/v1/b/bench/o?uploadType=media&name=media%2D{size}"
    status, _, body = send(sink, "POST", path, CONTENT[:size])
    resource = json.loads(body)
    assert (status, resource["name"], resource["size"]) == (200, f"media-{size}", str(size))
    assert resource["crc32c"] == crc32c(CONTENT[:size])
    assert received(sink, f"media-{size}") == (size, crc32c(CONTENT[:size]))


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"], ids=["crlf", "lf"])
@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n", b"--", b"\r\n--edge-"])
def test_of_a_multipart_upload_only_the_media_counts(
    sink: int, line_end: bytes, tail: bytes
) -> None:
    media = CONTENT[:1000] + tail
    lines = [b"--edge", b"Content-Type: application/json", b"", b'{"name": "two parts"}']
    lines += [b"--edge", b"Content-Type: image/png", b"", media, b"--edge--"]
    path = "/upload/storage/v1/b/bench/o?uploadType=multipart"
    status, _, body = send(sink, "POST", path, line_end.join(lines))
    resource = json.loads(body)
    assert (status, resource["name"]) == (200, "two parts")
    assert (resource["size"], resource["crc32c"]) == (str(len(media)), crc32c(media))


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_session_takes_chunks_in_their_order(sink: int, method: str) -> None:
    path = "/upload/storage/v1/b/bench/o?uploadType=resumable&name=chunks"
    status, fields, _ = send(sink, "POST", path, b"{}")
    assert status == 200
    place = fields["location"].removeprefix(f"http://127.0.0.1:{sink}")
    first, total = 300_000, len(CONTENT)

    def chunk(start: int, end: int) -> tuple[int, dict[str, str], bytes]:
        data = CONTENT[start:end]
        return send(sink, method, place, data, Content_Range=f"bytes {start}-{end - 1}/{total}")

    assert chunk(0, first)[0] == 308
    assert chunk(first + 1, total)[0] == 503  # a gap
    status, fields, _ = send(sink, "PUT", place, Content_Range="bytes */*")
    assert (status, fields["range"]) == (308, f"bytes=0-{first - 1}")
    status, _, body = chunk(first, total)
    assert (status, json.loads(body)["crc32c"]) == (200, crc32c(CONTENT))
    assert chunk(first, total)[0] == 404  # it is over


def test_xml_uploads_whole_and_in_parts(sink: int) -> None:
    status, fields, _ = send(sink, "PUT", "/bench/whole", CONTENT)
    assert (status, fields["x-goog-hash"]) == (200, f"crc32c={crc32c(CONTENT)}")
    _, _, body = send(sink, "POST", "/bench/parts?uploads")
    upload = body.split(b"<UploadId>")[1].split(b"<")[0].decode()
    for number, start, end in ((2, 500_000, 700_001), (1, 0, 500_000)):
        path = f"/bench/parts?partNumber={number}&uploadId={upload}"
        assert send(sink, "PUT", path, CONTENT[start:end])[0] == 200
    assert received(sink, "parts") is None
    assert send(sink, "POST", f"/bench/parts?uploadId={upload}", b"<all/>")[0] == 200
    assert received(sink, "parts") == (len(CONTENT), crc32c(CONTENT))


def test_what_is_no_request_costs_its_sender_the_connection(sink: int) -> None:
    for nonsense in (b"\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n", b"x" * 40_000):
        with socket.create_connection(("127.0.0.1", sink), timeout=60) as connection:
            connection.sendall(nonsense)
            with contextlib.suppress(ConnectionResetError):  # the same: it had not read all
                assert connection.recv(1) == b""
    assert received(sink, "never sent") is None


def test_a_body_is_what_its_checksum_says(tmp_path: Path) -> None:
    body = make_body(tmp_path, 5 * 1024 * 1024 + 3)
    data = body.path.read_bytes()
    assert len(data) == body.size_bytes
    assert body.crc32c == crc32c(data) == crc32c_of_file(body.path)
    assert data[: 1 << 20] != data[4 << 20 : 5 << 20]
    assert size_of(object_name(body.size_bytes, 7)) == body.size_bytes


def test_a_pace_keeps_its_rate_and_saves_nothing_up() -> None:
    pace = Pace(100, now=0)
    assert pace.wait_before(50, now=0) == 0
    assert pace.wait_before(50, now=0.1) == pytest.approx(0.4)
    assert pace.wait_before(50, now=10) == 0  # idle since 1.0
    assert pace.wait_before(50, now=10) == pytest.approx(0.5)


def test_a_request_over_the_long_link_arrives_whole_and_ends_with_its_client() -> None:
    client, near = socket.socketpair()
    far, server = socket.socketpair()
    work = threading.Thread(target=upwards, args=(near, far, 0.001))
    work.start()
    with client, server:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert server.recv(100) == b"GET / HTTP/1.1\r\n\r\n"
        client.shutdown(socket.SHUT_WR)
        assert server.recv(100) == b""
    work.join()
    near.close()
    far.close()


def test_nginx_is_told_every_checksum(tmp_path: Path) -> None:
    bodies = [make_body(tmp_path, size) for size in (1, 5)]
    tls = Certificates(*(tmp_path / name for name in ("ca", "certificate", "key")))
    text = configuration(tmp_path, Nginx(1001, 1002), 1003, bodies, tls)
    for body in bodies:
        assert f"    {body.size_bytes} {body.crc32c};" in text
    assert "listen 127.0.0.1:1001 " in text
    assert "listen 127.0.0.1:1002 ssl " in text
    assert text.count("{") == text.count("}")


def test_an_nginx_that_is_named_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGINX", "/nowhere/nginx")
    with pytest.raises(NginxMissing, match="NGINX=/nowhere/nginx"):
        find_nginx()


def test_a_run_that_is_ended_from_outside_reports_and_leaves_nothing(tmp_path: Path) -> None:
    options = ["--workload", "small-up", "--client", "bare sockets", "--rounds", "1000"]
    figures = tmp_path / "figures.json"
    with subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "benchmarks", "--quick", *options, "--json", str(figures)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("round 2 of 1000"):
                process.send_signal(signal.SIGTERM)
    if process.returncode == MISSING:
        cannot_be_measured("nginx cannot be had here")
    assert process.returncode == INTERRUPTED
    [workload] = json.loads(figures.read_text())["workloads"]
    assert workload["rows"][0]["rounds"] in range(1, 1000)  # the signal may come rounds later
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_a_quick_run_verifies_and_reports(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    clients = ("storage-stream", "bare sockets")
    options = [word for client in clients for word in ("--client", client)]
    options += ["--workload", "small-down", "--workload", "small-up", "--json", str(figures)]
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "benchmarks", "--quick", *options],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode == MISSING:
        cannot_be_measured(done.stderr)
    assert done.returncode == 0, done.stderr
    assert "small-down: 256 objects of 16 KiB down, 64 at once" in done.stdout
    for workload in json.loads(figures.read_text())["workloads"]:
        assert {row["client"] for row in workload["rows"]} == set(clients)
        assert all(row["rate"] > 0 and row["cost"] > 0 for row in workload["rows"])
        assert workload["failures"] == []
