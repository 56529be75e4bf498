"""What sees to a worker's storage client ending with the worker. Imported only with Dask there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin

from storage_stream.integrations.dask.loop_thread import hold_client, release_client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from distributed import Worker

__all__ = ["ClientHolder"]


class ClientHolder(WorkerPlugin):
    """Holds a worker process's client of some options for as long as a run needs it.

    Args:
        storage_options: For `Storage`.
    """

    def __init__(self, storage_options: Mapping[str, Any]) -> None:
        self._storage_options = dict(storage_options)

    def setup(self, worker: Worker) -> None:
        """Called on each worker, also on those that come later."""
        del worker
        hold_client(self._storage_options)

    async def teardown(self, worker: Worker) -> None:
        """Called when the worker ends, or the run."""
        del worker
        await asyncio.to_thread(release_client, self._storage_options)
