"""A server process that takes resumable uploads of any size and keeps nothing but their checksum.

Run as a program, so that what it needs does not count as the client's memory. It prints its port.
It answers as the service does: 308 with what it has, then the object's resource.
"""

import asyncio
import base64
import json
import re
import sys

from fastcrc import crc32

_PIECE_BYTES = 1024 * 1024


class _Sink:
    def __init__(self) -> None:
        self.crc = 0
        self.size = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                found = re.search(r"\r\ncontent-length: (\d+)", head)
                await self._take(reader, head, int(found[1]) if found else 0)
                writer.write(self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, head: str, length: int) -> None:
        starts_anew = head.startswith("post")
        if starts_anew:
            self.crc = self.size = 0
        while length:
            piece = await reader.read(min(length, _PIECE_BYTES))
            if not piece:
                raise ConnectionError
            length -= len(piece)
            if not starts_anew:
                self.crc = crc32.iscsi(piece, self.crc)
                self.size += len(piece)

    def _answer(self, head: str) -> bytes:
        if head.startswith("post"):
            host = re.search(r"\r\nhost: (\S+)", head)
            assert host is not None
            return _http("200 OK", f"Location: http://{host[1]}/session")
        if re.search(r"\r\ncontent-range: bytes \S+/\*\r\n", head):
            return _http("308 Resume Incomplete", f"Range: bytes=0-{self.size - 1}")
        encoded = base64.b64encode(self.crc.to_bytes(4, "big")).decode()
        resource = {"name": "name", "size": str(self.size), "crc32c": encoded, "generation": "1"}
        return _http("200 OK", body=json.dumps(resource).encode())


def _http(status: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


async def _main() -> None:
    server = await asyncio.start_server(_Sink().serve, "127.0.0.1", 0, limit=_PIECE_BYTES)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
