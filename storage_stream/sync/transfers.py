"""Runs of many and batches, synchronous: iterated, or run to their end by `result`."""

from __future__ import annotations

import warnings
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from storage_stream import Batch as AsyncBatch
from storage_stream import Deletion as AsyncDeletion
from storage_stream import ManyTransfer as AsyncManyTransfer
from storage_stream.sync.face import Face, Resource
from storage_stream.sync.items import Items

if TYPE_CHECKING:
    from types import TracebackType

    from storage_stream import DeleteResult, TransferResult
    from storage_stream.sync.face import Owner
    from storage_stream.sync.portal import Jobs

__all__ = ["Batch", "Deletion", "ManyTransfer"]


class _Run(Face):
    """What is iterated for results, or run to its end."""

    def __init__(self, inner: Any, owner: Owner) -> None:
        super().__init__(inner, owner)
        self._jobs: Jobs = SimpleQueue()
        self._is_begun = False

    def made_by(self, maker: Face, jobs: Jobs) -> None:  # noqa: ARG002 - as in Face
        self._jobs = jobs  # the caller's iterable is read while its results are waited for

    def _iterate(self) -> Items[Any]:
        inner = self._usable()
        results: Items[Any] = Items(self._owner, aiter(inner), jobs=self._jobs)
        self._is_begun = True
        return results

    def result(self) -> Self:
        """Run it to its end: what `await` does in the asynchronous client.

        Returns:
            Itself, with the numbers.
        """
        inner = self._usable()
        self._is_begun = True
        self._owner.run(_awaited, inner, jobs=self._jobs)
        return self

    def close(self) -> None:
        """Break off what is under way, and wait until it has ended. Idempotent."""
        self._is_begun = True
        self._owner.run(self._usable().aclose)

    aclose = close

    def __enter__(self) -> Self:
        self._usable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._is_begun:
            message = f"{self!r} was never begun: iterate over it, or call result()"
            warnings.warn(message, ResourceWarning, source=self, stacklevel=2)


async def _awaited(run: Any) -> None:
    await run


class ManyTransfer(_Run, mirrors=AsyncManyTransfer):
    """A run of many transfers.

        with storage.download_many("bucket", "photos/", folder) as run:
            for result in run: ...
        summary = storage.download_many("bucket", "photos/", folder).result()

    Nothing is sent before it is iterated, or `result` called; it runs once. An error of one object
    is a result like any other and ends nothing; what is raised ends the run.
    """

    def __iter__(self) -> Items[TransferResult]:
        return self._iterate()


class Deletion(_Run, mirrors=AsyncDeletion):
    """The deleting of many objects: `for result in …`, or `summary = ….result()`.

    Nothing is sent before; it runs once.
    """

    def __iter__(self) -> Items[DeleteResult]:
        return self._iterate()


class Batch(Resource, mirrors=AsyncBatch):
    """Calls that are collected, and sent when the block is left; made by `Storage.batch`."""

    def __len__(self) -> int:
        return len(self._usable())
