"""What the emulator keeps beside a request while it is answered: its log entry and its fault.

The wire and the middlewares meet here, so that handlers pass nothing along.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.faults.book import Armed
from storage_stream.emulator.request_log import Entry
from storage_stream.emulator.wire.connection import has_left


@dataclass(slots=True)
class Exchange:
    """One request and what happens to it.

    Attributes:
        body: that of a call in a batch, which has no stream of its own.
        has_left: whether the client waits no longer.
        ahead_seconds: by how much the emulator's clock was put forward so far.
    """

    entry: Entry
    armed: Armed | None = None
    body: bytes | None = None
    has_left: Callable[[], bool] = lambda: False
    ahead_seconds: Callable[[], float] = lambda: 0.0

    def claim(self) -> bool:
        """Spend the fault and write it into the log; False if there is none left to spend."""
        if self.armed is None or not self.armed.claim():
            return False
        self.entry.fault = self.armed.fault.word
        return True


# Before aiohttp 3.14 keys were strings; since then a string draws a warning.
_KEY: Any = web.RequestKey("exchange", Exchange) if hasattr(web, "RequestKey") else "exchange"


def begin_exchange(
    request: web.BaseRequest, entry: Entry, *, body: bytes | None = None
) -> Exchange:
    """Keep `entry`, and the `body` of a call in a batch, beside `request`."""
    exchange = request[_KEY] = Exchange(entry, body=body, has_left=partial(has_left, request))
    return exchange


def exchange_of(request: web.BaseRequest) -> Exchange:
    """What is kept beside `request`; something empty for a request that passed no middleware."""
    exchange: Exchange | None = request.get(_KEY)
    if exchange is None:
        exchange = Exchange(Entry(0, request.method, request.path, "", CIMultiDict()))
    return exchange
