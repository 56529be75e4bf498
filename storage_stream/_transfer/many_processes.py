"""Items done by other processes, so that more than one core works.

This one lists, decides, counts and remembers; the others transfer. One that crashes costs the
items it had, each an error of its own, and is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from typing import TYPE_CHECKING, Any

from storage_stream._shielding import ended
from storage_stream._transfer.many_frames import read_frame, write_frame
from storage_stream.errors import TransferError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage_stream._protocol.meter import Meter
    from storage_stream._transfer.many_items import Item
    from storage_stream._transfer.many_work import Done, ManyHow

__all__ = ["ProcessPool"]

_GRACE_SECONDS = 10.0  # for breaking off what is under way
_MOST_STARTS = 4  # of one process, before it is given up


class ProcessPool:
    """Some processes.

    Args:
        size: How many; each starts with the first item it gets.
        make: Makes a client in the other process.
        arguments: For it.
        how: What is the same for all items.

    Raises:
        UsageError: They cannot be given to another process.
    """

    def __init__(
        self, size: int, make: Callable[..., Any], arguments: Mapping[str, Any], how: ManyHow
    ) -> None:
        try:
            setup = write_frame((make, dict(arguments), how))
        except Exception as error:
            raise UsageError(
                f"processes=: another process cannot make this client or call: {error}"
            ) from error
        self._workers = [_Worker(setup) for _ in range(size)]

    async def do(self, item: Item, meter: Meter) -> Done:
        """Have it done; see `Doing.do`.

        Raises:
            TransferError: The process ended before it was done.
        """
        # One that was given up has nothing to do, and would be given all of it.
        worker = min(self._workers, key=lambda one: (one.is_given_up, one.load))
        return await worker.do(item, meter)

    async def close(self) -> None:
        """End them, and wait until they have ended."""
        await asyncio.gather(*(worker.close() for worker in self._workers))


class _Worker:
    """One process, and what it has to do."""

    def __init__(self, setup: bytes) -> None:
        self._setup = setup
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._starts = 0
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[Done]] = {}
        self._outgoing: list[tuple[int, Item]] = []
        self.load = 0

    async def do(self, item: Item, meter: Meter) -> Done:
        self.load += 1
        number = next(self._numbers)
        try:
            await self._start(meter)
            future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            if not self._outgoing:  # what comes in the same turn of the loop goes together
                asyncio.get_running_loop().call_soon(self._send)
            self._outgoing.append((number, item))
            return await future
        finally:
            self._waiting.pop(number, None)
            self.load -= 1

    @property
    def is_given_up(self) -> bool:
        """Whether it ended too often to be started again."""
        return self._process is None and self._starts >= _MOST_STARTS

    def _send(self) -> None:
        items, self._outgoing = self._outgoing, []
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(write_frame(items))

    async def _start(self, meter: Meter) -> None:
        async with self._starting:
            if self._process is not None:
                return
            if self._starts >= _MOST_STARTS:
                raise TransferError(f"a worker process ended {self._starts} times")
            self._starts += 1
            # The path of imports is handed on: it may have been changed since this one started.
            code = (
                f"import sys; sys.path[:] = {sys.path!r}; "
                "from storage_stream._transfer.many_child import main; main()"
            )
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", code),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            self._process.stdin.write(self._setup)
            self._listening = asyncio.create_task(self._listen(self._process, meter))

    async def _listen(self, process: asyncio.subprocess.Process, meter: Meter) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        reason = ""
        try:
            while True:
                answers, counts = await read_frame(process.stdout)
                _tell(meter, counts)
                for answer in answers:
                    future = self._waiting.get(answer.number)
                    if future is None or future.done():
                        continue
                    if answer.error is not None:
                        future.set_exception(answer.error)
                    else:
                        future.set_result(answer.done)
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = f"the worker process ended with {await process.wait()}"
        except Exception as error:  # noqa: BLE001 - a value that cannot be read: nobody shall wait
            reason = f"the worker process cannot be understood: {error!r}"
            process.kill()
            await process.wait()
        self._process = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(TransferError(reason))

    async def close(self) -> None:
        """End it: by itself when its input ends, else at once."""
        process, listening = self._process, self._listening
        if process is None or process.stdin is None or listening is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                await asyncio.shield(listening)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await ended(listening)


def _tell(meter: Meter, counts: Mapping[str, Any]) -> None:
    for _ in range(counts["attempts"]):
        meter.attempt()
    for _ in range(counts["resumes"]):
        meter.resumed()
    for status in counts["statuses"]:
        meter.answered(status)
    if counts["moves"]:
        meter.moved(counts["moves"])
    if counts["gains"]:
        meter.gained(counts["gains"])
