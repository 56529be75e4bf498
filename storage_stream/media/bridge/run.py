"""`Run`: one call of foreign code in a worker thread, while the event loop serves what it reads.

libvips calls our handlers from threads of its own, prints what they raise, and goes on with a grey
picture. So nothing is raised there: the first failure is kept, everything after it fails at once,
and the task that started the call raises what was kept, whatever the call itself says.

It knows neither pyvips nor the network.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from storage_stream.errors import RequestTimeout
from storage_stream.media.errors import OutsideRunError

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Coroutine

__all__ = ["Killable", "Run", "Stopped", "cancellable", "check_wanted", "current_run"]

T = TypeVar("T")
K = TypeVar("K", bound="Killable")

FAILED = -1
"""What libvips takes for a failure, from every handler."""


class Killable(Protocol):
    """An image, whose computation can be ended from another thread."""

    def set_kill(self, kill: bool) -> None:  # noqa: FBT001 - as pyvips spells it
        """True ends it."""


class Stopped(Exception):  # noqa: N818 - it is no error of its own: `Run.error` tells which
    """The run has failed already; what it failed by is kept in it."""


class Run:
    """What one call in a worker thread needs of the loop, and what went wrong in it.

    Args:
        subject: What it reads, as a `gs://` name, for messages.
    """

    def __init__(self, subject: str | None = None) -> None:
        self.subject = subject
        self.error: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._is_active = False
        self._told: weakref.WeakMethod[Callable[[OutsideRunError], None]] | None = None
        self._lock = threading.Lock()
        self._awaited: set[concurrent.futures.Future[Any]] = set()
        self._images: list[Killable] = []
        self._before: asyncio.Future[Any] | None = None

    # -- on the loop -----------------------------------------------------------------------

    def stop(self, error: BaseException) -> None:
        """End it from outside: what it waits for, what it computes. `error` is what it raises."""
        with self._lock:
            self._keep(error)
            awaited, images = list(self._awaited), list(self._images)
        if self._before is not None:
            self._before.cancel()
        for future in awaited:
            future.cancel()
        for image in images:
            image.set_kill(True)

    def tell_outside(self, told: Callable[[OutsideRunError], None]) -> None:
        """Have a method called when a handler is called after the end, as long as its owner lives.

        libvips keeps a hundred operations, and with them their handlers, and those this run: it
        must not keep a source with all its blocks.
        """
        self._told = weakref.WeakMethod(told)

    def forget(self) -> None:
        """It is over, and what it was ended by has been raised: let go of the frames of that."""
        if self.error is not None:
            self.error = Stopped()

    async def awaited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await something before the work begins; `stop` ends that, too."""
        opening: asyncio.Future[T] = asyncio.ensure_future(coroutine)
        self._before = opening
        try:
            return await opening
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.error is None or (task is not None and task.cancelling()):
                raise
            raise self.error from None
        finally:
            self._before = None

    # -- in the worker ---------------------------------------------------------------------

    def call(self, work: Callable[[], T]) -> T:
        """Do the work; handlers are served meanwhile, and not before or after."""
        with self._lock:
            if self.error is not None:
                raise Stopped
            self._is_active = True
        _current.run = self
        try:
            return work()
        finally:
            _current.run = None
            self._is_active = False
            self._images.clear()

    def watch(self, image: Killable) -> None:
        """Have this image's computation ended when the run is."""
        with self._lock:
            self._images.append(image)
            is_over = self.error is not None
        if is_over:
            image.set_kill(True)

    # -- in any thread ---------------------------------------------------------------------

    def keep(self, error: BaseException) -> None:
        """Note what went wrong; only the first counts."""
        with self._lock:
            self._keep(error)

    def guard(self, handler: Callable[..., int], *arguments: Any) -> int:
        """Call a handler for libvips: it never raises, and fails once the run has."""
        try:
            self.check()
            return handler(*arguments)
        except (Stopped, OutsideRunError):
            return FAILED
        except BaseException as error:  # noqa: BLE001 - libvips would print and forget it
            self.keep(error)
            return FAILED

    def check(self) -> None:
        """That it is under way.

        Raises:
            Stopped: It failed.
            OutsideRunError: It is over, or the loop's own thread asks, which would wait for itself.
        """
        if self.error is not None:
            raise Stopped
        if not self._is_active or threading.get_ident() == self._loop_thread:
            outside = OutsideRunError(
                "pixels were asked for outside run(): compute all that you need in the function"
                " that run() calls",
                subject=self.subject,
            )
            told = None if self._told is None else self._told()
            if told is not None:
                told(outside)
            raise outside

    def start(
        self, make: Callable[[], Coroutine[Any, Any, T]], timeout: float | None
    ) -> Callable[[], T]:
        """Have the loop run a coroutine meanwhile.

        Args:
            make: Gives the coroutine.
            timeout: Seconds to wait for it, from when it is waited for; None waits for ever.

        Returns:
            Waits for it, and gives what it gives.

        Raises:
            Stopped: The run was ended.
        """
        with self._lock:
            if self.error is not None:
                raise Stopped
            future = self._submit(make())
            self._awaited.add(future)
        return lambda: self._result(future, timeout)

    def wait_for(self, make: Callable[[], Coroutine[Any, Any, T]], timeout: float | None) -> T:
        """What a coroutine gives that the loop runs meanwhile; as `start`.

        Raises:
            Stopped: The run was ended.
            RequestTimeout: It took longer.
        """
        return self.start(make, timeout)()

    def _result(self, future: concurrent.futures.Future[T], timeout: float | None) -> T:
        try:
            return future.result(timeout)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise RequestTimeout(
                f"nothing came of the network within {timeout:g} s", subject=self.subject
            ) from None
        finally:
            with self._lock:
                self._awaited.discard(future)

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # the loop is closed
            coroutine.close()
            raise

    def _keep(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error


class _Current(threading.local):
    run: Run | None = None


_current = _Current()


def current_run() -> Run | None:
    """The run whose work this thread does."""
    return _current.run


def cancellable(image: K) -> K:
    """Have the computation of an image ended when the task that awaits `run` is cancelled.

    For use inside the function that `run` calls, around what takes long without reading (a filter
    on a large image); reading ends at once in any case. Elsewhere it changes nothing.

    Args:
        image: A `pyvips.Image`, best the last one of a pipeline.

    Returns:
        The same image.
    """
    if _current.run is not None:
        _current.run.watch(image)
    return image


def check_wanted() -> None:
    """Between two long steps: that the task which waits for this thread, if any, still waits.

    Raises:
        Stopped: It was cancelled.
    """
    run = current_run()
    if run is not None:
        run.check()
