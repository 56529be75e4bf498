"""A link with a round trip and a limited rate for each connection, in front of another server.

What comes from the client is passed on a while later (so every request costs that, on a new
connection and on an old one), what comes back is paced. Blocking threads, two for a connection:
plain, and cheap enough beside a link that is slow. It knows no HTTP.

    python -m benchmarks.servers.long_link PORT ROUND_TRIP_S BYTES_PER_S     prints its own port
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.servers.processes import server_process

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pace", "running_long_link"]

_PIECE_BYTES = 256 * 1024


class Pace:
    """When the next bytes may go: a rate, with no credit for idle times.

    Args:
        bytes_per_second: The rate.
        now: The time, in seconds.
    """

    def __init__(self, bytes_per_second: float, now: float) -> None:
        self._rate = bytes_per_second
        self._free_at = now

    def wait_before(self, count: int, now: float) -> float:
        """Seconds to wait before so many bytes go, of which the link takes note."""
        begin = max(self._free_at, now)
        self._free_at = begin + count / self._rate
        return begin - now


def upwards(client: socket.socket, server: socket.socket, round_trip_seconds: float) -> None:
    """Requests: each piece a round trip late."""
    with _until_closed(client, server):
        while data := client.recv(_PIECE_BYTES):
            time.sleep(round_trip_seconds)
            server.sendall(data)


def downwards(server: socket.socket, client: socket.socket, bytes_per_second: float) -> None:
    """Answers: at most so fast."""
    pace = Pace(bytes_per_second, time.monotonic())
    buffer = memoryview(bytearray(_PIECE_BYTES))
    with _until_closed(server, client):
        while count := server.recv_into(buffer):
            if (wait := pace.wait_before(count, time.monotonic())) > 0:
                time.sleep(wait)
            client.sendall(buffer[:count])


@contextlib.contextmanager
def _until_closed(*ends: socket.socket) -> Iterator[None]:
    """When one side is done, or gone, so is the other."""
    with contextlib.suppress(OSError):
        yield
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def serve(port: int, round_trip_seconds: float, bytes_per_second: float) -> None:
    """Pass connections on to a port of this machine, for ever."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        work = (
            (upwards, (client, server, round_trip_seconds)),
            (downwards, (server, client, bytes_per_second)),
        )
        for target, arguments in work:
            threading.Thread(target=target, args=arguments, daemon=True).start()


@contextlib.contextmanager
def running_long_link(
    port: int, round_trip_seconds: float, bytes_per_second: float
) -> Iterator[int]:
    """A long link to a port until the block is left; gives the port of its near end."""
    figures = [str(port), str(round_trip_seconds), str(bytes_per_second)]
    command = [sys.executable, "-m", "benchmarks.servers.long_link", *figures]
    with server_process(command, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        yield int(process.stdout.readline())


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
