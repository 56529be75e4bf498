"""What can go wrong with a run on a cluster, besides what goes wrong with its objects."""

from __future__ import annotations

from storage_stream.errors import TransferError

__all__ = ["ClusterLost", "ManifestTaken"]


class ClusterLost(TransferError):  # noqa: N818 - as SessionExpired is named
    """The scheduler is gone, or there are no workers: the run ended before all was done.

    What was done is in the manifest: the same call with another cluster goes on.
    """


class ManifestTaken(TransferError):  # noqa: N818 - the same
    """Another run writes the same manifest, or one that went on with it meanwhile."""
