"""Calls into the loop, interrupted at every moment: each ends, and lets go of what it opened."""

import asyncio
import gc
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from storage_stream import RetryPolicy
from storage_stream.errors import ClientClosed
from storage_stream.sync import Storage
from storage_stream.sync.portal import Jobs, Portal, join_portal, leave_portal
from storage_stream.testing.emulator_handle import EmulatorHandle

DATA = b"x" * 600_000


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt, which pytest would take for its own."""


@pytest.fixture
def portal() -> Iterator[Portal]:
    async def close() -> None: ...

    found = join_portal(1, close)
    yield found
    leave_portal(found, 1)


def test_a_call_that_is_cancelled_before_its_first_step_ends(portal: Portal) -> None:
    """Both come to the loop in one turn, so the task never runs."""
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        held.set()
        let_go.wait(60)

    class InterruptedOnce(SimpleQueue[Any]):
        is_first = True

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as Queue
            if self.is_first:
                self.is_first = False
                threading.Timer(0.01, let_go.set).start()
                raise Interrupted
            return super().get(block, timeout)

    portal.post(hold)
    held.wait(60)
    jobs: Jobs = InterruptedOnce()
    with pytest.raises(Interrupted):
        portal.call(asyncio.sleep, (3600,), jobs=jobs)
    assert portal.call(lambda: "well") == "well"


def test_what_was_opened_for_somebody_interrupted_is_let_go_of(portal: Portal) -> None:
    let_go, waiting = threading.Event(), threading.Event()

    class Opened:
        async def _let_go(self) -> None:
            let_go.set()

    class InterruptedAtTheEnd(SimpleQueue[Any]):
        is_first = True

        def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - as Queue
            waiting.set()
            found = super().get(block, timeout)
            if self.is_first:
                self.is_first = False
                raise Interrupted
            return found

    def opened() -> Opened:
        waiting.wait(60)
        return Opened()

    jobs: Jobs = InterruptedAtTheEnd()
    with pytest.raises(Interrupted):
        portal.call(opened, jobs=jobs)
    assert let_go.is_set()


def test_a_loop_that_has_ended_refuses(portal: Portal) -> None:
    async def close() -> None: ...

    other = Portal()
    other.join(2, close)
    other.stop()
    with pytest.raises(ClientClosed):
        other.call(lambda: None)
    other.post_quietly(lambda: None)
    assert portal.call(lambda: 1) == 1


def works(storage: Storage, chance: random.Random) -> list[Callable[[], object]]:
    def stream() -> None:
        with storage.download_stream("bucket", "name") as response:
            assert sum(map(len, response)) == len(DATA)

    def write() -> None:
        with storage.upload_stream("bucket", f"w{chance.random()}") as writer:
            writer.write(b"x" * 1000)

    def read() -> None:
        with storage.open("bucket", "name") as file:
            assert file.read(10) == DATA[:10]

    return [
        stream,
        write,
        read,
        lambda: storage.download("bucket", "name"),
        lambda: storage.upload("bucket", "new", (b"x" * 1000 for _ in range(100))),
        lambda: list(storage.iter_objects("bucket", page_size=1)),
    ]


def taken_by(work: Callable[[], object]) -> float:
    """Seconds; here, now: what is a moment within it elsewhere is behind it on a fast machine."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@pytest.mark.skipif(sys.platform == "win32", reason="no timer that interrupts")
@pytest.mark.filterwarnings("ignore:unclosed")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_at_any_moment_it_goes_on_working(gcs: EmulatorHandle) -> None:
    """It may also meet a finalizer, where Python drops it: that is looked away from."""
    chance = random.Random(1)  # noqa: S311 - no secret
    gcs.put("bucket", "name", DATA)
    outcomes = {True: 0, False: 0}

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Storage(retry=RetryPolicy(initial_delay=0)) as storage:
            storage.download("bucket", "name")
            seconds = [taken_by(work) for work in works(storage, chance)]
            for turn in range(150):
                work = works(storage, chance)[turn % 6]
                try:
                    moment = chance.uniform(0.0001, 1.5 * seconds[turn % 6])
                    signal.setitimer(signal.ITIMER_REAL, moment)
                    work()
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    outcomes[True] += 1
                except Interrupted:
                    outcomes[False] += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            gc.collect()
            assert storage.download("bucket", "name") == DATA
            tasks = storage.run(lambda: len(asyncio.all_tasks()))
            assert tasks == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert outcomes[False] > 20
    gcs.assert_nothing_left()
