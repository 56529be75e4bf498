"""What a test asserts of the requests it caused, with messages that show all of them."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from storage_stream.emulator import RequestLog

__all__ = ["check_nothing_left", "check_requests"]

_LOOK_AGAIN_SECONDS = 0.002


class Counted(Protocol):
    """What a client may leave behind."""

    @property
    def open_connections(self) -> int:
        """Connections of clients."""
        ...

    @property
    def unfinished_sessions(self) -> int:
        """Resumable sessions."""
        ...


def check_requests(log: RequestLog, counts: Mapping[str, int]) -> None:
    """Compare the operations that were asked for with what was expected.

    Raises:
        AssertionError: they differ.
    """
    __tracebackhide__ = True  # pytest shows the test's line, not these
    entries = log.snapshot()
    expected = {f"storage.{name.replace('_', '.')}": count for name, count in counts.items()}
    asked = Counter(entry.operation or f"{entry.method} {entry.path}" for entry in entries)
    if +asked == +Counter(expected):
        return
    names = sorted(asked.keys() | expected.keys())
    wrong = [
        f"{name}: {asked[name]} requests, expected {expected.get(name, 0)}"
        for name in names
        if asked[name] != expected.get(name, 0)
    ]
    lines = [
        f"{entry.number}. {entry.method} {entry.path}?{entry.query} -> {entry.status}"
        + (f" ({entry.fault})" if entry.fault else "")
        for entry in entries
    ]
    raise AssertionError("\n".join([*wrong, "the log:", *(lines or ["(empty)"])]))


def check_nothing_left(place: Counted, within_seconds: float) -> None:
    """Wait until the emulator has seen the end of all connections and sessions.

    Raises:
        AssertionError: something is left.
    """
    __tracebackhide__ = True
    last_moment = time.monotonic() + within_seconds
    while place.open_connections or place.unfinished_sessions:
        if time.monotonic() > last_moment:
            connections, sessions = place.open_connections, place.unfinished_sessions
            raise AssertionError(
                f"{connections} connections and {sessions} resumable sessions are left open"
            )
        time.sleep(_LOOK_AGAIN_SECONDS)
