"""An event loop in a daemon thread, and calls into it that wait: the portal of the sync face.

One loop serves all synchronous clients of a process, those of Dask's workers too: it is there from
the first call of the first of them to the closing of the last. Who is forked off gets another one,
because a thread does not survive a fork. This module refuses to know what is called.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import inspect
import os
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

from storage_stream.errors import ClientClosed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Jobs", "Portal", "abandon_to", "join_portal", "keep_inherited", "leave_portal"]

# A lock is waited for without end where a signal can interrupt that. On Windows none can.
_LOOK_UP_SECONDS = 0.1 if sys.platform == "win32" else None
_EXIT_SECONDS = 5.0  # for all that is still open when the interpreter ends

Jobs: TypeAlias = "SimpleQueue[Callable[[], None] | None]"
"""What the calling thread does while it waits; None only wakes it."""


class _Call:
    """One call: begun and ended in the loop, waited for in the caller's thread.

    Whatever the interpreter interrupts, the loop sees `begin` before `cancel`, or never.
    """

    def __init__(self, function: Callable[..., Any], args: Any, keywords: Any, jobs: Jobs) -> None:
        self._function = function
        self._args = args
        self._keywords = keywords
        self._jobs = jobs
        self._task: asyncio.Task[Any] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._is_unwanted = False
        self.is_over = False
        self.is_let_go = False

    def begin(self) -> None:
        """Start the task; in the caller's context, so that spans and the like are inherited."""
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(self._finished)

    def cancel(self) -> None:
        """Nobody wants the result any more."""
        self._is_unwanted = True
        if self._task is None:
            self._end()
        elif not self._task.cancel():
            self._finished(self._task)

    def wait(self) -> None:
        """Block until it is over, and do what is asked for meanwhile."""
        while not self.is_over:
            try:
                job = self._jobs.get(timeout=_LOOK_UP_SECONDS)
            except Empty:
                continue
            if job is not None:
                job()

    def wait_let_go(self) -> None:
        """Block until all is let go of, after `cancel`."""
        while not self.is_let_go:
            with suppress(Empty):
                self._jobs.get(timeout=_LOOK_UP_SECONDS)  # its jobs are not done any more

    def outcome(self) -> Any:
        """The result, or raise the error."""
        if self._error is None:
            return self._result
        try:
            raise self._error
        finally:
            self._error = None  # which holds this frame, and so itself

    async def _run(self) -> Any:
        found = self._function(*self._args, **self._keywords)
        return await found if inspect.isawaitable(found) else found

    def _finished(self, task: asyncio.Task[Any]) -> None:
        """Take what came of it; a task that was cancelled before its first step never ran."""
        if task.cancelled():
            self._error = ClientClosed("the client was closed meanwhile")
        elif (error := task.exception()) is not None:
            self._error = error
        elif self._is_unwanted:
            asyncio.ensure_future(self._drop_and_end(task.result()))  # noqa: RUF006 - waited for
            return
        else:
            self._result = task.result()
        self._end()

    async def _drop_and_end(self, result: Any) -> None:
        try:
            await _drop(result)
        finally:
            self._end()

    def abandon(self) -> None:
        """The loop has ended, and this was never begun."""
        if not self.is_over:
            self._error = ClientClosed("the client was closed meanwhile")
        self._is_unwanted = True
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self.is_let_go = self._is_unwanted
        self._jobs.put(None)


async def _drop(result: Any) -> None:
    """Let go of what was opened for somebody who was interrupted."""
    let_go = getattr(result, "_let_go", None)
    if let_go is not None:
        await let_go()


class Portal:
    """A loop in a thread. Made by `join_portal`."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        # In a child of a fork this frame of a thread that is no more keeps all that the parent
        # has open from being finalized there: its sockets are shared, and not the child's.
        self._clients: dict[int, Callable[[], Coroutine[Any, Any, None]]] = {}
        self.kept: list[object] = []
        self._calls: set[_Call] = set()
        self._thread = threading.Thread(target=self._serve, name="storage-stream-sync", daemon=True)
        self._thread.start()

    @property
    def is_ours(self) -> bool:
        """Whether this process made it."""
        return self._pid == os.getpid()

    def call(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...] = (),
        keywords: dict[str, Any] | None = None,
        jobs: Jobs | None = None,
    ) -> Any:
        """Run a function, and what it returns where that is awaitable, in the loop; wait for it.

        An interruption of the waiting (Ctrl-C) cancels the call and waits until it has cleaned up;
        a second one waits no more.

        Args:
            function: What to call in the loop's thread.
            args: Its arguments.
            keywords: Its keyword arguments.
            jobs: What this thread is to do meanwhile.

        Raises:
            UsageError: From the loop's own thread, which would wait for itself.
            ClientClosed: The loop has ended, or ends meanwhile.
        """
        if threading.get_ident() == self._thread.ident:
            raise UsageError(
                "a synchronous call from the thread of its own event loop would wait for itself:"
                " a callback returns first, or awaits the asynchronous client"
            )
        call = _Call(function, args, keywords or {}, SimpleQueue() if jobs is None else jobs)
        self._calls.add(call)
        try:
            self._post_and_wait(call)
        finally:
            self._calls.discard(call)
        return call.outcome()

    def _post_and_wait(self, call: _Call) -> None:
        try:
            self.post(call.begin, context=contextvars.copy_context())
            call.wait()
        except ClientClosed:
            raise
        except BaseException:
            self.post(call.cancel)
            call.wait_let_go()
            raise

    def post(
        self, function: Callable[[], object], context: contextvars.Context | None = None
    ) -> None:
        """Run a function in the loop, and wait for nothing.

        Raises:
            ClientClosed: The loop has ended.
        """
        try:
            self._loop.call_soon_threadsafe(function, context=context)
        except RuntimeError:
            raise ClientClosed("the event loop of the client has ended") from None

    def post_quietly(self, function: Callable[[], object]) -> None:
        """The same, where it does not matter that the loop has ended."""
        with suppress(ClientClosed):
            self.post(function)

    def join(self, key: int, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Somebody needs the loop."""
        self._clients[key] = close

    def leave(self, key: int) -> bool:
        """Somebody needs it no more; True when nobody does."""
        self._clients.pop(key, None)
        return not self._clients

    def stop(self, seconds: float | None = None) -> None:
        """End the loop and the thread; what is still open is closed first."""
        self.post(lambda: asyncio.ensure_future(self._close_all()))
        if threading.get_ident() != self._thread.ident:
            self._thread.join(seconds)

    def _serve(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            for call in list(self._calls):  # what comes from now on is refused by the closed loop
                call.abandon()

    async def _close_all(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        await asyncio.gather(*(close() for close in clients), return_exceptions=True)
        self._loop.stop()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


class _Shared:
    """The portal of this process, and the lock around it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.portal: Portal | None = None
        self.inherited: list[Portal] = []

    def in_child(self) -> None:
        """After a fork: the lock may be held by a thread that is no more."""
        self.lock = threading.Lock()
        if self.portal is not None:
            self.inherited.append(self.portal)
        self.portal = None

    def at_exit(self) -> None:
        """Close what nobody closed, without a word, within seconds."""
        with self.lock:
            portal, self.portal = self.portal, None
        if portal is not None:
            portal.stop(_EXIT_SECONDS)


_shared = _Shared()
atexit.register(_shared.at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_shared.in_child)


def join_portal(key: int, close: Callable[[], Coroutine[Any, Any, None]]) -> Portal:
    """The portal of this process, started where there is none.

    Args:
        key: Of the client that needs it, until it calls `leave_portal`.
        close: Closes that client in the loop, if the interpreter ends before.
    """
    with _shared.lock:
        if _shared.portal is None:
            _shared.portal = Portal()
        _shared.portal.join(key, close)
        return _shared.portal


def abandon_to(portal: Portal, key: int, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """The client was dropped open: it is closed in the loop, some time.

    Called while garbage is collected, wherever that happens, and so takes no lock.
    """

    async def end() -> None:
        try:
            await close()
        finally:
            leave_portal(portal, key)

    if portal.is_ours:
        portal.post_quietly(lambda: asyncio.ensure_future(end()))


def keep_inherited(held: object) -> None:
    """In the child of a fork: never finalize this; its connection is the parent's."""
    for portal in _shared.inherited[-1:]:
        portal.kept.append(held)


def leave_portal(portal: Portal, key: int) -> None:
    """The client is closed; with the last one the thread ends."""
    with _shared.lock:
        if not portal.leave(key) or _shared.portal is not portal:
            return
        _shared.portal = None
    portal.stop()
