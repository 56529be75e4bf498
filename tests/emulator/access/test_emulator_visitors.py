"""A page in this machine's browser is not this machine."""

import asyncio
import http.client
import json
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from storage_stream.emulator import Emulator
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


async def asked(url: str, **headers: str) -> int:
    def ask() -> int:
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.netloc, timeout=60)
        try:
            connection.request("GET", place.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


@pytest.mark.parametrize(
    "path",
    [
        "/fresh",
        "/fresh/",
        "/fresh/pictures/a.jpg",
        "/storage/v1/b/fresh",
        "/storage/v1/b/fresh/o",
        "/storage/v1/b/fresh/o/a.jpg",
        "/download/storage/v1/b/fresh/o/a.jpg",
        "/storage/v1/b/%66resh/iam",
        "/storage/v1/b/fresh/acl",
    ],
)
@pytest.mark.parametrize("mode", ["no-cors", "navigate"])
async def test_a_picture_or_a_link_of_another_site_makes_no_bucket(path: str, mode: str) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
    async with Emulator() as emulator:
        assert await asked(f"{emulator.url}{path}", **foreign) == 404
        listed = await asyncio.to_thread(names_of_buckets, emulator.url)
        assert listed == []
        assert emulator.log.select(status=404)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8080"},
    ],
    ids=repr,
)
async def test_programs_and_pages_of_this_machine_make_buckets(headers: dict[str, str]) -> None:
    async with Emulator() as emulator:
        assert await asked(f"{emulator.url}/storage/v1/b/fresh/o", **headers) == 200
        assert await asyncio.to_thread(names_of_buckets, emulator.url) == ["fresh"]


async def test_a_picture_of_another_site_may_be_one_that_is_there() -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    async with Emulator() as emulator:
        await asked(f"{emulator.url}/storage/v1/b/fresh/o")
        assert await asked(f"{emulator.url}/storage/v1/b/fresh/o", **foreign) == 200


def names_of_buckets(url: str) -> list[str]:
    with urlopen(f"{url}/storage/v1/b?project=p", timeout=60) as answer:  # noqa: S310 - ours
        return [item["name"] for item in json.load(answer).get("items", [])]
