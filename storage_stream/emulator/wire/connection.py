"""Ending a connection without (the rest of) an answer."""

import socket
import struct
import sys

from aiohttp import web

from storage_stream.emulator.wire.interruption import Ending

_LINGER_NONE = struct.pack("ii", 1, 0)
"""On, for zero seconds: closing sends RST and drops what was not sent (socket(7), SO_LINGER)."""

_TCP_INFO: int | None = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
_TCP_ESTABLISHED = 1
"""`tcpi_state`, the first byte of `TCP_INFO` (tcp(7)), while neither side has ended."""


def drop_connection(request: web.BaseRequest, ending: Ending) -> None:
    """End the client's connection: FIN after what was written so far, or RST at once."""
    transport = request.transport
    if transport is None:
        return
    if ending is Ending.FIN:
        transport.close()
        return
    if (sock := transport.get_extra_info("socket")) is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    transport.abort()


def has_left(request: web.BaseRequest) -> bool:
    """Whether the client has ended its side of the connection.

    The kernel is asked, where it tells (Linux): while a body is not read, asyncio does not look at
    the socket, and learns of its end only when it reads on.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        return True
    sock = transport.get_extra_info("socket")
    if _TCP_INFO is None or sock is None or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return False
    return bool(sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)[0] != _TCP_ESTABLISHED)
