"""How much may be under way at once, and how fast it may begin: found out, not configured.

`AdaptiveLimit` grows while more at once gives more throughput, and shrinks when the service says
that it is too much, or throughput falls. `RampUp` keeps to the service's guideline for request
rates: https://cloud.google.com/storage/docs/request-rate. Both are told the time and wait for
nothing, so that they can be driven without a loop.
"""

from __future__ import annotations

import math

from storage_stream.errors import InvalidArgument

__all__ = ["READS_PER_SECOND", "WRITES_PER_SECOND", "AdaptiveLimit", "RampUp"]

READS_PER_SECOND = 5000.0  # what a bucket takes from the beginning, by the guideline
WRITES_PER_SECOND = 1000.0
_DOUBLING_SECONDS = 20 * 60.0  # and how fast more may be asked of it
_BURST_SECONDS = 0.1  # how much may begin at once after a pause, in seconds of the rate

_WINDOW_SECONDS = 0.25  # long enough for a rate to mean something, short beside any run
_WINDOW_ITEMS = 16  # and so many items, or as many as may be under way
_ITEM_BYTES = 64 * 1024  # what one object counts besides its bytes: a request costs, too
_WORTH_IT = 1.1  # more at once stays if throughput grows by so much
_SLOW = 0.5  # and there are fewer if it falls by so much
_PROBE_WINDOWS = 8  # after so many windows without news more is tried


class AdaptiveLimit:
    """How many items may be under way.

    It tries more, and keeps that only if throughput grew: twice as many at first, until that did
    not help; later, now and then, a quarter more. A refusal halves it.

    Args:
        start: The first limit.
        most: It is never more.
        least: It is never less.
        now: The time, in seconds.

    Raises:
        InvalidArgument: Limits that contradict each other.
    """

    __slots__ = (
        *("least", "most", "size"),
        *("_before", "_begun", "_cost", "_doubling", "_full", "_hit", "_rate", "_settled"),
        "_still",
    )

    def __init__(self, *, start: int, most: int, least: int = 1, now: float = 0.0) -> None:
        if not 1 <= least <= most:
            raise InvalidArgument(f"a concurrency of {least} to {most}")
        self.least = least
        self.most = most
        self.size = min(max(start, least), most)
        self._before: int | None = None  # where to go back to, while more is tried
        self._doubling = True
        self._rate = 0.0  # that more is compared with
        self._still = _PROBE_WINDOWS  # windows without news: the first is news enough
        self._begun = now
        self._cost = self._settled = 0
        self._full = self._hit = False  # all places were taken; the service refused

    def overloaded(self) -> None:
        """The service refused for now (429, 503): half as many, once in a window."""
        if not self._hit:
            self._hit = True
            self._doubling = False
            self.size = max(self.least, self.size // 2)

    def settled(self, size: int, *, under_way: int, now: float) -> None:
        """An item ended.

        Args:
            size: Its bytes.
            under_way: How many were under way with it.
            now: The time, in seconds.
        """
        self._cost += size + _ITEM_BYTES
        self._settled += 1
        self._full = self._full or under_way >= self.size
        elapsed = now - self._begun
        if elapsed >= _WINDOW_SECONDS and self._settled >= min(self.size, _WINDOW_ITEMS):
            self._judge(self._cost / elapsed)
            self._begun = now
            self._cost = self._settled = 0
            self._full = self._hit = False

    def _judge(self, rate: float) -> None:
        if self._hit:
            self._before, self._still = None, 0
        elif not self._full:
            return  # there was too little to do: that says nothing about the limit
        elif self._before is not None:
            self._end_trial(rate)
        elif rate < self._rate * _SLOW:
            self.size, self._still = max(self.least, self.size * 3 // 4), 0
        else:
            self._still += 1
        self._rate = rate
        if self._before is None and self._still >= _PROBE_WINDOWS:
            self._try_more()

    def _end_trial(self, rate: float) -> None:
        before, self._before = self._before, None
        if rate >= self._rate * _WORTH_IT:
            self._still = _PROBE_WINDOWS  # it helped: still more
        elif before is not None:
            self.size, self._still = min(before, self.size), 0
            self._doubling = False

    def _try_more(self) -> None:
        if self.size < self.most:
            self._before = self.size
            more = self.size if self._doubling else max(1, self.size // 4)
            self.size = min(self.most, self.size + more)


class RampUp:
    """When the next request may begin.

    Args:
        per_second: Requests a second at the beginning; the rate doubles every 20 minutes.
        now: The time, in seconds.
    """

    __slots__ = ("_begun", "_next", "_start")

    def __init__(self, per_second: float, now: float = 0.0) -> None:
        if not per_second > 0:
            raise InvalidArgument(f"{per_second} requests a second")
        self._start = per_second
        self._begun = now
        self._next = now

    def rate(self, now: float) -> float:
        """Requests a second that are allowed now."""
        return self._start * math.pow(2.0, (now - self._begun) / _DOUBLING_SECONDS)

    def delay(self, now: float) -> float:
        """Take the next place, and tell the seconds until it."""
        place = max(self._next, now - _BURST_SECONDS)
        self._next = place + 1.0 / self.rate(now)
        return max(0.0, place - now)
