"""Which addresses are ours: one always, Google's own where the user says so."""

from __future__ import annotations

from storage_stream.integrations.fsspec.filesystem import StorageFileSystem
from storage_stream.integrations.fsspec.library import register_implementation

__all__ = ["register"]

_PROTOCOLS = ("storage-stream", "gs", "gcs")


def register() -> None:
    """Let `gs://` and `gcs://` mean `StorageFileSystem`, in this process, from now on.

    In place of gcsfs, if that is installed. `fsspec.filesystem("gs")`, `fsspec.open("gs://…")` and
    what stands on them (pandas, Dask, zarr) are ours then; file systems that were made before stay
    what they are. `storage-stream://` needs no call.
    """
    for protocol in _PROTOCOLS:
        register_implementation(protocol, StorageFileSystem, clobber=True)
