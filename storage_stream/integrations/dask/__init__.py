"""Millions of objects on a Dask cluster: transfers, and a function on each of them.

    from distributed import Client
    from storage_stream.integrations.dask import transfer

    with Client("tcp://scheduler:8786") as client:
        summary = transfer(client, "gs://bucket/photos/", "gs://other/photos/")

It needs the extra `dask`. Importing this package imports neither Dask nor the client. What is
scheduled, and where, is Dask's business; this package knows of ranges of names, units of work, and
how a run that lost its cluster goes on.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names

if TYPE_CHECKING:
    from storage_stream.integrations.dask.api import ClusterKeywords, map_objects, transfer
    from storage_stream.integrations.dask.engine import connect
    from storage_stream.integrations.dask.errors import ClusterLost, ManifestTaken
    from storage_stream.integrations.dask.order import FailedObject, SourceObject
    from storage_stream.integrations.dask.summary import ClusterSummary

__all__ = [
    "ClusterKeywords",
    "ClusterLost",
    "ClusterSummary",
    "FailedObject",
    "ManifestTaken",
    "SourceObject",
    "connect",
    "map_objects",
    "transfer",
]

_HERE = "storage_stream.integrations.dask"
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ClusterKeywords": f"{_HERE}.api",
        "ClusterLost": f"{_HERE}.errors",
        "ClusterSummary": f"{_HERE}.summary",
        "FailedObject": f"{_HERE}.order",
        "ManifestTaken": f"{_HERE}.errors",
        "SourceObject": f"{_HERE}.order",
        "connect": f"{_HERE}.engine",
        "map_objects": f"{_HERE}.api",
        "transfer": f"{_HERE}.api",
    },
)
