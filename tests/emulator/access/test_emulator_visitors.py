"""A page in this machine's browser is not this machine."""

import http.client

import pytest

from storage_stream.testing import EmulatorHandle


def status(gcs: EmulatorHandle, **headers: str) -> int:
    host, port = gcs.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    try:
        connection.request("DELETE", "/storage/v1/b/bucket/o/name", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:4443"},
        {"Host": "127.0.0.1"},
        {"Host": "[::1]:4443"},
        {"Host": "gcs.localhost"},
        {"Host": "storage.googleapis.com"},
        {"Origin": "http://localhost:8080"},
    ],
    ids=repr,
)
def test_programs_of_this_machine_are_served(gcs: EmulatorHandle, headers: dict[str, str]) -> None:
    gcs.put("bucket", "name", b"data")
    assert status(gcs, **headers) == 204
    assert gcs.objects("bucket") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:80"},
        {"Host": "[::"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://storage.googleapis.com.evil.example"},
        {"Origin": "null"},
    ],
    ids=repr,
)
def test_a_page_of_another_site_is_refused(gcs: EmulatorHandle, headers: dict[str, str]) -> None:
    gcs.put("bucket", "name", b"data")
    assert status(gcs, **headers) in {400, 403}
    assert len(gcs.objects("bucket")) == 1
