"""Ending a connection without (the rest of) an answer."""

import socket
import struct

from aiohttp import web

from storage_stream.emulator.wire.interruption import Ending

_LINGER_NONE = struct.pack("ii", 1, 0)
"""On, for zero seconds: closing sends RST and drops what was not sent (socket(7), SO_LINGER)."""


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
