"""What can be wrong with a blob; each is a `StorageError`, raised like those of the transfer.

    StorageError
    ├── UsageError
    │   ├── NoBlobContext    (LookupError)  a blob was (de)serialised outside a request's context
    │   └── NotAServedBlob   (ValueError)   this data cannot get a link: from elsewhere, not pinned
    └── BlobError
        ├── BlobNotFound     (KeyError)     no blob has this id (any more)
        ├── ForeignHref      (ValueError)   a link that does not lead to this server's blobs
        └── BlobNotLoaded    (ValueError)   the bytes are in a bucket: ask with `await read()`

A missing library is `storage_stream.media.ExtraMissing`. This module knows no web framework.
"""

from __future__ import annotations

from storage_stream.errors import StorageError, UsageError

__all__ = [
    "BlobError",
    "BlobNotFound",
    "BlobNotLoaded",
    "ForeignHref",
    "NoBlobContext",
    "NotAServedBlob",
]


class NoBlobContext(UsageError, LookupError):
    """A blob became a link, or a link a blob, where no manager is at hand."""


class NotAServedBlob(UsageError, ValueError):
    """This data cannot be given a link by this manager."""


class BlobError(StorageError):
    """The root of what `storage_stream.outputs` says about blobs."""


class BlobNotFound(BlobError, KeyError):
    """No blob has this id: it was never here, or nobody holds it any more."""


class ForeignHref(BlobError, ValueError):
    """The link is not one that this server gave; nothing was fetched."""


class BlobNotLoaded(BlobError, ValueError):
    """The bytes are not in this process's memory or files; `await blob.read()` gets them."""
