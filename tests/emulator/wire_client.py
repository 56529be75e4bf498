"""A client for the emulator that hides nothing of the wire."""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import google_crc32c
from aiohttp import ClientSession
from multidict import CIMultiDictProxy
from yarl import URL


@dataclass(frozen=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        reason: str = self.json["error"]["errors"][0]["reason"]
        return reason


class WireClient:
    """Sends requests exactly as they are given: no retries, no redirects, no decoding."""

    def __init__(self, url: str, session: ClientSession) -> None:
        self.url = url
        self._session = session

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Any = None,
        body: Any = None,
        **query: Any,
    ) -> Answer:
        """Send to a path, already percent-encoded, or to a whole URL."""
        url = target if target.startswith("http") else self.url + target
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query)
        if isinstance(body, dict):
            body, headers = (
                json.dumps(body),
                {"Content-Type": "application/json", **(headers or {})},
            )
        if isinstance(body, bytes):
            body = io.BytesIO(body)  # aiohttp warns of large bodies that are bytes
        async with self._session.request(
            method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def upload(
        self,
        name: str,
        content: Any,
        *,
        bucket: str = "bucket",
        headers: Mapping[str, str] | None = None,
        **query: str | int,
    ) -> Answer:
        """Upload in one request."""
        target = f"/upload/storage/v1/b/{bucket}/o"
        said = urlencode({"uploadType": "media", "name": name, **query})
        return await self.send("POST", f"{target}?{said}", headers=headers, body=content)

    async def upload_with(
        self, metadata: Mapping[str, Any], content: bytes, *, bucket: str = "bucket", **query: str
    ) -> Answer:
        """Upload with metadata, as multipart/related."""
        body = (
            b"--edge\r\nContent-Type: application/json\r\n\r\n"
            + json.dumps(metadata).encode()
            + b"\r\n--edge\r\nContent-Type: text/plain\r\n\r\n"
            + content
            + b"\r\n--edge--\r\n"
        )
        return await self.send(
            "POST",
            f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart",
            headers={"Content-Type": "multipart/related; boundary=edge"},
            body=body,
            **query,
        )

    async def media(
        self,
        name: str,
        *,
        bucket: str = "bucket",
        headers: Mapping[str, str] | None = None,
        **query: str | int,
    ) -> Answer:
        """Download."""
        return await self.send(
            "GET", object_path(name, bucket), headers=headers, alt="media", **query
        )

    async def metadata(self, name: str, *, bucket: str = "bucket", **query: str | int) -> Answer:
        """Get the resource."""
        return await self.send("GET", object_path(name, bucket), **query)


def object_path(name: str, bucket: str = "bucket") -> str:
    """Return the JSON API's path of an object."""
    return f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"


def crc32c(content: bytes) -> str:
    """Return the checksum as the API prints it, by a library that is not the emulator's."""
    checksum = google_crc32c.Checksum(content)  # type: ignore[no-untyped-call] # it has no types
    digest: bytes = checksum.digest()  # type: ignore[no-untyped-call] # the same
    return base64.b64encode(digest).decode()
