"""An HTTP client that hides nothing: one connection, one request, no repetition.

It tells how an answer ended, which clients proper turn into exceptions of many kinds.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urlsplit


class End(Enum):
    WHOLE = "whole"
    FIN = "fin"
    RST = "rst"


@dataclass
class Reply:
    """What came back; status 0 when nothing did."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    end: End = End.WHOLE

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    url: str,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    announce: int | None = None,
) -> Reply:
    """Send one request and read until the answer is whole or the connection ends.

    Args:
        url: of the server.
        method: HTTP method.
        target: path and query, as they go onto the wire.
        headers: besides Host and Content-Length.
        body: what is sent.
        announce: a Content-Length that is not the body's; then the sending side is closed.
    """
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        lines = {"Host": address.netloc, "Content-Length": str(announce or len(body))}
        head = "".join(
            f"{name}: {value}\r\n" for name, value in (lines | dict(headers or {})).items()
        )
        reply = Reply()
        try:
            writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            if announce is not None:
                writer.write_eof()
            await _read(reader, reply, has_body=method != "HEAD")
        except ConnectionError:
            reply.end = End.RST
        return reply
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, reply: Reply, *, has_body: bool) -> None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        if not line:
            reply.end = End.FIN
            return
        head += line
    status_line, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    reply.status = int(status_line.split()[1])
    reply.headers = [(name, value.strip()) for name, _, value in (x.partition(":") for x in lines)]
    if not has_body or reply.status in {204, 304}:
        return
    length = reply.header("Content-Length")
    if length is None:
        await _read_chunks(reader, reply)
        return
    while len(reply.body) < int(length):
        if not (piece := await reader.read(65536)):
            reply.end = End.FIN
            return
        reply.body += piece


async def _read_chunks(reader: asyncio.StreamReader, reply: Reply) -> None:
    while True:
        line = await reader.readline()
        if not line.endswith(b"\r\n"):
            reply.end = End.FIN
            return
        size = int(line, 16)
        try:
            reply.body += (await reader.readexactly(size + 2))[:-2]
        except asyncio.IncompleteReadError as short:
            reply.body += short.partial
            reply.end = End.FIN
            return
        if not size:
            return
