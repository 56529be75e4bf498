"""What the methods of `Blob`, `Bucket` and `Batch` take besides what stands in their signatures.

gcloud-aio-storage's callers give `timeout`, `session` and `params` by place there, and a keyword
cannot stand in both, so each of these has what its method leaves over of the client's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream._protocol.options import CallKeywords, HandleKeywords
from storage_stream._protocol.upload_keywords import SourceKeywords

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = [
    "BatchCallKeywords",
    "BlobDownloadKeywords",
    "BlobExistsKeywords",
    "BlobUploadKeywords",
    "BucketMetadataKeywords",
    "GetBlobKeywords",
    "ListBlobsKeywords",
]


class BatchCallKeywords(CallKeywords, total=False):
    """Keywords of one call of a batch; those of every request are `Storage.batch`'s."""

    params: Mapping[str, Any] | None


class BucketMetadataKeywords(HandleKeywords, total=False):
    """Keywords of `Bucket.get_metadata`."""

    timeout: float | None


class ListBlobsKeywords(BucketMetadataKeywords, total=False):
    """Keywords of `Bucket.list_blobs`."""

    params: Mapping[str, Any] | None


class GetBlobKeywords(HandleKeywords, total=False):
    """Keywords of `Bucket.get_blob`; see `Storage.download_metadata`."""

    params: Mapping[str, Any] | None
    generation: int | None


class BlobExistsKeywords(GetBlobKeywords, total=False):
    """Keywords of `Bucket.blob_exists`; see `Storage.exists`."""

    timeout: float | None


class BlobDownloadKeywords(GetBlobKeywords, total=False):
    """Keywords of `Blob.download`; see `Storage.download`."""

    start: int
    end: int | None
    max_decoded_bytes: int | None
    slice_bytes: int
    workers: int


class BlobUploadKeywords(ListBlobsKeywords, SourceKeywords, total=False):
    """Keywords of `Blob.upload`; see `UploadKeywords`."""
