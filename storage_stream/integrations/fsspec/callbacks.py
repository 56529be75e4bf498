"""fsspec's callbacks, told by our progress."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from storage_stream import Progress
from storage_stream.integrations.fsspec.library import DEFAULT_CALLBACK, NoOpCallback

if TYPE_CHECKING:
    from collections.abc import Generator

    from storage_stream import ProgressSnapshot

__all__ = ["followed"]


@contextmanager
def followed(callback: Any) -> Generator[Progress | None]:
    """A progress that tells the callback of the bytes, and at the end of the last of them.

    None for a callback that does nothing: then nothing is counted.
    """
    if callback is DEFAULT_CALLBACK or isinstance(callback, NoOpCallback):
        yield None
        return

    def tell(snapshot: ProgressSnapshot) -> None:
        if snapshot.bytes_total is not None and callback.size != snapshot.bytes_total:
            callback.set_size(snapshot.bytes_total)
        callback.absolute_update(snapshot.bytes_confirmed)

    progress = Progress(tell)
    yield progress
    progress.close()
