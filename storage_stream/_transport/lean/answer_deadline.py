"""Until when the head of an answer is waited for: silence counts, slowness does not.

What the kernel has taken is not with the other side yet. It may hold megabytes for a slow link,
and tells of room only when a third of them is gone, so minutes may pass between two pieces, or
behind the last, in which every byte goes its way. So what still waits is looked at, too. What is
waited for, and what becomes of it, is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["AnswerDeadline"]

_LOOKS: Final = 4  # in the time that silence may last, which it thus exceeds by a fourth at most


class AnswerDeadline:
    """When it is too late for an answer; one timer serves many requests.

    Args:
        loop: The connection's event loop.
        unsent: Bytes that were written, and that the other side has not confirmed.
        on_over: Called when it is too late, with the seconds that silence may last.
    """

    __slots__ = (
        "_deadline",
        "_loop",
        "_on_over",
        "_seconds",
        "_timer",
        "_timer_at",
        "_unsent",
        "_unsent_before",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        unsent: Callable[[], int],
        on_over: Callable[[float | None], None],
    ) -> None:
        self._loop = loop
        self._unsent = unsent
        self._unsent_before = 0  # of a large body
        self._on_over = on_over
        self._seconds: float | None = None
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def start(self, deadline: float | None, seconds: float | None) -> None:
        """Begin to wait.

        Args:
            deadline: By the loop's clock; None for as long as it takes.
            seconds: By how much bytes that go out put it off; None where there is no deadline.
        """
        self._deadline = deadline
        self._seconds = seconds
        self._unsent_before = 0
        if deadline is not None and (self._timer is None or self._timer_at > deadline):
            self._look_at(deadline)

    def put_off(self) -> None:
        """A piece of a large body went out: only silence counts from now on."""
        if self._deadline is None or self._seconds is None:
            return
        now = self._loop.time()
        self._deadline = now + self._seconds
        self._unsent_before = self._unsent()
        look = now + self._seconds / _LOOKS
        if self._timer is None or self._timer_at > look:
            self._look_at(look)

    def stop(self) -> None:
        """It is here, or nobody waits for it any more."""
        self._deadline = None

    def close(self) -> None:
        """Wait for nothing more. Idempotent."""
        self._deadline = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        deadline, seconds = self._deadline, self._seconds
        if deadline is None:
            return
        now = self._loop.time()
        if self._unsent_before and seconds is not None:
            unsent = self._unsent()
            if unsent < self._unsent_before:
                self._deadline = deadline = now + seconds
            self._unsent_before = unsent
        if now >= deadline:
            self._on_over(seconds)
        elif self._unsent_before and seconds is not None:
            self._look_at(min(deadline, now + seconds / _LOOKS))
        else:
            self._look_at(deadline)
