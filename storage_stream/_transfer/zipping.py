"""gzip for bytes that are written, as `pipeline.gzip` is for bytes that are read.

The same bytes come of the same data, so that what was written can be gone on with from a source
that is read. It knows nothing of where they go.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque

from storage_stream.pipeline.chunks import Blocks
from storage_stream.pipeline.source import READ_BYTES, run_blocking

__all__ = ["GzipWriter"]

_LEVEL = 6  # as `pipeline.gzip` has it
_GZIP_WBITS = 16 + zlib.MAX_WBITS


class GzipWriter:
    """Takes data in at once, and compresses it in a worker thread when it is asked for.

    A cancel loses nothing: what was taken in, and what came of it, waits for the next call. A
    thread that nobody waits for any more may still be at work then, so there is a lock.
    """

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
        self._blocks = Blocks(READ_BYTES)
        self._waiting: deque[bytes] = deque()
        self._done: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._has_ended = False
        self._is_flushed = False
        self.received = 0

    def feed(self, data: bytes) -> None:
        """Take in the next bytes."""
        self.received += len(data)
        self._waiting.extend(self._blocks.feed(data))

    def end(self) -> None:
        """Nothing more comes. Idempotent."""
        if not self._has_ended:
            self._waiting.append(self._blocks.finish())
            self._has_ended = True

    async def compressed(self) -> bytes:
        """What came of all that was taken in; of the last bytes, only after the end."""
        if self._waiting:
            await run_blocking(self._work)
        return b"".join(self._done.popleft() for _ in range(len(self._done)))

    def _work(self) -> None:
        with self._lock:
            while self._waiting:
                self._done.append(self._compressor.compress(self._waiting.popleft()))
            if self._has_ended and not self._is_flushed:
                self._done.append(self._compressor.flush())
                self._is_flushed = True
