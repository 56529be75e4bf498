"""The gallery inside a FastAPI app of yours, asked as its page asks it.

With GALLERY_STAYS=1 it goes on until Ctrl-C, to be opened in a browser.
"""

import asyncio
import io
import os
import socket
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import pyvips
import uvicorn
from _place import place
from aiohttp import ClientSession
from fastapi import FastAPI

from storage_stream.images import Database, FileService, ImageService, gallery_app


def photo(number: int) -> bytes:
    """A JPEG, as a camera would give it."""
    noise = pyvips.Image.perlin(1200, 800, cell_size=200, seed=number)
    data: bytes = (noise * 90 + 128).cast("uchar").jpegsave_buffer(Q=85)
    return data


async def as_the_page_does(url: str) -> None:
    """A gallery, three pictures into it, and what is seen of them."""
    async with ClientSession(url) as web:
        about = await (await web.get("about.json")).json()
        gallery = await (await web.post("images/galleries", json={"name": "Clouds"})).json()
        query = {"correlation_id": gallery["id"], "converter_id": about["preview"]}
        headers = {"Content-Type": "image/jpeg"}
        for number in range(3):
            query["name"] = f"cloud-{number}.jpg"
            body = io.BytesIO(photo(number))
            answer = await web.post("images/upload", params=query, data=body, headers=headers)
            image = await answer.json()
            size = image["versions"]["thumbnail"]["metadata"]["size"]
            print(f"{answer.status} {query['name']}: a preview of {size[0]} x {size[1]}")
        query["name"] = "script.png"
        refused = await web.post("images/upload", params=query, data=b"<svg/>", headers=headers)
        problem = await refused.json(content_type="application/problem+json")
        print(f"{refused.status} {query['name']}: {problem['code']}")
        page = await (await web.get("images/galleries/list")).json()
        print([f"{each['name']}: {each['images']} pictures" for each in page["data"]])


async def main() -> None:
    """Everything in one process."""
    bound = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{bound.getsockname()[1]}/gallery/"
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        storage, bucket = await stack.enter_async_context(place())
        database = await stack.enter_async_context(Database.sqlite(Path(folder) / "gallery.db"))
        files = FileService(database, storage, bucket)
        images = await stack.enter_async_context(ImageService(database, files))
        app = FastAPI()
        app.mount("/gallery", gallery_app(images))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve([bound]))
        await as_the_page_does(url)
        if os.environ.get("GALLERY_STAYS"):
            print(f"Open {url}")
            await serving
        server.should_exit = True
        await serving
    bound.close()


if __name__ == "__main__":
    asyncio.run(main())
