"""A process that does items for another one, and tells it what became of them.

It makes a client of its own, as it is told by the first thing that comes. When its input ends,
because the other process is done with it or is not there any more, it breaks off what is under way
and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import IO, TYPE_CHECKING, Any

from storage_stream._shielding import ended
from storage_stream._transfer.many_frames import Answer, Tally, read_frame, write_frame
from storage_stream._transfer.many_work import Doing, Moves
from storage_stream.errors import TransferError

if TYPE_CHECKING:
    from storage_stream._transfer.many_items import Item

__all__ = ["main"]

_TELL_SECONDS = 0.3  # how often a long transfer tells how far it is


class _Child:
    """The work, and what of it has not been told yet."""

    def __init__(self, doing: Doing, output: IO[bytes]) -> None:
        self._doing = doing
        self._output = output
        self._tally = Tally()
        self._answers: list[Answer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._telling: asyncio.Handle | None = None

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Do what comes, until nothing comes any more."""
        ticking = asyncio.create_task(self._tick())
        self._tasks.add(ticking)
        try:
            while True:
                for number, item in await read_frame(reader):
                    task = asyncio.create_task(self._do(number, item))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        except asyncio.IncompleteReadError:
            return
        finally:
            for task in self._tasks:
                task.cancel()
            await ended(asyncio.gather(*self._tasks, return_exceptions=True))

    async def _do(self, number: int, item: Item) -> None:
        try:
            done = await self._doing.do(item, self._tally)
        except Exception as error:  # noqa: BLE001 - the other process knows which end the run
            self._answers.append(Answer(number, None, _portable(error)))
        else:
            self._answers.append(Answer(number, done))
        if self._telling is None:  # what ends in the same turn of the loop is told together
            self._telling = asyncio.get_running_loop().call_soon(self._tell)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            if not self._tally.is_empty:
                self._tell()

    def _tell(self) -> None:
        self._telling = None
        answers, self._answers = self._answers, []
        frame = write_frame((answers, _taken(self._tally)))
        try:
            self._output.write(frame)
            self._output.flush()
        except BrokenPipeError:
            return  # nobody listens any more: the input ends, too


def _taken(tally: Tally) -> dict[str, Any]:
    """The counts of a tally, which begins anew."""
    counts = dict(vars(tally))
    Tally.__init__(tally)
    return counts


def _portable(error: Exception) -> Exception:
    """The error, or what can be said of it where it cannot go to another process."""
    try:
        write_frame(error)
    except Exception:  # noqa: BLE001 - whatever its class does when it is pickled
        return TransferError(f"{type(error).__name__}: {error}")
    return error


async def _main(output: IO[bytes]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        make, arguments, how = await read_frame(reader)
        async with make(**arguments) as client:
            moves = Moves(
                *(client.download, client.download_to_filename, client.upload),
                *(client.copy, client.delete),
            )
            await _Child(Doing(moves, how), output).run(reader)
    finally:
        transport.close()


def main() -> None:
    """Run until the input ends. An interrupt is for the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what prints, prints there
        asyncio.run(_main(output))
