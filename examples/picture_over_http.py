"""Pictures from any HTTP server, and to one: a custom source with ranges, a custom target."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pyvips
from aiohttp import web

from storage_stream.media import SourceCustom, TargetCustom

CHUNK_BYTES = 64 * 1024
CHUNKS_KEPT = 32


class HttpSource:
    """A file on a server, read by ranges; libvips reads what it needs of it, and no more.

    It is asked for 4 KB at a time, and may give less, but never more: so whole chunks are fetched
    and some of them kept.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._position = 0
        self._chunks: dict[int, bytes] = {}
        self._size: int | None = None
        self.requests = 0

    async def read(self, size: int) -> bytes:
        """At most `size` bytes from the position on; none at the end."""
        number, offset = divmod(self._position, CHUNK_BYTES)
        data = (await self._chunk(number))[offset : offset + size]
        self._position += len(data)
        return data

    async def seek(self, offset: int, whence: int) -> int:
        """A number is moved; only for the size something is requested."""
        if whence == os.SEEK_END and self._size is None:
            await self._chunk(0)
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size or 0}
        self._position = origin[whence] + offset
        return self._position

    async def _chunk(self, number: int) -> bytes:
        start = number * CHUNK_BYTES
        if self._size is not None and start >= self._size:
            return b""
        if number not in self._chunks:
            wanted = {"Range": f"bytes={start}-{start + CHUNK_BYTES - 1}"}
            async with self._session.get(self._url, headers=wanted) as response:
                response.raise_for_status()
                if "Content-Range" not in response.headers:
                    raise OSError("this server knows no ranges: leave on_seek away for it")
                self._size = int(response.headers["Content-Range"].rpartition("/")[2])
                self._chunks[number] = await response.read()
            self.requests += 1
            if len(self._chunks) > CHUNKS_KEPT:
                del self._chunks[next(iter(self._chunks))]
        return self._chunks[number]


class HttpUpload:
    """A file to a server, sent while it is written; the server has it when all was saved."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)  # who is faster waits
        self._sending = asyncio.create_task(self._send(session, url))

    async def write(self, data: bytes) -> int:
        """Take the next bytes."""
        await self._pieces.put(data)
        return len(data)

    async def end(self) -> None:
        """All was saved: end the body, and look at the answer."""
        await self._pieces.put(b"")
        await self._sending

    def give_up(self) -> None:
        """It failed, or it is over: a body without its end is no file."""
        self._sending.cancel()

    async def _send(self, session: aiohttp.ClientSession, url: str) -> None:
        async def body() -> AsyncIterator[bytes]:
            while piece := await self._pieces.get():
                yield piece

        async with session.put(url, data=body()) as response:
            response.raise_for_status()


async def main() -> None:
    """Shrink a picture from one address to another."""
    async with server() as (url, files), aiohttp.ClientSession() as session:
        picture = pyvips.Image.gaussnoise(2000, 1500, mean=128, sigma=40).cast("uchar")
        files["/photo.tif"] = picture.tiffsave_buffer(tile=True, pyramid=True, compression="jpeg")

        http_source = HttpSource(session, f"{url}/photo.tif")
        source = SourceCustom()
        source.on_read(http_source.read)
        source.on_seek(http_source.seek)
        async with source:
            small = await source.thumbnail(200)
        image = pyvips.Image.new_from_buffer(small, "")
        few = http_source.requests < len(files["/photo.tif"]) // CHUNK_BYTES
        print(f"{image.width} x {image.height}; without downloading all of it: {few}")

        upload = HttpUpload(session, f"{url}/photo.webp")
        target = TargetCustom()
        target.on_write(upload.write)
        target.on_end(upload.end)
        try:
            await target.run(lambda given: picture.write_to_target(given, ".webp", Q=80))
        finally:
            upload.give_up()
        print(f"uploaded: {pyvips.Image.new_from_buffer(files['/photo.webp'], '').width} wide")

        missing = HttpSource(session, f"{url}/nothing.jpg")
        source = SourceCustom()
        source.on_read(missing.read)
        source.on_seek(missing.seek)
        try:
            await source.thumbnail(200)
        except (
            aiohttp.ClientResponseError
        ) as error:  # what the function raised, not what libvips says
            print(f"nothing.jpg: {error.status}")


@asynccontextmanager
async def server() -> AsyncGenerator[tuple[str, dict[str, bytes]], None]:
    """A server of files in memory."""
    files: dict[str, bytes] = {}

    async def get(request: web.Request) -> web.Response:
        if request.path not in files:
            raise web.HTTPNotFound
        data, wanted = files[request.path], request.http_range
        part = data[wanted]
        start = wanted.start or 0
        told = {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}"}
        return web.Response(status=206, body=part, headers=told)

    async def put(request: web.Request) -> web.Response:
        files[request.path] = await request.read()
        return web.Response(status=201)

    app = web.Application(client_max_size=1 << 30)
    app.add_routes([web.get("/{name}", get), web.put("/{name}", put)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}", files
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
