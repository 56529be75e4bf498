"""A server process that makes up objects: `gs://any/SIZE` has SIZE bytes, the same MiB over again.

Run as a program, so that what it needs does not count as the client's memory. It prints its port.
"""

import asyncio
import base64
import random
import re
import sys

from fastcrc import crc32

BLOCK = random.Random(1).randbytes(1024 * 1024)  # noqa: S311 - not secret


def _head(size: int) -> bytes:
    crc = 0
    for start in range(0, size, len(BLOCK)):
        crc = crc32.iscsi(BLOCK[: size - start], crc)
    encoded = base64.b64encode(crc.to_bytes(4, "big")).decode()
    lines = [
        "HTTP/1.1 200 OK",
        f"Content-Length: {size}",
        f"x-goog-hash: crc32c={encoded}",
        "x-goog-generation: 1",
        "x-goog-stored-content-encoding: identity",
        f"x-goog-stored-content-length: {size}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            found = re.search(rb"/o/(\d+)\?", request)
            assert found is not None
            size = int(found[1])
            writer.write(_head(size))
            for start in range(0, size, len(BLOCK)):
                writer.write(memoryview(BLOCK)[: size - start])
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
