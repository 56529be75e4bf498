"""fsspec's interface on our client: what pandas, pyarrow, Dask, zarr and others read and write by.

    import storage_stream.integrations.fsspec as storage_stream_fsspec

    storage_stream_fsspec.register()          # gs:// and gcs:// are ours from now on
    pandas.read_csv("gs://bucket/name.csv")

`storage-stream://bucket/name` works without `register`, wherever fsspec is installed (the extra
`fsspec`). Importing this package imports neither fsspec nor the client.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names

if TYPE_CHECKING:
    from storage_stream.integrations.fsspec.filesystem import StorageFileSystem
    from storage_stream.integrations.fsspec.options import UnknownOption
    from storage_stream.integrations.fsspec.registration import register

__all__ = ["StorageFileSystem", "UnknownOption", "register"]

_HERE = "storage_stream.integrations.fsspec"
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "StorageFileSystem": f"{_HERE}.filesystem",
        "UnknownOption": f"{_HERE}.options",
        "register": f"{_HERE}.registration",
    },
)
