"""How a session of aiohttp's that is ours reaches the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

__all__ = ["DIRECT", "SessionOptions"]


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The way to the service.

    Attributes:
        context: For TLS; None for the system's authorities.
        proxy: A proxy's URL, or None.
        trust_env: Whether the environment may name a proxy.
    """

    context: ssl.SSLContext | None = None
    proxy: str | None = field(default=None, repr=False)  # a password may stand in it
    trust_env: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether nothing stands between."""
        return self.proxy is None and not self.trust_env


DIRECT = SessionOptions()
