"""The same client for code that does not `await`: `from storage_stream.sync import Storage`.

One event loop in a thread does all the work. The types are in `__init__.pyi`, which
`scripts/sync_stub.py` makes of the asynchronous client's source; so they cannot differ.
"""

from storage_stream.sync.client import Blob, Bucket, Storage
from storage_stream.sync.files import ObjectReader, ObjectWriter, TextReader, TextWriter
from storage_stream.sync.items import Items
from storage_stream.sync.streams import StreamResponse, StreamWriter
from storage_stream.sync.transfers import Batch, Deletion, ManyTransfer

__all__ = [
    "Batch",
    "Blob",
    "Bucket",
    "Deletion",
    "Items",
    "ManyTransfer",
    "ObjectReader",
    "ObjectWriter",
    "Storage",
    "StreamResponse",
    "StreamWriter",
    "TextReader",
    "TextWriter",
]
