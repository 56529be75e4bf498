"""The same app twice, in FastAPI and in aiohttp.web, and one way to ask either."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import httpx
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from fastapi import FastAPI, Request, Response

from storage_stream import Storage
from storage_stream.outputs import BlobManager, object_response

BUCKET = "served"


class Told(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Ask(Protocol):
    async def __call__(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Told: ...


def fastapi_app(storage: Storage, manager: BlobManager, **options: Any) -> FastAPI:
    app = FastAPI()
    manager.attach_to_app(app)

    @app.api_route("/objects/{name:path}", methods=["GET", "HEAD", "POST"])
    async def serve(name: str, request: Request) -> Response:
        return await object_response(storage, BUCKET, name, request, **options)

    return app


def aiohttp_app(storage: Storage, manager: BlobManager, **options: Any) -> web.Application:
    async def serve(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return await object_response(storage, BUCKET, name, request, **options)

    app = web.Application()
    manager.attach_to_app(app)
    app.router.add_route("*", "/objects/{name:.*}", serve)
    return app


@asynccontextmanager
async def asking_fastapi(app: FastAPI) -> AsyncGenerator[Ask]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        client.headers.pop("accept-encoding")

        async def ask(
            path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
        ) -> Told:
            async with client.stream(method, path, headers=headers) as answer:
                raw = b"".join([piece async for piece in answer.aiter_raw()])
                return Told(answer.status_code, answer.headers, raw)

        yield ask


@asynccontextmanager
async def asking_aiohttp(app: web.Application) -> AsyncGenerator[Ask]:
    server = TestServer(app, host="127.0.0.1")
    async with TestClient(server, auto_decompress=False) as client:

        async def ask(
            path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
        ) -> Told:
            skipped = ["Accept-Encoding", "User-Agent", "Accept"]
            async with client.request(
                method, path, headers=headers, skip_auto_headers=skipped
            ) as answer:
                return Told(answer.status, answer.headers, await answer.read())

        yield ask


@asynccontextmanager
async def asking(
    framework: str, storage: Storage, manager: BlobManager, **options: Any
) -> AsyncGenerator[Ask]:
    """Either app, served, and what asks it."""
    if framework == "fastapi":
        async with asking_fastapi(fastapi_app(storage, manager, **options)) as ask:
            yield ask
    else:
        async with asking_aiohttp(aiohttp_app(storage, manager, **options)) as ask:
            yield ask
