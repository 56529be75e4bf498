"""A call that somebody observes: it travels with the call's options, in the place of its meter.

So what is done for it by other tasks, much later or in someone else's context, is told to it all
the same. It counts for the caller's own meter, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.observer import Observation

__all__ = ["ObservedCall"]


class ObservedCall:
    """A `Meter` that knows of an `Observation`, which begins when it is first asked for.

    Args:
        begin: Begins it.
        inner: What the caller gave to count, or None.
    """

    def __init__(self, begin: Callable[[], Observation], inner: Meter | None = None) -> None:
        self._begin = begin
        self._inner = inner
        self._observation: Observation | None = None
        self._scope: AbstractContextManager[object]
        self._is_over = False

    @property
    def observation(self) -> Observation:
        """Who is told."""
        if self._observation is None:
            self._observation = self._begin()
        return self._observation

    def ended(self, error: BaseException | None = None) -> None:
        """The call is over; only the first time counts, and only what has begun can end."""
        if self._observation is not None and not self._is_over:
            self._is_over = True
            self._observation.ended(error)

    def __enter__(self) -> Self:
        """The block is the call: what is begun in it belongs to it, and it ends with it."""
        self._scope = self.observation.current()
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._scope.__exit__(kind, error, traceback)
        self.ended(error)

    # -- a Meter ---------------------------------------------------------------------------

    def attempt(self) -> None:
        """See `Meter.attempt`."""
        if self._inner is not None:
            self._inner.attempt()

    def answered(self, status: int) -> None:
        """See `Meter.answered`."""
        if self._inner is not None:
            self._inner.answered(status)

    def expect(self, total_bytes: int | None) -> None:
        """See `Meter.expect`."""
        if self._inner is not None:
            self._inner.expect(total_bytes)

    def moved(self, count: int) -> None:
        """See `Meter.moved`."""
        if self._inner is not None:
            self._inner.moved(count)

    def gained(self, count: int) -> None:
        """See `Meter.gained`."""
        if self._inner is not None:
            self._inner.gained(count)

    def resumed(self) -> None:
        """See `Meter.resumed`."""
        self.observation.resumed()
        if self._inner is not None:
            self._inner.resumed()
