"""A server process that makes up objects: `gs://any/SIZE` has SIZE bytes, the same MiB over again.

Run as a program, so that what it needs does not count as the client's memory. It prints its port.
"""

import asyncio
import base64
import functools
import random
import re
import sys

from fastcrc import crc32

BLOCK = random.Random(1).randbytes(1024 * 1024)  # noqa: S311 - not secret


@functools.cache
def _crc32c(size: int) -> str:
    crc = 0
    for start in range(0, size, len(BLOCK)):
        crc = crc32.iscsi(BLOCK[: size - start], crc)
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _head(size: int, start: int, stop: int, *, is_range: bool) -> bytes:
    lines = [
        "HTTP/1.1 206 Partial Content" if is_range else "HTTP/1.1 200 OK",
        f"Content-Length: {stop - start}",
        f"x-goog-hash: crc32c={_crc32c(size)}",
        "x-goog-generation: 1",
        "x-goog-stored-content-encoding: identity",
        f"x-goog-stored-content-length: {size}",
    ]
    if is_range:
        lines.append(f"Content-Range: bytes {start}-{stop - 1}/{size}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await reader.readuntil(b"\r\n\r\n"):
            found = re.search(rb"/o/(\d+)\?", request)
            assert found is not None
            size = int(found[1])
            asked = re.search(rb"(?i)\r\nrange: bytes=(\d+)-(\d*)\r\n", request)
            start, stop = (
                (0, size) if asked is None else (int(asked[1]), int(asked[2] or size - 1) + 1)
            )
            writer.write(_head(size, start, stop, is_range=asked is not None))
            while start < stop:
                piece = memoryview(BLOCK)[start % len(BLOCK) :][: stop - start]
                writer.write(piece)
                await writer.drain()
                start += len(piece)
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
