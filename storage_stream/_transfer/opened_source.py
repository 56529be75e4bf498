"""Around an upload: what the caller gave, opened where it has to be, and left as it is to be left.

Every upload that goes through its source from front to back stands on this one block, so that a
source is used by one of them at a time, and a file stands where it stood after each that failed.
It does not know how the bytes go out.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from storage_stream import pipeline
from storage_stream._transfer.source import FileSource, Rewindable, alone, pieces_of, source_of
from storage_stream.pipeline.source import Input, open_source

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["OpenedSource", "opened_source"]


class OpenedSource(NamedTuple):
    """What is read.

    Attributes:
        data: What the caller gave, or what its block gave.
        source: Its bytes, those after compression where they are to be compressed.
    """

    data: Any
    source: bytes | Rewindable | Input


@contextlib.asynccontextmanager
async def opened_source(data: Any, *, zipped: bool) -> AsyncGenerator[OpenedSource]:
    """The source of an upload, for as long as the upload takes.

    A download that has not begun is opened and closed; nothing else is. A file that can seek is
    put back where it stood when the block fails.

    Args:
        data: See `source_of`; or a download, open or not.
        zipped: Whether its bytes are compressed with gzip.

    Raises:
        TypeError: It is nothing that can be sent, or its block gives nothing to read.
        OSError: It cannot be read.
        UsageError: Another upload is reading it.
    """
    async with contextlib.AsyncExitStack() as stack:
        if _is_unopened_download(data):
            data = _opened_or_refused(await stack.enter_async_context(data), data)
        stack.enter_context(alone(data))
        source = await source_of(data)
        if isinstance(source, FileSource):
            await stack.enter_async_context(_put_back_on_failure(source))
        if zipped:
            stage = await stack.enter_async_context(pipeline.gzip(pieces_of(source)))
            source = open_source(stage)
        yield OpenedSource(data, source)


@contextlib.asynccontextmanager
async def _put_back_on_failure(source: FileSource) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        await source.put_back()
        raise


def _is_unopened_download(data: Any) -> bool:
    return not callable(getattr(data, "read", None)) and hasattr(data, "__aenter__")


def _opened_or_refused(opened: Any, manager: Any) -> Any:
    """What a block gives to read from.

    Raises:
        TypeError: Nothing: a lock's block gives None, which by itself would mean no bytes; a
            session's gives the session.
    """
    can_be_gone_through = isinstance(cast("object", opened), AsyncIterable | Iterable)
    if opened is None or (opened is manager and not can_be_gone_through):
        raise TypeError(f"cannot upload {type(manager).__name__}: its block gives nothing to read")
    return opened
