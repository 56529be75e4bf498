"""What is to be opened, and is not yet: entered with `async with`, or awaited, and only once.

One place for downloads and files. It knows nothing of either but that it ends as its own block
does.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from storage_stream.errors import StreamNotOpen, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import TracebackType

__all__ = ["OpenRequest"]

T = TypeVar("T", bound=AbstractAsyncContextManager[Any])


class OpenRequest(Generic[T]):
    """Something that is opened by entering or by awaiting it; whoever awaits it closes it.

    Until then nothing was done, and dropping it costs nothing.

    Args:
        begin: Opens it.
        subject: The object's `gs://` name.
    """

    _noun: ClassVar[str]  # what is opened, in messages
    _method: ClassVar[str]  # what gives another one

    def __init__(self, begin: Callable[[], Awaitable[T]], subject: str) -> None:
        self._begin: Callable[[], Awaitable[T]] | None = begin
        self._subject = subject
        self._opened: T | None = None

    def __await__(self) -> Generator[Any, None, T]:
        return self._open().__await__()

    async def __aenter__(self) -> T:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            await self._opened.__aexit__(kind, error, traceback)

    async def _open(self) -> T:
        begin, self._begin = self._begin, None  # let go of: it may hold what it opens
        if begin is None:
            raise UsageError(
                f"a {self._noun} is opened once; ask {self._method}() for another",
                subject=self._subject,
            )
        return await begin()

    def __aiter__(self) -> NoReturn:
        raise self._not_open("iterating")

    def __enter__(self) -> NoReturn:
        raise TypeError(f"a {self._noun} is opened with 'async with', not 'with'")

    def __exit__(self, *_: object) -> NoReturn:
        raise AssertionError  # pragma: no cover - `__enter__` never returns

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._not_open(f".{name}")

    def _not_open(self, use: str) -> StreamNotOpen:
        return StreamNotOpen(
            f"the {self._noun} is not open: 'async with' it or 'await' it before {use}",
            subject=self._subject,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._subject}>"
