"""The storage client of a worker process, which all its threads share.

It is the synchronous face's, with its event loop in a thread, which knows of forks, interruptions
and the interpreter's end. Known here is only who wants it: there is one for each way it is made,
from its first use until the last of the runs that hold it lets go.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from storage_stream.errors import ClientClosed
from storage_stream.sync.client import Storage as SyncStorage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["hold_client", "process_client", "release_client"]


class _Shared:
    """The clients of this process by how they were made, and how many want each."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.clients: dict[str, SyncStorage] = {}
        self.holders: dict[str, int] = {}


_shared = _Shared()


def process_client(key: str, storage_options: Mapping[str, Any]) -> SyncStorage:
    """This process's client of a name; made at the first use.

    The name comes with the work: a pickle of the options, once it has travelled, need not have the
    bytes it had.

    Raises:
        ClientClosed: Nobody holds it any more: what asks is a leftover of a run that is over.
    """
    shared = _of_this_process()
    with shared.lock:
        if key not in shared.holders:
            raise ClientClosed("the run that this is a part of is over")
        if key not in shared.clients:
            shared.clients[key] = SyncStorage(**storage_options)
        return shared.clients[key]


def hold_client(key: str) -> None:
    """Somebody will want it, until `release_client`. Nothing is made yet."""
    shared = _of_this_process()
    with shared.lock:
        shared.holders[key] = shared.holders.get(key, 0) + 1


def release_client(key: str) -> None:
    """One less wants it; the last one closes it."""
    shared = _of_this_process()
    with shared.lock:
        left = shared.holders.get(key, 1) - 1
        shared.holders[key] = left
        client = None if left > 0 else shared.clients.pop(key, None)
        if left <= 0:
            shared.holders.pop(key, None)
    if client is not None:
        client.close()


def _of_this_process() -> _Shared:
    """What another process had when this one was forked from it has no thread here."""
    global _shared  # noqa: PLW0603 - one for each process is the point
    if _shared.process != os.getpid():
        _shared = _Shared()
    return _shared
