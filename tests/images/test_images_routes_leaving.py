"""Who goes away while his picture is converted, and how much is read of what is refused."""

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI
from images_house import House, encoded, pattern
from images_web import MAX_BYTES, ONE_DATABASE

from storage_stream.images.routes import images_router

pytestmark = ONE_DATABASE
PIECE = bytes(20_000)


class Exchange:
    """A server's side of one request; the client leaves behind its last piece.

    Attributes:
        asked: How many pieces were asked for.
        status: Of the answer; None for none.
    """

    def __init__(self, house: House, path: str, *pieces: bytes, **headers: str) -> None:
        self._app = FastAPI()
        self._app.include_router(images_router(house.images, max_upload_bytes=MAX_BYTES))
        where, _, query = path.partition("?")
        named = [(name.replace("_", "-").encode(), each.encode()) for name, each in headers.items()]
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": f"/images{where}",
            "query_string": query.encode(),
            "headers": named,
        }
        self._pieces = list(pieces)
        self.asked = 0
        self.status: int | None = None

    async def run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        self.asked += 1
        if not self._pieces:
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


async def test_a_picture_whose_sender_left_is_not_kept(house: House) -> None:
    """Its body is there as a whole, but he was told that he stopped it."""
    converter_id = await house.converter()
    data = encoded(pattern(64, 48))
    for more in ("", f"&converter_id={converter_id}"):
        path = f"/upload?name=a.png{more}"
        left = Exchange(house, path, data[:2000], data[2000:], content_type="image/png")
        await left.run()
        assert left.status == 400
        assert await house.counts() == (0, 0, 0)


@pytest.mark.parametrize("from_file", [True, False])
async def test_a_conversion_that_nobody_waits_for_is_given_up(
    house: House, *, from_file: bool
) -> None:
    file_id = str(await house.file(encoded(pattern(64, 48))))
    image = await house.images.create({"file_id": file_id})
    asked = {"converter_id": str(await house.converter())} | (
        {"file_id": file_id} if from_file else {}
    )
    path = "/convert_from_file" if from_file else f"/{image['id']}/convert"
    left = Exchange(house, path, json.dumps(asked).encode(), content_type="application/json")
    await left.run()
    assert left.status == 400
    assert await house.counts() == (1, 1, 1)


async def test_what_nobody_can_want_is_not_read(house: House) -> None:
    """Two gigabytes are refused by their number, and not after some minutes."""
    pieces = [PIECE] * 100
    for told in ({"content_length": str(2 << 30)}, {"expect": "100-continue"}):
        length = {"content_length": str(len(pieces) * len(PIECE)), **told}
        refused = Exchange(house, "/files?name=a.png", *pieces, content_type="image/png", **length)
        await refused.run()
        assert (refused.status, refused.asked) == (413, 0)


async def test_what_is_a_little_too_much_is_read_to_be_answered(house: House) -> None:
    count = MAX_BYTES // len(PIECE) + 1
    length = {"content_length": str(count * len(PIECE))}
    refused = Exchange(
        house, "/files?name=a.png", *[PIECE] * count, content_type="image/png", **length
    )
    await refused.run()
    assert refused.status == 413
    assert refused.asked >= count


async def test_what_comes_too_slowly_is_not_read_for_ever(house: House) -> None:
    """Each piece is in time, all of them together are not."""
    app = FastAPI()
    app.include_router(images_router(house.images, stall_seconds=0.2))
    asked, statuses = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"no picture at all", "more_body": True}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/images/files",
        "query_string": b"name=a.png",
        "headers": [(b"content-type", b"image/png")],
    }
    await app(scope, receive, send)
    assert statuses[0] == 415
    assert asked < 1000
