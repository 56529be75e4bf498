"""Memory does not grow with the number of objects: measured in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

HERE = Path(__file__).parent
MIB = 1024 * 1024
PAGE = 1000

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="needs Linux's count of a process's memory"
)


async def _list(request: web.Request) -> web.Response:
    """A page of as many objects as the prefix says."""
    prefix = request.query["prefix"]
    count, start = int(prefix.rstrip("/")), int(request.query.get("pageToken", "0"))
    stop = min(start + PAGE, count)
    items: list[dict[str, Any]] = [
        {
            "name": f"{prefix}{number // 100:04}/{number:08}",
            "size": "16384",
            "generation": str(1_700_000_000_000_000 + number),
            "crc32c": "AAAAAA==",
            "timeCreated": "2026-01-01T00:00:00Z",
            "metadata": {"goog-reserved-file-mtime": "1700000000"},
        }
        for number in range(start, stop)
    ]
    page = {"kind": "storage#objects", "items": items}
    return web.json_response(page | ({"nextPageToken": str(stop)} if stop < count else {}))


async def test_a_long_list_is_never_held(tmp_path: Path) -> None:
    app = web.Application()
    app.router.add_get("/storage/v1/b/bucket/o", _list)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "many_memory.py"), url, str(tmp_path), "3000", "20000"),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
    finally:
        await runner.cleanup()
    assert process.returncode == 0
    told = json.loads(output)
    assert told["skipped"] == 20_000
    assert told["growth"] < 4 * MIB
