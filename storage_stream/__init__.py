"""Stream objects to and from Google Cloud Storage: bounded memory, verified, resuming.

from storage_stream import Storage

async with Storage() as storage:
    async with storage.download_stream("bucket", "name") as stream:
        async for chunk in stream: ...
"""

from storage_stream._protocol.media_head import ObjectHead
from storage_stream._protocol.options import DownloadKeywords, Preconditions, RequestKeywords
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._transport.environment import Environment
from storage_stream._version import __version__
from storage_stream.blob import Blob
from storage_stream.bucket import Bucket
from storage_stream.client import Storage
from storage_stream.streams import DownloadRequest, StreamResponse

__all__ = [
    "Blob",
    "Bucket",
    "DownloadKeywords",
    "DownloadRequest",
    "Environment",
    "ObjectHead",
    "Preconditions",
    "RequestKeywords",
    "RetryPolicy",
    "Storage",
    "StreamResponse",
    "__version__",
]
