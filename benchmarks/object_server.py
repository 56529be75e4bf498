"""The server that benchmarks download from: blocking threads and sendfile, so that it is cheap.

It serves one file as an object of the service would be served (checksum, generation, ranges are
not needed), and nothing else. Run as a process of its own, on a core of its own.

    python benchmarks/object_server.py FILE CRC32C     prints its port
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from pathlib import Path

LISTEN_BACKLOG = 256
SEND_BYTES = 4 * 1024 * 1024


def serve(path: Path, crc32c: str) -> None:
    """Answer every GET with the file, for ever."""
    size = path.stat().st_size
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/octet-stream\r\n"
        f"Content-Length: {size}\r\n"
        f"x-goog-hash: crc32c={crc32c}\r\n"
        "x-goog-generation: 1\r\n"
        "x-goog-metageneration: 1\r\n"
        "x-goog-stored-content-encoding: identity\r\n"
        f"x-goog-stored-content-length: {size}\r\n\r\n"
    ).encode()
    listener = socket.create_server(("127.0.0.1", 0), backlog=LISTEN_BACKLOG)
    print(listener.getsockname()[1], flush=True)
    with path.open("rb") as file:
        while True:
            connection, _ = listener.accept()
            arguments = (connection, file.fileno(), head, size)
            threading.Thread(target=answer, args=arguments, daemon=True).start()


def answer(connection: socket.socket, file: int, head: bytes, size: int) -> None:
    """Serve one connection until the client is done with it."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while receive_head(connection):
                connection.sendall(head)
                offset = 0
                while offset < size:
                    offset += os.sendfile(connection.fileno(), file, offset, SEND_BYTES)
        except ConnectionError:
            return  # the client had enough


def receive_head(connection: socket.socket) -> bool:
    """Read a request up to its empty line; False when there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            return False
        received += data
    return True


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
