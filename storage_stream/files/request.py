"""`FileRequest`: what `Storage.open` returns, to be entered or awaited, as aiofiles' is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from storage_stream.errors import StreamNotOpen, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from storage_stream.files.reader import ObjectReader
    from storage_stream.files.text_reader import TextReader
    from storage_stream.files.text_writer import TextWriter
    from storage_stream.files.writer import ObjectWriter

__all__ = ["FileRequest"]

F = TypeVar("F", bound="ObjectReader | ObjectWriter | TextReader | TextWriter")


class FileRequest(Generic[F]):
    """A file that is not open yet: enter it, or await it.

        async with storage.open("bucket", "name", "rb") as file: ...
        file = await storage.open("bucket", "name", "rb")   # then close it yourself

    Neither makes a request.
    """

    def __init__(self, make: Callable[[], F], subject: str) -> None:
        self._make: Callable[[], F] | None = make
        self._subject = subject
        self._file: F | None = None

    def __await__(self) -> Generator[Any, None, F]:
        return self._open().__await__()

    async def __aenter__(self) -> F:
        return await self._open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            await self._file.__aexit__(kind, error, traceback)

    async def _open(self) -> F:
        make, self._make = self._make, None
        if make is None:
            raise UsageError("a file is opened once; ask open() for another", subject=self._subject)
        file = make()
        self._file = file
        return file

    def __enter__(self) -> NoReturn:
        raise TypeError("a file of an object is opened with 'async with', not 'with'")

    def __exit__(self, *_: object) -> NoReturn:
        raise AssertionError  # pragma: no cover - `__enter__` never returns

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise StreamNotOpen(
            f"the file is not open: 'async with' it or 'await' it before .{name}",
            subject=self._subject,
        )

    def __repr__(self) -> str:
        return f"<FileRequest {self._subject}>"
