"""How many bytes of what was written the other side has not confirmed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if sys.platform == "linux":
    import fcntl
    import termios

if TYPE_CHECKING:
    import asyncio

__all__ = ["unsent_by"]

if sys.platform == "linux":

    def unsent_by(transport: asyncio.WriteTransport) -> int:
        """Those in this process, and those that the kernel holds (`SIOCOUTQ`, tcp(7))."""
        held = transport.get_write_buffer_size()
        connected = transport.get_extra_info("socket")
        if connected is None or connected.fileno() < 0:
            return held
        try:
            count = fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:  # no socket of this kind
            return held
        return held + int.from_bytes(count, sys.byteorder)

else:

    def unsent_by(transport: asyncio.WriteTransport) -> int:
        """Those in this process; of the kernel's nobody tells everywhere."""
        return transport.get_write_buffer_size()
