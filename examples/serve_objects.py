"""A web server of a bucket with FastAPI: a video that seeks, and results that travel as links."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from _place import place
from fastapi import FastAPI, Request, Response

from storage_stream import Storage
from storage_stream.outputs import (
    BLOB_RESPONSES,
    OBJECT_RESPONSES,
    Blob,
    BlobIOContextDep,
    BlobManager,
    object_response,
)


class MyImageBlob(Blob):
    """A result; in JSON it is a link."""

    media_type = "image/png"


def app_of(storage: Storage, bucket: str, manager: BlobManager, results: list[Blob]) -> FastAPI:
    """The app; a link works as long as somebody holds its blob, and the list does."""
    app = FastAPI()
    manager.attach_to_app(app)

    @app.head("/videos/{name}", include_in_schema=False)
    @app.get("/videos/{name}", response_class=Response, responses=OBJECT_RESPONSES)
    async def video(name: str, request: Request) -> Response:
        return await object_response(storage, bucket, name, request)

    @app.post("/picture", responses=BLOB_RESPONSES)
    async def picture(_: BlobIOContextDep) -> MyImageBlob:
        blob = await MyImageBlob.from_temporary(storage, bucket, b"\x89PNG, more or less")
        results.append(blob)
        return blob

    @app.post("/size", responses=BLOB_RESPONSES)
    async def size(blob: MyImageBlob, _: BlobIOContextDep) -> int:
        return len(await blob.read())

    return app


async def main() -> None:
    """Serve it, and ask it as a browser would."""
    async with place() as (storage, bucket):
        await storage.upload(bucket, "film.mp4", bytes(5_000_000), content_type="video/mp4")
        manager = BlobManager()
        results: list[Blob] = []
        app = app_of(storage, bucket, manager, results)
        async with serving(app) as url, aiohttp.ClientSession() as session:
            film = f"{url}/videos/film.mp4"
            async with session.head(film) as told:
                print(told.status, told.headers["Content-Type"], told.headers["Content-Length"])
                tag = told.headers["ETag"]
            async with session.get(film, headers={"Range": "bytes=4000000-4000099"}) as told:
                print(told.status, told.headers["Content-Range"], len(await told.read()))
            async with session.get(film, headers={"If-None-Match": tag}) as told:
                print("seen before:", told.status)

            async with session.post(f"{url}/picture") as told:
                link = await told.json()
            print("a result:", sorted(link))
            async with session.post(f"{url}/size", json=link) as told:
                print("bytes behind the link:", await told.json())
            forged = {**link, "href": link["href"].replace("127.0.0.1", "example.org")}
            async with session.post(f"{url}/size", json=forged) as told:
                print("somebody else's link:", told.status)
            seen = await MyImageBlob.from_url(link["href"], session)
            print("as a client:", await seen.read())

        results.clear()  # nobody holds them any more
        await manager.close()
        left = [each["name"] async for each in storage.iter_objects(bucket, prefix="tmp/")]
        print("temporary objects left:", len(left))


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[str]:
    """A server of its own, on a free port of this machine."""
    port = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    port.bind(("127.0.0.1", 0))
    port.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    running = asyncio.create_task(server.serve(sockets=[port]))
    try:
        yield f"http://127.0.0.1:{port.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


if __name__ == "__main__":
    asyncio.run(main())
