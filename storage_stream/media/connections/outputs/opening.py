"""What a target asks of any output, and how libvips writes to it.

libvips calls its end handler also where saving failed, and swallows what that raises; so nothing
of it counts. A target is committed when the function that saves has returned and nothing was
kept, and given up in every other case.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from storage_stream.media.connections import vips

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from storage_stream.media.bridge.pool import MediaPool
    from storage_stream.media.bridge.run import Run

__all__ = ["OpenedOutput", "Output", "Writing", "vips_target"]


class OpenedOutput(Protocol):
    """An output, for the one run that writes it; called in its worker."""

    def target(self) -> Any:
        """A `pyvips.Target`."""
        ...

    def end(self) -> None:
        """All was written."""
        ...


class Output(Protocol):
    """Where a target's bytes go."""

    def pool(self) -> MediaPool:
        """The threads that may wait for them to go."""
        ...

    def opened(self, run: Run, suffix: str | None, /) -> AbstractAsyncContextManager[OpenedOutput]:
        """Around the run: leaving it commits, leaving it by an exception gives up."""
        ...


class Writing(Protocol):
    """What the handlers of a target write to; called in the threads of libvips."""

    def write(self, data: bytes, /) -> int:
        """Take bytes where it stands; how many it took."""
        ...

    def read(self, size: int, /) -> bytes:
        """Give back what was written where it stands."""
        ...

    def seek(self, offset: int, whence: int, /) -> int:
        """Set the position."""
        ...


def vips_target(run: Run, writing: Writing) -> Any:
    """A `pyvips.Target` that writes there.

    The memory that a handler is given is libvips' own, and used again: it is copied.
    """

    def write(buffer: Any) -> int:
        return writing.write(bytes(buffer))

    def read(buffer: Any) -> int:
        data = writing.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    handlers: dict[str, Callable[..., int]] = {"write": write, "read": read, "seek": writing.seek}
    return vips.target_of({name: partial(run.guard, each) for name, each in handlers.items()})
