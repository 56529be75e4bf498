"""A uvicorn server of objects and blobs, in a process whose memory a test reads; prints its port.

outputs_process.py URL-OF-THE-STORE
"""

import asyncio
import socket
import sys

import uvicorn
from fastapi import FastAPI
from outputs_servers import fastapi_app

from storage_stream import Storage
from storage_stream.outputs import BlobManager


def listening() -> socket.socket:
    """A free port; of this protocol asyncio knows that nothing is to be delayed (TCP_NODELAY)."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Those it accepts inherit this; how much they would hold else is a matter of the machine.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 * 1024)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def server_of(app: FastAPI) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))


async def main(url: str) -> None:
    async with Storage(api_root=url, anonymous=True) as storage:
        place = listening()
        sys.stdout.write(f"{place.getsockname()[1]}\n")
        sys.stdout.flush()
        await server_of(fastapi_app(storage, BlobManager())).serve(sockets=[place])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
