"""Which clients there are, what they can do, and on which event loops it makes a difference."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractAsyncContextManager

    from benchmarks.job import Job
    from benchmarks.received import Received

__all__ = ["BARE", "CLIENTS", "OURS", "PEERS", "Client", "ClientModule"]

BOTH_LOOPS = ("asyncio", "uvloop")
ONE_LOOP = ("asyncio",)  # its work is done outside the loop


class Work(Protocol):
    """One kind of work of one client."""

    def __call__(self, client: Any, job: Job, received: Received, /) -> Awaitable[None]:
        """Do it."""


class ClientModule(Protocol):
    """What each module has, besides a `Work` for each kind it can do."""

    def opened(self, job: Job) -> AbstractAsyncContextManager[Any]:
        """Open the client."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        name: What reports call it.
        module: Its module here.
        distribution: What its version is looked up by; None when it has none.
        loops: The event loops to try.
        lacks: Kinds of work that it has no function for.
    """

    name: str
    module: str
    distribution: str | None
    loops: tuple[str, ...]
    lacks: frozenset[str] = frozenset()

    def load(self) -> ClientModule:
        """Import it; what it needs is imported with it."""
        module: Any = importlib.import_module(f"benchmarks.clients.{self.module}")
        return module  # type: ignore[no-any-return] # modules have no type of their own

    def work(self, kind: str) -> Work:
        """Its function for a kind of work."""
        work: Work = getattr(self.load(), kind)
        return work


OURS = "storage-stream"
BARE = "bare sockets"
CLIENTS = {
    client.name: client
    for client in (
        Client(OURS, "storage_stream", "storage-stream", BOTH_LOOPS),
        Client("gcloud-aio-storage", "gcloud_aio_storage", "gcloud-aio-storage", BOTH_LOOPS),
        Client("gcsfs", "gcsfs", "gcsfs", BOTH_LOOPS),
        Client("google-cloud-storage", "google_cloud_storage", "google-cloud-storage", ONE_LOOP),
        Client("obstore", "obstore", "obstore", BOTH_LOOPS),
        Client(
            "aiohttp", "raw_aiohttp", "aiohttp", BOTH_LOOPS, lacks=frozenset({"sliced_to_file"})
        ),
        Client(BARE, "bare", None, BOTH_LOOPS),
    )
}
PEERS = tuple(name for name in CLIENTS if name not in (OURS, BARE))
