"""The routes asked as a client asks them, and what they should not take."""

import struct
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from images_house import House

from storage_stream.images.routes import images_router

PNG = {"content-type": "image/png"}
ANY = {"content-type": "application/octet-stream"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
MAX_BYTES = 200_000
ROOT = "http://here/images"  # httpx would end it with a slash


ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is decided before a database is asked."""


@asynccontextmanager
async def asking(house: House, **options: Any) -> AsyncGenerator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(images_router(house.images, max_upload_bytes=MAX_BYTES, **options))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here/images") as client:
        yield client


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


def huge_png(side: int) -> bytes:
    """A PNG of some dozens of bytes whose header speaks of many more pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
