"""A server process that lists as many objects as a prefix says, and takes batches that delete them.

Run as a program, so that what it needs does not count as the client's memory. It prints its port,
and `GET /told` tells what was asked of it for the prefix `objects/…`: each object only once.
"""

import asyncio
import json
import re
import sys
from urllib.parse import parse_qs, unquote, urlsplit

_PAGE = 1000
_CALL = re.compile(
    rb"(?i)content-id: (?P<id>[^\r\n]+)\r\n(?s:.*?)DELETE /\S+/o/(?P<name>[^\s?]+)\?(?P<query>\S+) "
)


class _Bucket:
    def __init__(self) -> None:
        self.told = {"list": 0, "batch": 0, "deleted": 0}
        self._deleted = bytearray()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                found = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
                body = await reader.readexactly(int(found[1])) if found else b""
                writer.write(self._answer(head.split(" ", 2)[1], body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, target: str, body: bytes) -> bytes:
        if target == "/told":
            return _http("application/json", json.dumps(self.told).encode())
        if target.startswith("/batch"):
            return self._batch(body)
        query = {name: value[0] for name, value in parse_qs(urlsplit(target).query).items()}
        return self._list(query["prefix"], int(query.get("pageToken", "0")))

    def _list(self, prefix: str, start: int) -> bytes:
        count = int(prefix.split("/")[1])
        if prefix.startswith("objects/"):
            self.told["list"] += 1
            self._deleted = self._deleted or bytearray(count)
        stop = min(start + _PAGE, count)
        items = [
            {"name": f"{prefix}{number:09}", "generation": str(number + 1)}
            for number in range(start, stop)
        ]
        token = {"nextPageToken": str(stop)} if stop < count else {}
        return _http("application/json", json.dumps({"items": items, **token}).encode())

    def _batch(self, body: bytes) -> bytes:
        parts: list[bytes] = []
        for call in _CALL.finditer(body):
            identity = call["id"].strip().replace(b"<", b"<response-", 1)
            self._delete(unquote(call["name"].decode()), call["query"])
            parts.append(
                b"--b\r\nContent-Type: application/http\r\nContent-ID: %b\r\n\r\n"
                b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n\r\n" % identity
            )
        if b"objects%2F" in body:
            self.told["batch"] += 1
        return _http("multipart/mixed; boundary=b", b"".join(parts) + b"--b--\r\n")

    def _delete(self, name: str, query: bytes) -> None:
        kind, _, number = name.split("/")
        assert f"ifGenerationMatch={int(number) + 1}".encode() in query
        if kind == "objects":
            self.told["deleted"] += not self._deleted[int(number)]
            self._deleted[int(number)] = 1


def _http(content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _main() -> None:
    server = await asyncio.start_server(_Bucket().serve, "127.0.0.1", 0, limit=2**20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
