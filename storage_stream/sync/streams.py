"""Streams and writers, synchronous."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING

from storage_stream import StreamResponse as AsyncStreamResponse
from storage_stream import StreamWriter as AsyncStreamWriter
from storage_stream.sync.face import Resource

if TYPE_CHECKING:
    from storage_stream.sync.items import Items

__all__ = ["StreamResponse", "StreamWriter"]


class StreamResponse(Resource, mirrors=AsyncStreamResponse):
    """The bytes of an object as they arrive, in bounded memory.

        with storage.download_stream("bucket", "name") as stream:
            for chunk in stream: ...

    The download has begun when `download_stream` returns; whoever does not enter its block closes
    it. The rest is as in the asynchronous `StreamResponse`. One thread at a time may read.
    """

    def __iter__(self) -> Items[bytes]:
        found: Items[bytes] = self._faced(aiter(self._usable()), "__aiter__", SimpleQueue())
        return found


class StreamWriter(Resource, mirrors=AsyncStreamWriter):
    """A new object, written as its bytes come, in bounded memory.

        with storage.upload_stream("bucket", "name") as writer:
            writer.write(b"...")
        print(writer.resource["generation"])

    Leaving the block makes the object; leaving it by an exception gives the upload up, and nothing
    of it becomes visible. The rest is as in the asynchronous `StreamWriter`. One thread at a time
    may write.
    """
