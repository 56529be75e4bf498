"""Runs: what goes wrong in a thread is kept, and raised where somebody waits."""

import asyncio
import concurrent.futures
import gc
import os
import threading
from functools import partial
from typing import Any

import pytest
from leaks import until

from storage_stream import Storage
from storage_stream.errors import ClientClosed, RequestTimeout
from storage_stream.media import OutsideRunError, cancellable
from storage_stream.media.bridge.pool import MediaPool, pool_of, pool_of_loop
from storage_stream.media.bridge.run import Run, Stopped, current_run


class FakeImage:
    def __init__(self) -> None:
        self.killed = threading.Event()

    def set_kill(self, kill: bool) -> None:  # noqa: FBT001 - as pyvips spells it
        assert kill
        self.killed.set()


class Told:
    def __init__(self) -> None:
        self.errors: list[OutsideRunError] = []

    def tell(self, error: OutsideRunError) -> None:
        self.errors.append(error)


def failing(*_: Any) -> int:
    raise ValueError("first")


def holding(inside: threading.Event, go_on: threading.Event) -> None:
    inside.set()
    assert go_on.wait(300)


def waiting_long(run: Run) -> None:
    run.wait_for(lambda: asyncio.sleep(60), None)


async def test_the_first_failure_counts_and_all_calls_fail_after_it() -> None:
    run = Run("gs://bucket/name")

    def work() -> str:
        assert run.guard(lambda: 5) == 5
        assert run.guard(failing, b"") == -1
        assert run.guard(lambda: 3) == -1
        run.keep(KeyError("second"))
        return "a grey picture"

    with pytest.raises(ValueError, match="first"):
        await MediaPool().run(run, work)


async def test_what_was_kept_is_raised_from_what_the_call_raised() -> None:
    run = Run()

    def work() -> None:
        run.guard(failing)
        raise OSError("libvips says")

    with pytest.raises(ValueError, match="first") as caught:
        await MediaPool().run(run, work)
    assert isinstance(caught.value.__cause__, OSError)


async def test_handlers_outside_a_run_fail_and_tell() -> None:
    run = Run("gs://bucket/name")
    told = Told()
    run.tell_outside(told.tell)
    assert run.guard(lambda: 5) == -1
    await MediaPool().run(run, lambda: None)
    assert run.guard(lambda: 5) == -1
    assert [each.subject for each in told.errors] == ["gs://bucket/name"] * 2
    assert run.error is None


async def test_the_loops_own_thread_never_waits_for_itself() -> None:
    run = Run()
    told = Told()
    run.tell_outside(told.tell)
    inside, done = threading.Event(), threading.Event()
    pool = MediaPool()
    task = asyncio.create_task(pool.run(run, lambda: holding(inside, done)))
    await until(inside.is_set, lambda: "it does not begin")
    assert run.guard(lambda: 5) == -1
    assert len(told.errors) == 1
    done.set()
    await task


async def test_waiting_has_a_limit() -> None:
    run = Run("gs://bucket/name")
    with pytest.raises(RequestTimeout, match=r"gs://bucket/name.*within 0.05 s"):
        await MediaPool().run(run, lambda: run.wait_for(lambda: asyncio.sleep(60), 0.05))


async def test_a_timeout_of_the_coroutine_itself_is_told_as_it_is() -> None:
    async def late() -> None:
        raise TimeoutError("its own")

    run = Run()
    with pytest.raises(TimeoutError, match="its own"):
        await MediaPool().run(run, lambda: run.wait_for(late, 300))


async def test_cancelling_ends_waits_and_computing_and_waits_for_the_thread() -> None:
    run, image, ended = Run(), FakeImage(), threading.Event()
    pool = MediaPool()

    def work() -> None:
        assert current_run() is run
        assert cancellable(image) is image
        with pytest.raises(concurrent.futures.CancelledError):
            waiting_long(run)
        assert image.killed.wait(300)
        ended.set()

    task = asyncio.create_task(pool.run(run, work))
    await until(lambda: bool(run._awaited), lambda: "it does not wait")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert pool.active == 0


async def test_a_second_cancel_does_not_leave_the_thread_alone() -> None:
    run, go_on = Run(), threading.Event()
    inside = threading.Event()
    pool = MediaPool()
    task = asyncio.create_task(pool.run(run, lambda: holding(inside, go_on)))
    await until(inside.is_set, lambda: "it does not begin")
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_waits_for_a_thread_is_cancelled_at_once() -> None:
    pool, go_on = MediaPool(), threading.Event()
    busy = [asyncio.create_task(pool.run(Run(), lambda: go_on.wait(300))) for _ in range(4)]
    called: list[int] = []
    waiting = asyncio.create_task(pool.run(Run(), lambda: called.append(1)))
    await until(lambda: pool.active == 5, lambda: "they are not submitted")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 200)  # before the others are done
    go_on.set()
    await asyncio.gather(*busy)
    assert called == []


async def test_closing_the_pool_ends_all_and_takes_no_more() -> None:
    pool = MediaPool()
    runs = [Run() for _ in range(3)]
    tasks = [asyncio.create_task(pool.run(run, partial(waiting_long, run))) for run in runs]
    await until(lambda: pool.active == 3, lambda: "they do not run")
    await pool.close()
    await pool.close()
    for task in tasks:
        with pytest.raises(ClientClosed):
            await task
    with pytest.raises(ClientClosed):
        await pool.run(Run(), lambda: None)


async def test_a_run_that_was_stopped_does_not_begin() -> None:
    run = Run()
    run.stop(KeyError("before"))
    with pytest.raises(KeyError):
        await MediaPool().run(run, lambda: 1)
    with pytest.raises(Stopped):
        run.check()


async def test_watching_after_the_end_kills_at_once() -> None:
    run, image = Run(), FakeImage()
    run.stop(KeyError())
    run.watch(image)
    assert image.killed.is_set()


async def test_outside_a_run_cancellable_changes_nothing() -> None:
    image = FakeImage()
    assert cancellable(image) is image
    assert not image.killed.is_set()


async def test_a_loop_has_one_pool() -> None:
    assert pool_of_loop() is pool_of_loop()


def workers(pool: MediaPool) -> set[threading.Thread]:
    assert pool._executor is not None
    return set(pool._executor._threads)


async def test_a_client_has_a_pool_of_few_threads_that_end_with_it() -> None:
    async with Storage(anonymous=True) as one, Storage(anonymous=True) as other:
        pool = pool_of(one)
        assert pool_of(one) is pool
        assert pool_of(other) is not pool
        assert pool._executor is None  # made at the first use
        await asyncio.gather(*(pool.run(Run(), lambda: None) for _ in range(20)))
        threads = workers(pool)
        assert len(threads) <= min(4, os.cpu_count() or 1)
    await until(lambda: not any(each.is_alive() for each in threads), lambda: "threads are left")
    with pytest.raises(ClientClosed):
        await pool.run(Run(), lambda: None)
    with pytest.raises(ClientClosed), pool.holding(Run()):
        pass


async def test_a_closed_client_gets_no_pool() -> None:
    storage = Storage(anonymous=True)
    await storage.close()
    with pytest.raises(ClientClosed):
        pool_of(storage)


def test_a_loop_that_is_gone_takes_its_threads_along() -> None:
    async def use() -> set[threading.Thread]:
        pool = pool_of_loop()
        await pool.run(Run(), lambda: None)
        return workers(pool)

    threads = asyncio.run(use())
    gc.collect()
    for thread in threads:
        thread.join(300)
        assert not thread.is_alive()
