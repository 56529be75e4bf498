"""What a resumable download may tell its driver to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage_stream._protocol.ranges import ByteRange
    from storage_stream.errors import StorageError

__all__ = ["Done", "Fetch", "Receive", "Wait"]


@dataclass(frozen=True, slots=True)
class Fetch:
    """Make a request.

    Attributes:
        byte_range: What to ask for.
        generation: The generation to pin, or None on a first request.
        accept_gzip: Whether stored gzip shall come as it is (`Accept-Encoding: gzip`).
    """

    byte_range: ByteRange
    generation: int | None
    accept_gzip: bool

    def headers(self) -> tuple[tuple[str, str], ...]:
        """The request's header lines."""
        lines = [("accept-encoding", "gzip" if self.accept_gzip else "identity")]
        wanted = self.byte_range.header()
        if wanted is not None:
            lines.append(("range", wanted))
        return tuple(lines)

    def query(self) -> tuple[tuple[str, str], ...]:
        """The request's query parameters."""
        return () if self.generation is None else (("generation", str(self.generation)),)


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while.

    Attributes:
        seconds: How long.
        error: Why.
    """

    seconds: float
    error: StorageError


@dataclass(frozen=True, slots=True)
class Receive:
    """Read the body."""


@dataclass(frozen=True, slots=True)
class Done:
    """All that was wanted is here.

    Attributes:
        verified: True when the checksum of the whole object was compared and is right; None when
            it could not be: a range, a body the service decompressed, or no checksum.
    """

    verified: bool | None
