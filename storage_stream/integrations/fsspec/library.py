# ruff: noqa: D102 - what fsspec's methods do stands in fsspec
"""fsspec itself, imported in one place: its absence is told in a sentence, and its types are here.

fsspec has no types. What this integration uses of it is described below, for type checkers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.media.extras import imported

__all__ = [
    "DEFAULT_CALLBACK",
    "AbstractBufferedFile",
    "AsyncFileSystem",
    "BaseCache",
    "LocalFileSystem",
    "NoOpCallback",
    "compression_of",
    "compressions",
    "get_loop",
    "has_magic",
    "isfilelike",
    "make_path_posix",
    "other_paths",
    "register_cache",
    "register_implementation",
    "sync",
    "sync_wrapper",
]

if TYPE_CHECKING:
    import asyncio
    import io
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Coroutine,
        Mapping,
        MutableMapping,
        Sequence,
    )
    from typing import ClassVar

    class AbstractBufferedFile(io.IOBase):
        """A file in blocks."""

        DEFAULT_BLOCK_SIZE: ClassVar[int]
        _details: dict[str, Any] | None
        autocommit: bool
        blocksize: int
        buffer: io.BytesIO
        cache: Any
        fs: Any
        path: str
        forced: bool
        _closed: bool
        loc: int
        offset: int | None
        size: int
        kwargs: dict[str, Any]

        def __init__(self, fs: Any, path: str, mode: str, **options: Any) -> None: ...

        def read(self, length: int = -1, /) -> bytes: ...

    class BaseCache:
        """What stands between a file that is read and its fetcher."""

        name: ClassVar[str]
        blocksize: int
        fetcher: Any
        size: int
        hit_count: int
        miss_count: int
        total_requested_bytes: int

        def __init__(self, blocksize: int, fetcher: Any, size: int) -> None: ...

    class DirCache(MutableMapping[str, list[dict[str, Any]]]):
        """Listings that are kept."""

        listings_expiry_time: float | None

    class AsyncFileSystem:
        """A file system with coroutines, and their blocking twins."""

        protocol: str | tuple[str, ...]
        root_marker: str
        asynchronous: bool
        batch_size: int | None
        dircache: DirCache
        transaction: Any
        storage_options: dict[str, Any]
        _intrans: bool
        _loop: Any
        _pid: int

        def __init__(
            self, *, asynchronous: bool, loop: Any, batch_size: int | None, **options: Any
        ) -> None: ...

        @property
        def loop(self) -> asyncio.AbstractEventLoop: ...

        @classmethod
        def _strip_protocol(cls, path: Any) -> Any: ...

        @classmethod
        def _parent(cls, path: str) -> str: ...

        def invalidate_cache(self, path: str | None = None) -> None: ...

        @classmethod
        def clear_instance_cache(cls) -> None: ...

        def __getattr__(self, name: str) -> Any:
            """The blocking twins, which fsspec makes, and much of its own."""

        async def _glob(self, path: str, maxdepth: int | None = None, **options: Any) -> Any: ...

        def _walk(self, path: str, **options: Any) -> AsyncGenerator[Any, None]: ...

        def open(self, path: str, mode: str = "rb", **options: Any) -> Any: ...

        def __reduce__(self) -> Any: ...

    class LocalFileSystem:
        """Files of this machine."""

        def expand_path(
            self, path: Any, *, recursive: bool = False, maxdepth: int | None = None
        ) -> list[str]: ...

        def isdir(self, path: str) -> bool: ...

    class NoOpCallback:
        """One that does nothing."""

    DEFAULT_CALLBACK: Any
    compressions: Mapping[str, Callable[..., Any]]

    def compression_of(path: str, compression: str | None) -> str | None:
        """Which compression is meant."""
        ...

    def get_loop() -> asyncio.AbstractEventLoop:
        """Fsspec's own loop, in a thread of its own."""
        ...

    def sync(loop: asyncio.AbstractEventLoop, function: Any, *args: Any, **options: Any) -> Any:
        """What the coroutine function gives, carried out on that loop."""
        ...

    def sync_wrapper(function: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
        """The blocking twin of a coroutine function."""
        ...

    def has_magic(path: str) -> bool:
        """Whether it is a pattern."""
        ...

    def isfilelike(what: Any) -> bool:
        """Whether it is an open file."""
        ...

    def make_path_posix(path: Any) -> Any:
        """A local path, absolute and with slashes."""
        ...

    def other_paths(
        paths: Sequence[str], target: Any, *, exists: bool = False, flatten: bool = False
    ) -> list[str]:
        """Where each of the paths goes below the target."""
        ...

    def register_cache(cls: type[BaseCache], *, clobber: bool = False) -> None:
        """Let files be opened with this cache by its name."""
        ...

    def register_implementation(name: str, cls: type, *, clobber: bool = False) -> None:
        """Let a protocol mean a class."""
        ...

else:
    _asyn: Any = imported("fsspec.asyn", "fsspec")
    _spec: Any = imported("fsspec.spec", "fsspec")
    _caching: Any = imported("fsspec.caching", "fsspec")
    _utils: Any = imported("fsspec.utils", "fsspec")
    _local: Any = imported("fsspec.implementations.local", "fsspec")
    AbstractBufferedFile = _spec.AbstractBufferedFile
    AsyncFileSystem = _asyn.AsyncFileSystem
    BaseCache = _caching.BaseCache
    LocalFileSystem = _local.LocalFileSystem
    compressions = imported("fsspec.compression", "fsspec").compr
    compression_of = imported("fsspec.core", "fsspec").get_compression
    _callbacks: Any = imported("fsspec.callbacks", "fsspec")
    DEFAULT_CALLBACK, NoOpCallback = _callbacks.DEFAULT_CALLBACK, _callbacks.NoOpCallback
    has_magic = _asyn.has_magic
    get_loop, sync, sync_wrapper = _asyn.get_loop, _asyn.sync, _asyn.sync_wrapper
    isfilelike, other_paths = _utils.isfilelike, _utils.other_paths
    make_path_posix = _local.make_path_posix
    register_cache = _caching.register_cache
    register_implementation = imported("fsspec", "fsspec").register_implementation
