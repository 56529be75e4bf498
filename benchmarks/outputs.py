"""Objects as web answers: `object_response` beside FastAPI's own `FileResponse`, and slow clients.

    python -m benchmarks.outputs [--big MIB] [--slow SECONDS]

One uvicorn serves both, from a file and from an emulator in another process; both answer the same
clients in turns. CPU is that of the serving process: its own, since the bucket is another
machine's work. `--slow` lets fifty clients read 20 MB each in about so many seconds, and tells how
much the server's memory grew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from benchmarks.process_memory import forget_peak, peak_bytes, resident_bytes
from storage_stream import Storage
from storage_stream.cli.demo.emulator_process import emulator_process

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_MIB = 1024 * 1024
_BUCKET = "benchmark"
_SMALL_BYTES = 16 * 1024
_SMALL_REQUESTS = 400
_CLIENTS = 50
_SLOW_BYTES = 20 * 1000 * 1000
_ROUNDS = 3


class Cost(NamedTuple):
    """What one answer took, in seconds."""

    wall: float
    cpu: float


async def serve(url: str, folder: str) -> None:
    """The server, in a process of its own; prints its port."""
    import uvicorn  # noqa: PLC0415 - of this process alone
    from fastapi import FastAPI, Request  # noqa: PLC0415
    from fastapi.responses import FileResponse, Response  # noqa: PLC0415

    from storage_stream.outputs import object_response  # noqa: PLC0415

    app = FastAPI()
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    place.bind(("127.0.0.1", 0))
    place.listen()
    async with Storage(api_root=url, anonymous=True) as storage:

        async def from_bucket(name: str, request: Request) -> Response:
            return await object_response(storage, _BUCKET, name, request)

        async def from_file(name: str) -> Response:
            return FileResponse(Path(folder, name))

        # FastAPI looks names up in the module, where these are not.
        from_bucket.__annotations__ = {"name": str, "request": Request}
        from_file.__annotations__ = {"name": str}
        app.add_api_route("/object/{name}", from_bucket)
        app.add_api_route("/file/{name}", from_file)
        sys.stdout.write(f"{place.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_level="warning", access_log=False, loop="asyncio")
        await uvicorn.Server(config).serve(sockets=[place])


@contextlib.asynccontextmanager
async def process(*arguments: str) -> AsyncGenerator[tuple[int, str]]:
    """A Python program that prints a line; gives its id and the line."""
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        if made.stdout is None:
            raise RuntimeError("its output was asked for")
        yield made.pid, (await made.stdout.readline()).decode().strip()
    finally:
        made.terminate()
        await made.wait()


async def answers(session: aiohttp.ClientSession, pid: int, url: str, count: int) -> Cost:
    """Ask so often, four at a time where it is often."""
    begun, before = time.perf_counter(), _cpu(pid)

    async def some(number: int) -> None:
        for _ in range(number):
            async with session.get(url) as answer:
                answer.raise_for_status()
                async for _piece in answer.content.iter_chunked(_MIB):
                    pass

    if count < 4:  # noqa: PLR2004 - as many as there are clients
        await some(count)
    else:
        await asyncio.gather(*(some(count // 4) for _ in range(4)))
    return Cost((time.perf_counter() - begun) / count, (_cpu(pid) - before) / count)


async def compare(base: str, pid: int, name: str, count: int) -> None:
    """Both in turns; the best of each counts, since neighbours only make it worse."""
    found: dict[str, list[Cost]] = {"file": [], "object": []}
    async with aiohttp.ClientSession() as session:
        for way in found:
            await answers(session, pid, f"{base}/{way}/{name}", 1)  # imports, connections
        for _ in range(_ROUNDS):
            for way, costs in found.items():
                costs.append(await answers(session, pid, f"{base}/{way}/{name}", count))
    walls = {way: min(cost.wall for cost in costs) for way, costs in found.items()}
    cpus = {way: min(cost.cpu for cost in costs) for way, costs in found.items()}
    medians = {way: statistics.median(cost.wall for cost in costs) for way, costs in found.items()}
    print(
        f"{name}: FileResponse {walls['file'] * 1000:.2f} ms (cpu {cpus['file'] * 1000:.2f}), "
        f"object_response {walls['object'] * 1000:.2f} ms (cpu {cpus['object'] * 1000:.2f}): "
        f"{walls['file'] / walls['object']:.2f} x its throughput at best, "
        f"{medians['file'] / medians['object']:.2f} x in the median"
    )


async def slowly(base: str, pid: int, data: bytes, seconds: float) -> None:
    """Fifty clients read so slowly; tells the server's memory."""
    host, port = base.removeprefix("http://").split(":")
    before = resident_bytes(pid)
    forget_peak(pid)

    async def client() -> str:
        reader, writer = await asyncio.open_connection(host, int(port), limit=64 * 1024)
        writer.write(b"GET /object/slow HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        digest, got, begun = hashlib.sha256(), 0, time.perf_counter()
        while piece := await reader.read(64 * 1024):
            digest.update(piece)
            got += len(piece)
            ahead = begun + seconds * got / len(data) - time.perf_counter()
            await asyncio.sleep(max(0, ahead))
        writer.close()
        return digest.hexdigest()

    sums = set(await asyncio.gather(*(client() for _ in range(_CLIENTS))))
    grown = peak_bytes(pid) - before
    right = sums == {hashlib.sha256(data).hexdigest()}
    print(
        f"{_CLIENTS} clients, {len(data) / 1e6:.0f} MB each in {seconds:.0f} s: "
        f"memory + {grown / _MIB:.1f} MiB, all bytes right: {right}"
    )


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(big_mib: int, slow_seconds: float) -> None:
    """Everything, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        async with emulator_process(Path(folder, "emulator")) as bucket_place:
            url = bucket_place.url
            slow = os.urandom(_SLOW_BYTES)
            Path(folder, "small").write_bytes(os.urandom(_SMALL_BYTES))  # noqa: ASYNC240
            with Path(folder, "big").open("wb") as file:  # noqa: ASYNC230 - nothing else goes on
                file.writelines(os.urandom(_MIB) for _ in range(big_mib))
            async with Storage(api_root=url, anonymous=True) as storage:
                await storage.create_bucket(_BUCKET, "project")
                for name in ("small", "big"):
                    await storage.upload_from_filename(_BUCKET, name, Path(folder, name))
                await storage.upload(_BUCKET, "slow", slow)
            server = ("-m", "benchmarks.outputs", "--serve", url, folder)
            async with process(*server) as (pid, port):
                base = f"http://127.0.0.1:{port}"
                await compare(base, pid, "small", _SMALL_REQUESTS)
                await compare(base, pid, "big", 1)
                await slowly(base, pid, slow, slow_seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--big", type=int, default=1024, help="MiB of the large object")
    parser.add_argument("--slow", type=float, default=20, help="seconds that a slow client takes")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve(*given.serve) if given.serve else main(given.big, given.slow))
