"""The log as it grows, and what is armed, as server-sent events.

A page is told everything once when it connects, and changes from then on, a few times a second at
most: a load test behind it must not be slowed down by its onlooker. What a page could not show in
time is counted and left out. This module refuses to know how it is shown.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from storage_stream.emulator.faults.book import FaultBook
from storage_stream.emulator.request_log import Entry, RequestLog

__all__ = ["EventStreams"]

_MOST_ENTRIES = 500
"""At once, and at first: more than a person reads; the whole log is at `/_emulator/requests`."""

_PAUSE_SECONDS = 0.1
"""Between two messages."""

_TICK_SECONDS = 1.0
"""After which counters, and the bytes of requests under way, are looked at in any case."""

_RETRY_MILLISECONDS = 1000
_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class _Changes:
    """What happened in the log since somebody asked; heard in any thread, taken in the loop's."""

    def __init__(self, log: RequestLog) -> None:
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._called = False  # one call into the loop is enough for many changes
        self._changed: dict[int, Entry] = {}
        self._running: dict[int, Entry] = {}
        self._skipped = 0
        self._cleared = True  # so that the first message begins anew
        for entry in log.snapshot():
            self.hear(entry)
        self._skipped = 0

    def hear(self, entry: Entry | None) -> None:
        with self._lock:
            self._note(entry)
            if self._called:
                return
            self._called = True
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            self._loop.call_soon_threadsafe(self._woken.set)

    def _note(self, entry: Entry | None) -> None:
        if entry is None:
            self._cleared, self._skipped = True, 0
            self._changed.clear()
            self._running.clear()
            return
        self._changed[entry.number] = entry
        if entry.seconds is None:
            self._running[entry.number] = entry
        else:
            self._running.pop(entry.number, None)
        if len(self._changed) > _MOST_ENTRIES:
            del self._changed[next(iter(self._changed))]
            self._skipped += 1

    async def wait(self) -> None:
        """Return when something happened, at the latest after a tick."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TICK_SECONDS):
                await self._woken.wait()
                await asyncio.sleep(_PAUSE_SECONDS)
        with self._lock:
            self._woken.clear()
            self._called = False

    def take(self) -> dict[str, Any] | None:
        """What to tell, or None."""
        with self._lock:
            found = {**self._running, **self._changed}
            if not (found or self._cleared):
                return None
            entries = [found[number] for number in sorted(found)[-_MOST_ENTRIES:]]
            told = {"reset": self._cleared, "skipped": self._skipped}
            self._cleared, self._skipped = False, 0
            self._changed.clear()
        return {**told, "entries": [entry.document() for entry in entries]}


class EventStreams:
    """The streams of all pages that are open.

    Args:
        log: what is told.
        faults: what is told, too.
        status: the emulator's counters.
    """

    def __init__(
        self, log: RequestLog, faults: FaultBook, status: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._log = log
        self._faults = faults
        self._status = status
        self._open: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def end(self) -> None:
        """End all streams; the pages connect again if there is somebody to connect to."""
        for task in self._open:
            task.cancel()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Tell a page what happens until it leaves."""
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        pump = asyncio.create_task(self._pump(request, response))
        self._open.add(pump)
        try:
            await asyncio.wait({pump})  # an end of the stream is no cancellation of the request
        finally:
            pump.cancel()
            self._open.discard(pump)
        if not pump.cancelled() and (error := pump.exception()) is not None:
            raise error
        return response

    async def _pump(self, request: web.Request, response: web.StreamResponse) -> None:
        changes = _Changes(self._log)
        self._log.listen(changes.hear)
        try:
            with contextlib.suppress(ConnectionResetError):  # the page was closed
                await response.write(f"retry: {_RETRY_MILLISECONDS}\n\n".encode())
                await self._tell(request, response, changes)
        finally:
            self._log.unlisten(changes.hear)

    async def _tell(
        self, request: web.Request, response: web.StreamResponse, changes: _Changes
    ) -> None:
        state: dict[str, Any] = {}
        while request.transport is not None and not request.transport.is_closing():
            if (told := changes.take()) is not None:
                await response.write(_message("log", told))
            if (now := self._state()) != state:
                state = now
                await response.write(_message("state", state))
            await changes.wait()

    def _state(self) -> dict[str, Any]:
        tests = [test for test in self._faults.states() if not test["completed"]]
        return {
            "instructions": self._faults.waiting(),
            "retry_tests": tests,
            "status": dict(self._status()),
        }


def _message(event: str, content: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(content)}\n\n".encode()
