"""An emulator with a thread and an event loop of its own.

So it answers synchronous and asynchronous tests alike, and clients that block. This module refuses
to know of pytest.
"""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from storage_stream.emulator import Emulator

T = TypeVar("T")


class EmulatorThread:
    """A running emulator, for callers outside its event loop.

    Used as `with EmulatorThread() as thread:`. Its methods may be called from any thread but its
    own; they block, for milliseconds.

    Args:
        emulator: not started; None takes a new one over a temporary folder.

    Attributes:
        emulator: runs in this thread's loop; its `url` and `log` can be read from anywhere.
    """

    def __init__(self, emulator: Emulator | None = None) -> None:
        self.emulator = Emulator() if emulator is None else emulator
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="storage-stream-emulator", daemon=True
        )

    def start(self) -> None:
        """Start the thread and the emulator.

        Raises:
            PortTakenError: another program listens there. The thread has ended.
        """
        self._thread.start()
        self._ready.wait()
        try:
            self.run(self.emulator.start())
        except BaseException:
            self._end()
            raise

    def stop(self) -> None:
        """Stop the emulator and the thread."""
        try:
            self.run(self.emulator.stop())
        finally:
            self._end()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, run in the emulator's loop."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the emulator's thread does not run")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._loop.call_soon(self._ready.set)
            self._loop.run_forever()

    def _end(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop = None
