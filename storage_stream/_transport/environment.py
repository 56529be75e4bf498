"""The client's surroundings, as one value that a test can replace: network, time, chance."""

from __future__ import annotations

import random
from collections.abc import Callable  # noqa: TC003 - a dataclass's fields are looked up
from dataclasses import dataclass, field

from storage_stream._transport.base import Transport  # noqa: TC001 - the same
from storage_stream._transport.clock import Clock, SystemClock

__all__ = ["Environment"]


def _dice() -> Callable[[], float]:
    """Numbers of our own: who seeds Python's shared generator shall not seed our waits."""
    return random.Random().random  # noqa: S311 - jitter is no secret


@dataclass(frozen=True, slots=True)
class Environment:
    """Network, time and chance.

    Attributes:
        transport: Carries the requests; None for aiohttp.
        clock: Tells the time and waits.
        random: Numbers in [0, 1), for the jitter of waits.
    """

    transport: Transport | None = None
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = field(default_factory=_dice)
