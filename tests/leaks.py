"""What a transfer must not leave behind: tasks, places in the queue, connections, descriptors."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage_stream import Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

_PATIENCE_SECONDS = 60.0


async def until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait for what another thread or the kernel does soon; fail with `what` when it does not."""
    last_moment = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < last_moment, what()
        await asyncio.sleep(0.001)


def other_tasks() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def free_places(storage: Storage) -> int:
    """How many requests could begin at once."""
    return storage._lanes.places.free


def busy_connections(storage: Storage) -> int:
    """Connections that are taken for being in use."""
    lean = storage._lanes.lean
    pool = None if lean is None else lean._pool
    busy = 0 if pool is None else sum(not each.is_lost and not each._is_idle for each in pool._all)
    made = storage._lanes.made_aiohttp
    session = None if made is None else made._own
    if session is None or session.connector is None:
        return busy
    return busy + len(session.connector._acquired)


def pooled_connections(storage: Storage) -> int:
    """Connections that are kept for the next request."""
    lean = storage._lanes.lean
    pool = None if lean is None else lean._pool
    kept = 0 if pool is None else sum(map(len, pool._idle.values()))
    made = storage._lanes.made_aiohttp
    session = None if made is None else made._own
    if session is None or session.connector is None:
        return kept
    return kept + sum(map(len, session.connector._conns.values()))


async def nothing_under_way(storage: Storage, places: int = 100) -> None:
    """The client is idle: whatever happened before, nothing of it goes on."""
    await until(lambda: not other_tasks(), lambda: f"tasks are left: {other_tasks()}")
    assert free_places(storage) == places
    assert busy_connections(storage) == 0


async def nothing_left(storage: Storage, gcs: EmulatorHandle, places: int = 100) -> None:
    """The client is closed, and the server has seen the end of every connection."""
    await nothing_under_way(storage, places)
    await until(lambda: gcs.open_connections == 0, lambda: "the server still has open connections")


def open_descriptors() -> set[str]:
    """What is open, by what it leads to: others open and close theirs, so only what is new counts.

    A number is given again, the name of a socket is not.
    """
    opened = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed by now, as the folder's own is
            opened.add(str(each.readlink()))
    return opened


def open_below(folder: Path) -> list[str]:
    """The files in a folder that are open, whether they still have their names or not."""
    return sorted(name for name in open_descriptors() if name.startswith(f"{folder}{os.sep}"))


def names_in(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())
