"""What sees to a worker's storage client ending with the worker. Imported only with Dask there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from distributed import WorkerPlugin

from storage_stream.integrations.dask.process_client import hold_client, release_client

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["ClientHolder"]


class ClientHolder(WorkerPlugin):
    """Holds a worker process's client of some options for as long as a run needs it.

    Args:
        key: What it is known by.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def setup(self, worker: Worker) -> None:
        """Called on each worker, also on those that come later."""
        del worker
        hold_client(self._key)

    async def teardown(self, worker: Worker) -> None:
        """Called when the worker ends, or the run."""
        del worker
        await asyncio.to_thread(release_client, self._key)
