"""When one connection is not enough: it waits for bytes while the processor has little to do.

Several connections are several times as fast where each is limited, by its round trips or by a
quota. Where this thread is the limit they only cost: measured on loopback, a file over eight takes
a third more processor time than over one, because the kernel's and our own buffers of all of them
leave the processor's cache. So the time that this thread was busy is held against the time that
passed. Standing in line for a processor that others use is being busy, too: then there is still
less of it for more connections. What is done with the answer is not known here.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakKeyDictionary

from storage_stream._transfer.busy_time import busy_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from storage_stream._transport.clock import Clock, TimerHandle

__all__ = ["Reinforcement"]

# A link that is slow shows at once, by a thread that has next to nothing to do: 50 MiB/s are a
# twentieth of its time. Between that and a server that another process holds up for a moment,
# only a longer look can tell.
_FIRST_LOOK_SECONDS: Final = 0.005
_LONG_LOOK_SECONDS: Final = 0.08
_LONGEST_LOOK_SECONDS: Final = 0.16

# Shares of the time. With more work, other connections would soon only share out this thread.
_HARDLY_ANY_WORK: Final = 0.15
_LITTLE_WORK: Final = 0.4

# So late an answer is hardly that of a server that was held up, and where each request takes so
# long, there is something to be gained: less certainty is needed. Between regions a round trip
# takes more; a service in the same place answers in a few milliseconds.
_LATE_SECONDS: Final = 0.02

# When others were last called, of all downloads that share a clock, and so a thread. Eight files
# that wait for the same moment of a busy server would else call fifty-six connections at once.
_latest_calls: Final[WeakKeyDictionary[Clock, float]] = WeakKeyDictionary()


class Reinforcement:
    """Looks again and again whether more connections would help; from entering to leaving.

    Args:
        clock: Measures the time that passes.
        on_call: Called once, when they would.
        worked: Seconds that this thread has been busy so far.
        answered_after: Seconds from the request to its answer.

    Attributes:
        called: Set when they would, and by `call`.
    """

    def __init__(
        self,
        clock: Clock,
        on_call: Callable[[], None],
        worked: Callable[[], float] = busy_seconds,
        *,
        answered_after: float = 0.0,
    ) -> None:
        self.called = asyncio.Event()
        self._clock = clock
        self._on_call = on_call
        self._worked = worked
        self._seconds = _FIRST_LOOK_SECONDS
        self._is_late = answered_after >= _LATE_SECONDS
        self._since = clock.now()
        self._worked_before = worked()
        self._timer: TimerHandle | None = None

    def __enter__(self) -> Self:
        self._look_later()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def call(self) -> None:
        """Whatever the processor does: call them now, and look no more. Idempotent."""
        self._stop()
        if not self.called.is_set():
            self.called.set()
            self._on_call()

    def _look_later(self) -> None:
        self._timer = self._clock.call_later(self._seconds, self._look)

    def _look(self) -> None:
        now, worked = self._clock.now(), self._worked()
        is_certain = self._is_late or self._seconds >= _LONG_LOOK_SECONDS
        little = _LITTLE_WORK if is_certain else _HARDLY_ANY_WORK
        if _latest_calls.get(self._clock, -math.inf) > self._since:
            self._seconds = _LONG_LOOK_SECONDS  # in which what another download called shows
        elif worked - self._worked_before < little * (now - self._since):
            _latest_calls[self._clock] = now
            self.call()
            return
        else:
            self._seconds = min(2 * self._seconds, _LONGEST_LOOK_SECONDS)
        self._since, self._worked_before = now, worked
        self._look_later()

    def _stop(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
