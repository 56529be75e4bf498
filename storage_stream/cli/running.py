"""How a command runs: a client of its configuration, Ctrl-C, errors as sentences, exit codes.

It knows nothing of what a command does.
"""

from __future__ import annotations  # naming the client as a type shall not import it

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import click

import storage_stream
from storage_stream.cli.explaining import explain, failures_in
from storage_stream.cli.waiting import waits_told
from storage_stream.errors import ConnectFailed, NotFound, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from storage_stream.cli.config import Configuration
    from storage_stream.cli.output import Output

__all__ = ["BROKEN_PIPE", "DONE", "FAILED", "INTERRUPTED", "Run", "execute", "guarded"]

DONE, FAILED = 0, 1  # click says 2 to who calls a command wrongly
INTERRUPTED = 130  # 128 and the signal's number, as shells have it
BROKEN_PIPE = 141
_SIGNALS = [
    *(signal.SIGINT, signal.SIGTERM),
    *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []),  # the terminal is gone
]
_PATIENCE_SECONDS = 1.0  # after which who pressed Ctrl-C is told that it was heard
_SHOW_CURSOR = "\x1b[?25h"


class Run:
    """What a command works with.

    Attributes:
        config: The settings.
        output: Where it prints.
        debug: Whether errors show where they were raised.
        go_on: How to go on after an interruption, in a sentence; a command sets it.
        failures: How many errors were told of.
    """

    def __init__(self, config: Configuration, output: Output, *, debug: bool = False) -> None:
        self.config = config
        self.output = output
        self.debug = debug
        self.go_on: str | None = None
        self.failures = 0
        self._storage: storage_stream.Storage | None = None
        self._owns_storage = True

    @property
    def storage(self) -> storage_stream.Storage:
        """The client; made at the first use, closed when the command ends."""
        if self._storage is None:
            retry = storage_stream.RetryPolicy(retries=self.config["retries"])
            self._storage = storage_stream.Storage(retry=retry, **self.config.storage_arguments())
        return self._storage

    def share_client(self, other: Run) -> None:
        """Use the client of another run, which closes it, if it is the same that one would make."""
        if self.config.storage_arguments() == other.config.storage_arguments():
            self._storage = other.storage
            self._owns_storage = False

    @property
    def options(self) -> dict[str, Any]:
        """What every request is given: `**run.options`."""
        return self.config.request_options()

    def fail(self, error: BaseException, subject: str | None = None) -> None:
        """Tell of an error and go on: the command ends with 1.

        Args:
            error: What happened.
            subject: What it was about, where the error does not say it.
        """
        for failure in failures_in(error):
            text = explain(failure)
            known = subject is None or subject.rstrip("/") in text
            self.failures += 1
            self.output.error(
                (text if known else f"{subject}: {text}") + self._hint(failure, subject or ""),
                error=type(failure).__name__,
                **({} if subject is None else {"subject": subject}),
            )
            if self.debug:
                self.output.stderr.write("".join(traceback.format_exception(failure)))

    def _hint(self, error: BaseException, subject: str) -> str:
        """What else may be the matter, as far as what was written tells."""
        if isinstance(error, ConnectFailed) and self.config.uses_emulator:
            return " Is the emulator running? `storage-stream emulator` starts one."
        name, sign, number = subject.rpartition("#")
        if isinstance(error, NotFound) and sign and number.isdecimal():
            return f" #{number} is read as a generation; in a name write {name}[#]{number}."
        return ""

    async def close(self) -> None:
        """Close the client, if there is one."""
        if self._storage is not None and self._owns_storage:
            await self._storage.close()


def execute(run: Run, work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run a command to its end; returns the status to exit with.

    Ctrl-C (and SIGTERM) cancels it: what is under way ends cleanly. The second one stops at once.

    Raises:
        click.ClickException: It was called wrongly; click prints it.
    """
    interruption = _Interruption(run)

    def supervised() -> None:
        with interruption.handlers(), waits_told(run.output):
            asyncio.run(_supervised(run, work, interruption))

    try:
        return guarded(run, supervised)
    except asyncio.CancelledError:
        return _told_interrupted(run, interruption)


def guarded(run: Run, work: Callable[[], None]) -> int:
    """Do something, its errors told as sentences; returns the status to exit with.

    Raises:
        click.ClickException: It was called wrongly; click prints it.
        asyncio.CancelledError: It was interrupted.
    """
    _set_up_logging(run)
    try:
        work()
        run.output.flush()
    except BrokenPipeError:
        _drop_stdout()
        return BROKEN_PIPE
    except click.ClickException:
        raise
    except BaseExceptionGroup as group:
        return _told_group(run, group)  # pyright: ignore[reportUnknownArgumentType] - of anything
    except (StorageError, OSError) as error:
        _tell_failure(run, error)
    except Exception as error:  # noqa: BLE001 - a person gets a sentence, and how to see more
        _tell_defect(run, error)
    return FAILED if run.failures else DONE


class _Interruption:
    """What Ctrl-C does: cancel first, then stop at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._cancel: Callable[[], object] | None = None
        self.status: int | None = None

    def attach(self, cancel: Callable[[], object]) -> None:
        """From now on this is called, from any point of the main thread."""
        self._cancel = cancel
        if self.status is not None:
            cancel()

    @contextlib.contextmanager
    def handlers(self) -> Generator[None, None, None]:
        """Take over the signals while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self._on_signal)
            for number in _SIGNALS
            # Who was started to ignore Ctrl-C (in the background of a script) goes on doing so.
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        del frame
        if self.status is not None:
            _stop_at_once(self.status)
        self.status = 128 + number  # as shells have it
        if self._cancel is not None:
            self._cancel()


async def _supervised(
    run: Run, work: Callable[[], Coroutine[Any, Any, None]], interruption: _Interruption
) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if task is not None:
            task.cancel()
        text = "Stopping: what is under way is ended cleanly. Ctrl-C again stops at once."
        loop.call_later(_PATIENCE_SECONDS, run.output.say, text)

    interruption.attach(lambda: loop.call_soon_threadsafe(stop))
    try:
        await work()
    finally:
        await run.close()


def _stop_at_once(status: int) -> None:
    # Nothing is awaited, no file is flushed: somebody asked twice. The cursor may be hidden.
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR.encode())
    os._exit(status)


def _told_interrupted(run: Run, interruption: _Interruption) -> int:
    status = interruption.status or INTERRUPTED
    with contextlib.suppress(BrokenPipeError):
        run.output.event("interrupted", go_on=run.go_on)
        click.echo(f"Interrupted. {run.go_on or ''}".rstrip(), run.output.stderr)
    return status


def _told_group(run: Run, group: BaseExceptionGroup[BaseException]) -> int:
    broken, others = group.split(BrokenPipeError)
    if broken is not None and others is None:
        _drop_stdout()
        return BROKEN_PIPE
    for error in failures_in(others or group):
        if isinstance(error, StorageError | OSError):
            run.fail(error)
        else:
            _tell_defect(run, error)
    return FAILED


def _tell_failure(run: Run, error: Exception) -> None:
    try:
        sys.stdout.flush()
    except OSError:  # it is stdout that cannot be written: a full disk, say
        _drop_stdout()
    run.fail(error)


def _tell_defect(run: Run, error: BaseException) -> None:
    run.fail(error)
    if not run.debug:
        run.output.say("That should not happen; --debug shows where it did.")


def _drop_stdout() -> None:
    """Nobody reads it any more: what is still buffered must not raise at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _set_up_logging(run: Run) -> None:
    log = logging.getLogger()
    if run.debug:
        logging.basicConfig(level=logging.DEBUG, stream=run.output.stderr)
    elif not log.handlers:
        log.addHandler(logging.NullHandler())
