"""An observer that cannot do harm: what it raises goes into the log once, and the call goes on.

Whoever looks on must not decide whether bytes arrive. So nothing that an observer of somebody
else's raises reaches a transfer, header lines of its that are none are left out, and what it hands
out is asked in the same way. What is observed, and how, is not known here.
"""

from __future__ import annotations

from asyncio import get_running_loop
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from storage_stream._log import log
from storage_stream._protocol.http import check_header_text

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from storage_stream._protocol.observer import Attempt, Observation, Observer

__all__ = ["ContainedObserver"]


class _Told:
    """Calls what is not ours."""

    def __init__(self) -> None:
        self._has_failed = False

    def ask(self, method: Callable[..., Any], *arguments: object) -> Any:
        """What it gives; None where it raises."""
        try:
            return method(*arguments)
        except Exception as error:  # noqa: BLE001 - it is logged
            self.failed(error)
            return None

    def failed(self, error: Exception) -> None:
        """Log it, if it is the first."""
        if not self._has_failed:
            self._has_failed = True
            log.error("the observer failed; this is told once", exc_info=error)


class ContainedObserver:
    """An `Observer` around another one.

    Args:
        observer: Is told.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._told = _Told()

    def begin(self, operation: str, bucket: str | None, name: str | None) -> Observation:
        """See `Observer.begin`."""
        return _Observation(
            self._told.ask(self._observer.begin, operation, bucket, name), self._told
        )


class _Observation:
    """One call's; tells nobody if it could not begin.

    It ends with the call, or when nobody has the call any more: a stream that was dropped.
    """

    def __init__(self, found: Observation | None, told: _Told) -> None:
        self._found = found
        self._told = told
        self._is_over = found is None
        try:
            self._loop: AbstractEventLoop | None = get_running_loop()
        except RuntimeError:
            self._loop = None

    def __del__(self) -> None:
        if self._is_over or self._loop is None or self._loop.is_closed():
            return
        # Not at once: whoever made garbage be collected may hold a lock that the observer wants.
        with suppress(RuntimeError):  # closed meanwhile
            self._loop.call_soon_threadsafe(_end, self._told, self._found)

    def current(self) -> AbstractContextManager[object]:
        """See `Observation.current`."""
        scope = None if self._found is None else self._told.ask(self._found.current)
        return nullcontext() if scope is None else _Scope(scope, self._told)

    def attempt(self, method: str, url: str) -> Attempt:
        """See `Observation.attempt`."""
        found = None if self._found is None else self._told.ask(self._found.attempt, method, url)
        return _Attempt(found, self._told)

    def waits(self, seconds: float, why: BaseException) -> None:
        """See `Observation.waits`."""
        if self._found is not None:
            self._told.ask(self._found.waits, seconds, why)

    def resumed(self) -> None:
        """See `Observation.resumed`."""
        if self._found is not None:
            self._told.ask(self._found.resumed)

    def ended(self, error: BaseException | None) -> None:
        """See `Observation.ended`."""
        self._is_over = True
        if self._found is not None:
            self._told.ask(self._found.ended, error)


class _Attempt:
    """One request's."""

    def __init__(self, found: Attempt | None, told: _Told) -> None:
        self._found = found
        self._told = told

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """See `Attempt.headers`; none at all where one of them is no header."""
        return () if self._found is None else self._told.ask(_lines_of, self._found) or ()

    def sent(self, count: int) -> None:
        """See `Attempt.sent`."""
        if self._found is not None:
            self._told.ask(self._found.sent, count)

    def answered(self, status: int) -> None:
        """See `Attempt.answered`."""
        if self._found is not None:
            self._told.ask(self._found.answered, status)

    def received(self, count: int) -> None:
        """See `Attempt.received`."""
        if self._found is not None:
            self._told.ask(self._found.received, count)

    def ended(self, error: BaseException | None) -> None:
        """See `Attempt.ended`."""
        if self._found is not None:
            self._told.ask(self._found.ended, error)


class _Scope:
    """A block of the observer's, which lets every error of the call pass as it is."""

    def __init__(self, scope: AbstractContextManager[object], told: _Told) -> None:
        self._scope = scope
        self._told = told
        self._is_open = False

    def __enter__(self) -> None:
        try:
            self._scope.__enter__()
            self._is_open = True
        except Exception as error:  # noqa: BLE001 - it is logged
            self._told.failed(error)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._is_open:
            return
        try:
            self._scope.__exit__(kind, error, traceback)
        except Exception as failure:  # noqa: BLE001 - the same
            if failure is not error:  # else it lets the call's own pass
                self._told.failed(failure)


def _end(told: _Told, found: Observation | None) -> None:
    if found is not None:
        told.ask(found.ended, None)


def _lines_of(attempt: Attempt) -> tuple[tuple[str, str], ...]:
    return tuple(
        (check_header_text(name).lower(), check_header_text(value))
        for name, value in attempt.headers
    )
