"""Functions that workers import by name, as they import those of their users."""

import os

from storage_stream import StreamResponse
from storage_stream.integrations.dask import SourceObject


def upper(data: bytes, source: SourceObject) -> bytes:
    """Bytes to bytes."""
    return data.upper() + source.name.encode()


async def first_bytes(stream: StreamResponse, source: SourceObject) -> tuple[str, bytes]:
    """A stream to something that comes back."""
    return source.name, await stream.read(4)


def which_process(data: bytes, source: SourceObject) -> int:
    """Who did it."""
    del data, source
    return os.getpid()
