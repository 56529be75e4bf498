"""`Storage`, synchronous: the client of scripts, notebooks and threads, and its handles."""

from __future__ import annotations

import asyncio
import os
import weakref
from typing import TYPE_CHECKING, Any, Self

from storage_stream import Blob as AsyncBlob
from storage_stream import Bucket as AsyncBucket
from storage_stream import Storage as AsyncStorage
from storage_stream.errors import ClientClosed, UsageError
from storage_stream.sync.face import Face
from storage_stream.sync.portal import Portal, abandon_to, join_portal, leave_portal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from storage_stream.sync.portal import Jobs

__all__ = ["Blob", "Bucket", "Storage"]


class Storage(Face, mirrors=AsyncStorage):
    """A client of Google Cloud Storage for code that does not `await`.

        with Storage() as storage:
            data = storage.download("bucket", "name")

    It has the methods of `storage_stream.Storage`, by the same names and with the same arguments;
    each blocks until it is done. What they do and raise, the asynchronous client says. What is
    entered or awaited there is open when it is returned here; a run of many is iterated with `for`,
    or ended by `result()`.

    All clients of a process share one event loop, in a thread of its own. So it works in any number
    of threads at once, and where another loop is running (in Jupyter, in a handler of an
    asynchronous server, which it blocks meanwhile). Ctrl-C cancels the call as cancelling a task
    does, and is raised when that has cleaned up. After a fork the child's clients open their own
    connections. A callback (`progress=`) is called in the loop's thread, and may not make
    synchronous calls itself; an iterable that is uploaded is iterated by the thread that calls.

    Args:
        **arguments: As of `storage_stream.Storage`, but for `session`, which belongs to a loop.

    Raises:
        UsageError: A session.
    """

    def __init__(self, **arguments: Any) -> None:
        if arguments.get("session") is not None:
            raise UsageError("a synchronous client opens its own session: one belongs to its loop")
        self._arguments = arguments
        self._closed = False
        self._portal: Portal | None = None
        self._let_go: weakref.finalize[Any, Storage] | None = None
        super().__init__(AsyncStorage(**arguments), self)

    def run(self, function: Callable[..., Any], *args: Any, jobs: Jobs | None = None) -> Any:
        """Call something in the event loop, await what it gives, and wait for it.

        For what only the asynchronous API does: it gets the objects that belong to this loop, and
        `asynchronous` is the client.

        Args:
            function: Called in the loop; it may be a coroutine function.
            args: Its arguments.
            jobs: What the thread that calls is to do while it waits; for this package alone.

        Raises:
            ClientClosed: The client is closed.
            UsageError: From the loop's own thread.
        """
        if self._closed:
            raise ClientClosed("the client is closed")
        return self._joined().call(function, args, jobs=jobs)

    def post(self, function: Callable[[], Awaitable[object]]) -> None:
        """Call something in the event loop, some time; nothing where that has ended."""
        portal = self._portal
        if portal is not None and portal.is_ours:
            portal.post_quietly(lambda: asyncio.ensure_future(function()))

    @property
    def asynchronous(self) -> AsyncStorage:
        """The asynchronous client behind this one; only to be used in what `run` calls."""
        client: AsyncStorage = self._usable()
        return client

    def close(self) -> None:
        """Close what the client opened; see the asynchronous `close`. Idempotent.

        What other threads have under way fails. With the last client of the process its event loop
        ends.
        """
        if self._closed:
            return
        portal, inner = self._portal, self._inner
        if portal is None or not portal.is_ours:
            portal = self._joined()
        self._closed = True
        if self._let_go is not None:
            self._let_go.detach()
        try:
            portal.call(inner.close)
        finally:
            leave_portal(portal, id(inner))

    def on_close(self, callback: Callable[[], object]) -> None:
        """Have `close` call something of yours, before the session goes; no request.

        Args:
            callback: Called once, without arguments, in a thread of its own: it may make
                synchronous calls of other clients. The one that was given last comes first.

        Raises:
            ClientClosed: The client is closed already.
        """

        async def call() -> None:
            await asyncio.to_thread(callback)

        self.run(self._usable().on_close, call)

    def __enter__(self) -> Self:
        self.run(self._usable().__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def get_mirrored(self, name: str) -> Any:
        """See `Face.get_mirrored`; in the loop, where a session is made."""
        return self.run(getattr, self._usable(), name)

    def _usable(self) -> AsyncStorage:
        if self._pid != os.getpid() and not self._closed:
            # What the parent opened is the parent's, and stays as it is.
            self._inner = AsyncStorage(**self._arguments)
            self._portal = None
            self._pid = os.getpid()
        client: AsyncStorage = self._inner
        return client

    def _joined(self) -> Portal:
        inner = self._usable()
        portal = self._portal
        if portal is None:
            portal = self._portal = join_portal(id(inner), inner.close)
            self._let_go = weakref.finalize(self, abandon_to, portal, id(inner), inner.close)
            self._let_go.atexit = False  # the portal does that for all
        return portal


class Bucket(Face, mirrors=AsyncBucket):
    """A bucket of a client; made by `Storage.get_bucket`."""

    _owner: Storage

    @property
    def storage(self) -> Storage:
        """The client."""
        return self._owner

    @property
    def name(self) -> str:
        """The bucket's name."""
        name: str = self._inner.name
        return name

    def _usable(self) -> AsyncBucket:
        inner: AsyncBucket = self._inner
        inner.storage = self._owner.asynchronous
        return inner


class Blob(Face, mirrors=AsyncBlob):
    """An object; made by `Bucket.get_blob` or `Bucket.new_blob`.

    The fields of its resource are attributes under the service's names, as in the asynchronous
    `Blob`.
    """

    _owner: Storage

    @property
    def bucket(self) -> Bucket:
        """The bucket it was made by."""
        return Bucket(self._inner.bucket, self._owner)

    def _usable(self) -> AsyncBlob:
        inner: AsyncBlob = self._inner
        inner.bucket.storage = self._owner.asynchronous
        return inner
