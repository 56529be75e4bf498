"""Does one thing with the services in a process of its own, which kills itself at some point.

python killed_process.py DATABASE_URL BUCKET, then lines `WORD POINT ID…` on its input. Each is
done by a fork, so that the libraries are loaded once; it answers `done` or `killed`.

Points are before and after each request to the bucket and each commit, counted from 1. They are
told by hooks of aiohttp and SQLAlchemy, so that nothing here knows how the services go about it.
"""

import asyncio
import os
import signal
import sys
from io import BytesIO
from typing import Any
from uuid import UUID

import aiohttp
import httpx
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import event

from storage_stream import Storage
from storage_stream.images import ConverterService, Database, FileService, ImageService
from storage_stream.images.routes import images_router

PNG = BytesIO()
Image.new("RGB", (64, 48), "teal").save(PNG, "png")


class Killer:
    def __init__(self, point: int) -> None:
        self._left = point

    def __call__(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async def at_request(self, *_: Any) -> None:
        self()


def session_of(killer: Killer) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(killer.at_request)
    trace.on_request_end.append(killer.at_request)
    return aiohttp.ClientSession(trace_configs=[trace])


async def carried_out(url: str, bucket: str, word: str, point: int, ids: list[UUID]) -> None:
    killer = Killer(point)
    database = Database(url)  # not entered: the tables are there
    async with session_of(killer) as session, Storage(session=session) as storage:
        files = FileService(database, storage, bucket)
        converters = ConverterService(database, files)
        images = ImageService(database, files, converters)
        event.listen(database.engine.sync_engine, "commit", killer)
        event.listen(database.engine.sync_engine, "checkin", killer)
        if word == "convert":
            await images.convert_from_file(ids[0], ids[1])
        elif word == "upload":
            await files.upload(ids[0], b"x" * 1000)
        elif word == "page-upload":
            await uploaded(images, ids[0])
        else:
            await images.delete(ids[0])
    await database.close()


async def uploaded(images: ImageService, converter_id: UUID) -> None:
    """As the page uploads a picture, with its versions."""
    app = FastAPI()
    app.include_router(images_router(images))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")
    params = {"name": "image1.png", "converter_id": str(converter_id)}
    headers = {"content-type": "image/png"}
    answer = await client.post(
        "/images/upload", params=params, content=PNG.getvalue(), headers=headers
    )
    assert answer.status_code == 201


def load(url: str, bucket: str) -> None:
    """Load what each fork would load anew for the routes, and for the first request."""
    database, storage = Database(url), Storage()
    files = FileService(database, storage, bucket)
    converters = ConverterService(database, files)
    FastAPI().include_router(images_router(ImageService(database, files, converters)))


def main() -> None:
    url, bucket = sys.argv[1:]
    load(url, bucket)
    for line in sys.stdin:
        word, point, *ids = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(carried_out(url, bucket, word, int(point), [UUID(each) for each in ids]))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        outcome = "killed" if is_killed else "done" if status == 0 else "failed"
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
