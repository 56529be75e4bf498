"""What a piece of work is, and what it may say about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from storage_stream import Storage

__all__ = ["BUCKET", "MIB", "Outcome", "Work"]

BUCKET = "pictures"
MIB = 1024 * 1024


@dataclass(slots=True)
class Outcome:
    """What a piece of work came to.

    Attributes:
        is_right: Whether the result is what it has to be.
        requests: Requests for parts of the object, where they are counted.
        downloaded: Bytes of it that came, where they are counted.
        seconds: What counts as its time, where that is not all of it.
        peak_rss: Bytes of memory at most, before something else was compared with.
        more: What else was measured.
    """

    is_right: bool
    requests: int | None = None
    downloaded: int | None = None
    seconds: float | None = None
    peak_rss: int | None = None
    more: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work.

    Attributes:
        samples: The samples it needs; they are in the bucket under these names.
        act: Does it, with a client and the folder of the samples.
        goal: What it should reach, in words; for samples of 201 megapixels.
        peak_mib: Memory that it may take.
        requests: Requests that it may make.
        share: Part of the object that it may download.
        seconds: How long it may take.
        lag: Seconds that the event loop may be late, in 99 of 100 cases.
        copies: How often the sample is put into the bucket, as NAME, NAME-1, …
    """

    samples: tuple[str, ...]
    act: Callable[[Storage, Path], Awaitable[Outcome]]
    goal: str
    peak_mib: float
    requests: int | None = None
    share: float | None = None
    seconds: float | None = None
    lag: float | None = None
    copies: int = 1
