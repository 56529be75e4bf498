"""`FileRequest`: what `Storage.open` returns, to be entered or awaited, as aiofiles' is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from storage_stream._open_request import OpenRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.files.reader import ObjectReader
    from storage_stream.files.text_reader import TextReader
    from storage_stream.files.text_writer import TextWriter
    from storage_stream.files.writer import ObjectWriter

__all__ = ["FileRequest"]

F = TypeVar("F", bound="ObjectReader | ObjectWriter | TextReader | TextWriter")


class FileRequest(OpenRequest[F]):
    """A file that is not open yet: enter it, or await it.

        async with storage.open("bucket", "name", "rb") as file: ...
        file = await storage.open("bucket", "name", "rb")   # then close it yourself

    Neither makes a request.
    """

    _noun = "file"
    _method = "open"

    def __init__(self, make: Callable[[], F], subject: str) -> None:
        async def begin() -> F:
            return make()

        super().__init__(begin, subject)
