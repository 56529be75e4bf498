"""What was asked of the emulator, for tests to assert on.

An entry is made when a request arrives and filled in while it is answered, always before the client
can see the same thing: whoever has read an answer finds it in the log. Safe to read from another
thread. Whoever wants to know of changes at once listens. This module refuses to know how it is
shown.
"""

import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict, overload

DEFAULT_CAPACITY = 10_000
"""About 20 MB of entries with their headers; the oldest go first."""

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-goog-encryption-key",
        "x-goog-copy-source-encryption-key",
        "x-goog-api-key",
        "x-goog-iam-authorization-token",
        "x-amz-security-token",
    }
)
_SECRET_QUERIES = re.compile(  # in a query, and in a `Referer` that has one
    r"((?:^|[?&])(?:x-(?:goog|amz)-signature|signature|access_token|oauth_token|key)=)[^&#]+",
    re.IGNORECASE,
)
_SESSION = re.compile(r"((?:^|[?&])upload_id=[^&#]{8})[^&#]+")  # told apart, and of no use


class EntryDocument(TypedDict):
    """An entry as JSON."""

    number: int
    method: str
    path: str
    query: str
    operation: str | None
    range: str | None
    status: int | None
    bytes_in: int
    bytes_out: int
    fault: str | None
    started: str
    seconds: float | None
    headers: dict[str, str]
    calls: "list[EntryDocument]"


@dataclass(slots=True)
class Entry:
    """One request.

    Attributes:
        number: counts the requests since the start or the last `RequestLog.clear`, from 1.
        method: the HTTP method.
        path: the path as it was sent, still percent-encoded.
        query: the query as it was sent.
        headers: the request's headers, secrets included.
        operation: the service's name of what was asked; None if no handler was found.
        range: the `Range` or `Content-Range` header.
        status: the status sent; None while there is none, and when the connection was dropped.
        bytes_in: bytes of the body that have been read.
        bytes_out: bytes of the answer's body that have been given to the socket.
        fault: the word of the fault that was met.
        calls: those of a batch, which are no requests of their own.
        started: when it arrived, in seconds since 1970, by this machine's clock.
        seconds: how long it took to answer; None while it is under way.
        life: how often the log had been cleared when it arrived.
    """

    number: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    operation: str | None = None
    range: str | None = None
    status: int | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    fault: str | None = None
    calls: "list[Entry]" = field(default_factory=list["Entry"])
    started: float = field(default_factory=time.time, repr=False)
    seconds: float | None = field(default=None, repr=False)
    life: int = field(default=0, repr=False)

    def finish(self) -> None:
        """Note that there is nothing more to come."""
        self.seconds = max(0.0, time.time() - self.started)

    def document(self) -> EntryDocument:
        """The entry as JSON, without tokens, signatures and keys of its query and headers."""
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "query": _without_secrets(self.query),
            "operation": self.operation,
            "range": self.range,
            "status": self.status,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "fault": self.fault,
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="milliseconds"),
            "seconds": self.seconds,
            "headers": {
                name: "(secret)" if name.lower() in SECRET_HEADERS else _without_secrets(value)
                for name, value in self.headers.items()
            },
            "calls": [call.document() for call in self.calls],
        }


def _without_secrets(text: str) -> str:
    return _SESSION.sub(r"\1(…)", _SECRET_QUERIES.sub(r"\1(secret)", text))


Listener = Callable[[Entry | None], None]


class RequestLog(Sequence[Entry]):
    """The latest requests, oldest first.

    Args:
        capacity: how many entries are kept.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._life = 0
        self._listeners: tuple[Listener, ...] = ()

    def begin(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Entry:
        """Add the entry of a request that has just arrived."""
        asked_range = headers.get("Range") or headers.get("Content-Range")
        with self._lock:
            entry = Entry(next(self._numbers), method, path, query, headers, range=asked_range)
            entry.life = self._life
            self._entries.append(entry)
        self._tell(entry)
        return entry

    def finish(self, entry: Entry) -> None:
        """Note that the request was answered, or its connection ended."""
        entry.finish()
        if entry.life == self._life:  # else it was forgotten, and its number is another's now
            self._tell(entry)

    def listen(self, listener: Listener) -> None:
        """Call `listener` with each entry that begins or ends, and with None after `clear`.

        It is called by whatever thread the change happens in, and has to be quick.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Call `listener` no more."""
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one != listener)

    def select(
        self,
        *,
        operation: str | None = None,
        method: str | None = None,
        status: int | None = None,
        path: str | None = None,
    ) -> list[Entry]:
        """The entries that agree with every argument given.

        Args:
            operation: the whole name, such as `storage.objects.get`.
            method: the HTTP method.
            status: the status sent.
            path: a part of the path, percent-encoded.
        """
        return [
            entry
            for entry in self.snapshot()
            if operation in {None, entry.operation}
            and method in {None, entry.method}
            and status in {None, entry.status}
            and (path is None or path in entry.path)
        ]

    def snapshot(self) -> list[Entry]:
        """The entries of this moment."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget every entry and count from 1 again."""
        with self._lock:
            self._entries.clear()
            self._numbers = itertools.count(1)
            self._life += 1
        self._tell(None)

    def _tell(self, entry: Entry | None) -> None:
        for listener in self._listeners:
            listener(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.snapshot())

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self.snapshot()[index]

    def __repr__(self) -> str:
        lines = (f"\n  {entry!r}" for entry in self.snapshot())
        return f"<RequestLog of {len(self)}{''.join(lines)}>"
