"""New objects: from memory at once, from files, and `open` for both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream import Preconditions
from storage_stream.errors import InvalidArgument
from storage_stream.integrations.fsspec.base import REPEATED
from storage_stream.integrations.fsspec.bounded import metered
from storage_stream.integrations.fsspec.compressed import compressed
from storage_stream.integrations.fsspec.failures import exists_error, os_errors
from storage_stream.integrations.fsspec.file_reading import ObjectFile
from storage_stream.integrations.fsspec.file_writing import NewObjectFile, TextFile
from storage_stream.integrations.fsspec.library import sync
from storage_stream.integrations.fsspec.new_fields import new_object_fields
from storage_stream.integrations.fsspec.new_file import AppendedFile, NewFile
from storage_stream.integrations.fsspec.options import check_known
from storage_stream.integrations.fsspec.reading import Reading

if TYPE_CHECKING:
    from storage_stream import FileRequest
    from storage_stream.integrations.fsspec.bounded import ItemMeter
    from storage_stream.integrations.fsspec.paths import ObjectPath

__all__ = ["Deferred", "Writing", "creates_only"]

_UNIT = 256 * 1024  # what a resumable upload's chunks are multiples of
_TEXT_KEYWORDS = ("encoding", "errors", "newline")
_READING = ("block_size", "cache_options", "cache_type", "compression", "generation", "size")


class Writing(Reading):
    """Writing; what is made is compared with what was sent."""

    async def _pipe_file(
        self, path: str, value: bytes, mode: str = "overwrite", **options: Any
    ) -> None:
        """An object of these bytes. One request up to 8 MiB.

        In a transaction it becomes visible when that commits.

        Args:
            path: Where.
            value: The bytes.
            mode: `create` where there must be none yet (two requests), else `overwrite`.
            **options: `content_type`, `metadata` (the object's own), `fixed_key_metadata`.
        """
        at = self._at(path).object_only()
        creates = creates_only(mode)
        if self._intrans:
            new = NewFile(self, at, "xb" if creates else "wb", self._new_options(options))
            await new.write(value)
            self.transaction.files.append(Deferred(self, new))
            return
        await self._upload(at, value, creates=creates, options=options)

    async def _pipe(
        self, path: Any, value: bytes | None = None, batch_size: int | None = None, **options: Any
    ) -> None:
        """Objects of bytes, many at once: a path and its value, or a mapping of paths to theirs."""
        values: dict[str, Any] = {path: value} if isinstance(path, str) else dict(path)

        async def work(one: tuple[str, Any], meter: ItemMeter | None) -> None:
            await self._pipe_file(*one, **metered(options, meter))

        await self._all(work, values.items(), batch_size, writes=True)

    async def _upload(
        self, at: ObjectPath, data: Any, *, creates: bool, options: dict[str, Any]
    ) -> None:
        chosen: dict[str, Any] = {**self._new_options(options), "retry": REPEATED}
        if creates:
            # A session is asked what became of it; a repeated request would meet its own object.
            chosen["preconditions"] = Preconditions(if_generation_match=0)
            chosen["force_resumable_upload"] = True
        with os_errors(at.path, creates=creates):
            await self._client().upload(at.bucket, at.name, data, **chosen)
        self._changed(at.path)

    def _new_options(self, options: dict[str, Any]) -> dict[str, Any]:
        return self._said(**new_object_fields(options))

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        at = self._at(path).object_only()
        size = block_size or self.block_size
        if mode == "rb":
            options.pop("default_cache", None)  # Dask's word; no library gives it a meaning
            check_known(options, _READING, "a file of bytes that is read")
            return ObjectFile(
                self, at.path, block_size=size, cache_options=cache_options, **options
            )
        chunk: dict[str, Any] = (
            {} if size is None else {"chunk_bytes": max(_UNIT, size // _UNIT * _UNIT)}
        )
        new = sync(self.loop, self._new_file, at, mode, self._new_options(options) | chunk)
        return NewObjectFile(self, at.path, new, mode, block_size=size, autocommit=autocommit)

    async def _new_file(self, at: ObjectPath, mode: str, options: dict[str, Any]) -> NewFile:
        """What `open` for writing begins with: no request, one for `xb` and `ab`."""
        if mode == "wb":
            return NewFile(self, at, mode, options)
        there = await self._object_info(at) if mode in {"xb", "ab"} else None
        if mode == "xb" and there is not None:
            raise exists_error(at.path)
        if mode == "ab" and there is not None:
            return AppendedFile(self, at, there, options)
        if mode in {"xb", "ab"}:  # behind nothing: a new object, unless somebody is faster
            return NewFile(self, at, "xb", options)
        raise InvalidArgument(f"no mode for a file of an object: {mode!r}")

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        """An object as a file; see `docs/fsspec.md` for what it costs and promises.

        Args:
            path: Where.
            mode: `r`, `w`, `x` or `a`, with a `b` for bytes.
            **options: `block_size`, `cache_type`, `cache_options`, `compression`, `generation`,
                `content_type`, `metadata`, `fixed_key_metadata`; `encoding`, `errors` and
                `newline` of text.

        Raises:
            FileNotFoundError: There is none to read.
            FileExistsError: With `x`: there is one.
            IsADirectoryError: It is a bucket.
            UnknownOption: There is no such option, of such a file.
        """
        is_text = "b" not in mode
        text = {key: options.pop(key) for key in _TEXT_KEYWORDS if is_text and key in options}
        compression = options.pop("compression", None)
        binary = super().open(path, mode.replace("t", "") + "b" * is_text, **options)
        file = compressed(binary, self._strip_protocol(path), mode, compression)
        return TextFile(file, **text) if is_text else file

    async def open_async(self, path: str, mode: str = "rb", **options: Any) -> Any:
        """An object as a file whose methods are coroutines: the client's own `open`.

        Args:
            path: Where.
            mode: `rb`, `wb` or `xb`.
            **options: Of `Storage.open`.
        """
        if "b" not in mode or options.get("compression"):
            raise ValueError("open_async gives files of bytes, without compression")
        at = self._at(path).object_only()
        with os_errors(at.path):
            file: FileRequest[Any] = self._client().open(
                at.bucket, at.name, mode, **self._said(**options)
            )
            return await file


class Deferred:
    """An object of a transaction that was given at once."""

    def __init__(self, fs: Writing, new: NewFile) -> None:
        self._fs = fs
        self._new = new

    def commit(self) -> None:
        """Make it."""
        sync(self._fs.loop, self._new.commit)

    def discard(self) -> None:
        """Give it up."""
        sync(self._fs.loop, self._new.discard)


def creates_only(mode: str) -> bool:
    """Whether there must be no such object yet.

    Raises:
        InvalidArgument: It is no mode.
    """
    if mode not in {"overwrite", "create"}:
        raise InvalidArgument(f"mode={mode!r}: overwrite or create")
    return mode == "create"
