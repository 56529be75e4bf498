"""When to try again, and how long to wait: verdicts and budgets, no clock and no dice.

The rules are the service's: https://cloud.google.com/storage/docs/retry-strategy. Randomness and
the time of day come in as arguments, so that a test can say what they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from storage_stream.errors import (
    ConnectFailed,
    InvalidArgument,
    ResponseError,
    StorageError,
    TokenTimeout,
    TransferStalled,
    TransportError,
    TruncatedStream,
    UntrustedCertificate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_RETRY",
    "RetryBudget",
    "RetryPolicy",
    "is_transient",
    "never_sent",
    "retry_after_seconds",
]

_TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_EXPONENT = 32  # 2**32 seconds is behind every limit; keeps the power small
_LARGEST_MULTIPLIER = 1000  # to the power of 32 still a number


def is_transient(error: StorageError) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, ResponseError):
        return error.status in _TRANSIENT_STATUSES
    if isinstance(error, UntrustedCertificate):
        return False
    return isinstance(error, TransportError | TruncatedStream | TransferStalled)


def never_sent(error: StorageError) -> bool:
    """Whether the request certainly was not carried out: any request may then be repeated."""
    return isinstance(error, ConnectFailed | TokenTimeout) or (
        isinstance(error, ResponseError) and error.status == 429  # noqa: PLR2004 - a status of HTTP
    )


def retry_after_seconds(value: str | None, now: Callable[[], float]) -> float | None:
    """What a `Retry-After` header asks for: seconds, or a date (RFC 9110 §10.2.3).

    Args:
        value: The header, or None.
        now: The time of day in seconds since 1970; asked only when the header is a date.

    Returns:
        Seconds to wait, never negative; None when there is no such header or it is unreadable.
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # a date without a zone; this machine's has nothing to do with it
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now())


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Truncated exponential backoff with full jitter.

    Before the n-th repeat it waits a random time between 0 and
    `min(max_delay, initial_delay * multiplier ** (n - 1))` seconds, and never less than the
    service asks for in `Retry-After`.

    Attributes:
        retries: Repeats after the first attempt; for a download, repeats in a row without a
            single new byte. 0 gives up at once.
        initial_delay: Seconds.
        multiplier: Growth of the longest wait from one repeat to the next.
        max_delay: Seconds; the longest wait of our own choice.
        max_retry_after: Seconds; where the service asks for more than this, the error is given
            to the caller instead.
        always: Repeat also what is not idempotent (an upload without a precondition, say). The
            service may then carry it out twice.
    """

    retries: int = 5
    initial_delay: float = 1.0
    multiplier: float = 2.0
    max_delay: float = 32.0
    max_retry_after: float = 120.0
    always: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidArgument: A negative number, one that is none, a wait without a limit, or a
                multiplier out of its range.
        """
        if not isinstance(self.retries, int) or isinstance(self.retries, bool) or self.retries < 0:
            raise InvalidArgument(f"retries={self.retries!r}: a whole number, not negative")
        if not (0 <= self.initial_delay < math.inf and 0 <= self.max_delay < math.inf):
            raise InvalidArgument("delays are finite and not negative")
        if not self.max_retry_after >= 0:
            raise InvalidArgument(f"max_retry_after={self.max_retry_after}: not negative")
        if not 1 <= self.multiplier <= _LARGEST_MULTIPLIER:
            raise InvalidArgument(f"multiplier={self.multiplier}: 1 to {_LARGEST_MULTIPLIER}")

    def delay(self, repeat: int, jitter: float) -> float:
        """Seconds before the `repeat`-th repeat (from 1); `jitter` is a random number in [0, 1)."""
        exponent = min(repeat - 1, _LONGEST_EXPONENT)
        return jitter * min(self.max_delay, self.initial_delay * self.multiplier**exponent)


DEFAULT_RETRY = RetryPolicy()


class RetryBudget:
    """What is left of a policy for one operation.

    Progress fills it again: a transfer may break any number of times as long as each attempt
    brings it forward. The first repeat after progress does not wait.
    """

    __slots__ = ("_progressed", "attempts", "failures", "policy")

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy = policy
        self.attempts = 0
        self.failures = 0
        self._progressed = False

    def progress(self) -> None:
        """The operation came forward."""
        self._progressed = True
        self.failures = 0

    def after(self, jitter: float, retry_after: float | None = None) -> float | None:
        """How long to wait after a failure.

        Returns:
            Seconds, or None: the budget is used up.
        """
        self.failures += 1
        if self.failures > self.policy.retries:
            return None
        asked = retry_after or 0.0
        if asked > self.policy.max_retry_after:
            return None
        if self._progressed:
            self._progressed = False
            return asked
        return max(asked, self.policy.delay(self.failures, jitter))
