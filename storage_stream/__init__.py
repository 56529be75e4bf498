"""Stream objects to and from Google Cloud Storage: bounded memory, verified, resuming.

    from storage_stream import Storage

    async with Storage() as storage:
        async with storage.download_stream("bucket", "name") as stream:
            async for chunk in stream: ...

Errors are in `storage_stream.errors`, stages on byte streams in `storage_stream.pipeline`, an
embedded server in `storage_stream.emulator`, help for tests in `storage_stream.testing`.
"""

from typing import TYPE_CHECKING

from storage_stream._lazy import lazy_names
from storage_stream._version import __version__

if TYPE_CHECKING:
    from storage_stream._api.batches import Batch, BatchCall
    from storage_stream._api.many_keywords import ManyKeywords
    from storage_stream._protocol.compose import ComposeSource
    from storage_stream._protocol.list_options import ListKeywords
    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream._protocol.object_stat import ObjectStat
    from storage_stream._protocol.observer import Attempt, Observation, Observer
    from storage_stream._protocol.options import (
        DownloadKeywords,
        Preconditions,
        RequestKeywords,
    )
    from storage_stream._protocol.post_policy import SignedPostPolicy
    from storage_stream._protocol.retry import RetryPolicy
    from storage_stream._protocol.signing_address import SigningAddress, UrlStyle
    from storage_stream._protocol.upload_keywords import UploadKeywords
    from storage_stream._transfer.deletion import DeleteResult, Deletion
    from storage_stream._transfer.many import ManyTransfer
    from storage_stream._transfer.many_items import TransferResult
    from storage_stream._transfer.progress import Progress, ProgressSnapshot
    from storage_stream._transport.credentials import SCOPES, TokenSource
    from storage_stream._transport.environment import Environment
    from storage_stream.blob import Blob
    from storage_stream.bucket import Bucket
    from storage_stream.client import Storage
    from storage_stream.files import (
        FileRequest,
        ObjectReader,
        ObjectWriter,
        TextReader,
        TextWriter,
    )
    from storage_stream.streams import DownloadRequest, StreamResponse
    from storage_stream.writer import StreamWriter

__all__ = [
    "SCOPES",
    "Attempt",
    "Batch",
    "BatchCall",
    "Blob",
    "Bucket",
    "ComposeSource",
    "DeleteResult",
    "Deletion",
    "DownloadKeywords",
    "DownloadRequest",
    "Environment",
    "FileRequest",
    "ListKeywords",
    "ManyKeywords",
    "ManyTransfer",
    "ObjectHead",
    "ObjectReader",
    "ObjectStat",
    "ObjectWriter",
    "Observation",
    "Observer",
    "Preconditions",
    "Progress",
    "ProgressSnapshot",
    "RequestKeywords",
    "RetryPolicy",
    "SignedPostPolicy",
    "SigningAddress",
    "Storage",
    "StreamResponse",
    "StreamWriter",
    "TextReader",
    "TextWriter",
    "TokenSource",
    "TransferResult",
    "UploadKeywords",
    "UrlStyle",
    "__version__",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Batch": "storage_stream._api.batches",
        "BatchCall": "storage_stream._api.batches",
        "ComposeSource": "storage_stream._protocol.compose",
        "DeleteResult": "storage_stream._transfer.deletion",
        "Deletion": "storage_stream._transfer.deletion",
        "ListKeywords": "storage_stream._protocol.list_options",
        "ManyKeywords": "storage_stream._api.many_keywords",
        "ManyTransfer": "storage_stream._transfer.many",
        "TransferResult": "storage_stream._transfer.many_items",
        "Progress": "storage_stream._transfer.progress",
        "ProgressSnapshot": "storage_stream._transfer.progress",
        "ObjectStat": "storage_stream._protocol.object_stat",
        "Attempt": "storage_stream._protocol.observer",
        "Observation": "storage_stream._protocol.observer",
        "Observer": "storage_stream._protocol.observer",
        "SCOPES": "storage_stream._transport.credentials",
        "TokenSource": "storage_stream._transport.credentials",
        "Blob": "storage_stream.blob",
        "Bucket": "storage_stream.bucket",
        "DownloadKeywords": "storage_stream._protocol.options",
        "DownloadRequest": "storage_stream.streams",
        "Environment": "storage_stream._transport.environment",
        "ObjectHead": "storage_stream._protocol.media_head",
        "Preconditions": "storage_stream._protocol.options",
        "RequestKeywords": "storage_stream._protocol.options",
        "RetryPolicy": "storage_stream._protocol.retry",
        "SignedPostPolicy": "storage_stream._protocol.post_policy",
        "SigningAddress": "storage_stream._protocol.signing_address",
        "Storage": "storage_stream.client",
        "UploadKeywords": "storage_stream._protocol.upload_keywords",
        "UrlStyle": "storage_stream._protocol.signing_address",
        "StreamResponse": "storage_stream.streams",
        "StreamWriter": "storage_stream.writer",
        "FileRequest": "storage_stream.files",
        "ObjectReader": "storage_stream.files",
        "ObjectWriter": "storage_stream.files",
        "TextReader": "storage_stream.files",
        "TextWriter": "storage_stream.files",
    },
)
