"""What becomes of a file that is written, once it is whole: a new object, or a longer one."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import TYPE_CHECKING, Any

from storage_stream import ComposeSource, Preconditions
from storage_stream.errors import NotFound, ObjectChanged, PreconditionFailed, UsageError
from storage_stream.integrations.fsspec.clients import keep_inherited
from storage_stream.integrations.fsspec.failures import os_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from storage_stream import ObjectWriter, Storage
    from storage_stream.integrations.fsspec.details import Info
    from storage_stream.integrations.fsspec.paths import ObjectPath

__all__ = ["AppendedFile", "NewFile"]

_APPENDING = ".storage-stream/append/"  # beside what compositions need for a while
_KEPT_FIELDS = (
    *("contentType", "contentEncoding", "contentLanguage", "contentDisposition", "cacheControl"),
    *("metadata", "storageClass"),
)


class NewFile:
    """A new object in the making.

    Args:
        fs: The file system.
        at: Where.
        mode: `wb`, or `xb` where there must be none yet.
        options: Of `Storage.open`.
    """

    begins_at = 0

    def __init__(self, fs: Any, at: ObjectPath, mode: str, options: dict[str, Any]) -> None:
        self._fs = fs
        self.at = at
        self._mode = mode
        self._options = options
        self._writer: ObjectWriter | None = None
        self._process = os.getpid()
        self.generation: int | None = None

    async def write(self, data: bytes) -> None:
        """Take bytes; what fills a block is sent.

        Raises:
            UsageError: In a child of fork: it is the parent's.
        """
        with os_errors(self.at.path, creates=self._mode == "xb"):
            await (await self._opened()).write(data)

    async def commit(self) -> None:
        """Make the object."""
        with os_errors(self.at.path, creates=self._mode == "xb"):
            writer = await self._opened()
            try:
                await writer.close()
            except BaseException:
                await writer.abort()
                raise
        self.generation = _generation_of(writer.resource)
        self._fs._changed(self.at.path)  # noqa: SLF001 - of the same package

    async def discard(self) -> None:
        """Leave nothing of it; in a child of fork leave it to the parent."""
        if self._writer is not None and self.is_ours():
            await self._writer.abort()

    def drop(self, fs: Any) -> Future[None] | None:
        """The same, from wherever garbage is collected: nobody has to wait for it."""
        if self._writer is None or not self.is_ours() or not fs.loop.is_running():
            return None
        return asyncio.run_coroutine_threadsafe(self.discard(), fs.loop)

    def is_ours(self) -> bool:
        """Whether it belongs to this process; a child of fork keeps it as it is."""
        if self._process == os.getpid():
            return True
        keep_inherited(self._writer)
        return False

    async def _opened(self) -> ObjectWriter:
        if not self.is_ours():
            raise UsageError("the file belongs to the process that this one was forked from")
        if self._writer is None:
            name = self._name()
            client: Storage = self._fs._client()  # noqa: SLF001 - of the same package
            opened: ObjectWriter = await client.open(
                self.at.bucket, name, self._mode, **self._options
            )
            self._writer = opened
        return self._writer

    def _name(self) -> str:
        return self.at.name


class AppendedFile(NewFile):
    """What is to be put behind an object that is there.

    It is uploaded by itself, and then joined to it by the service, if that is still the generation
    it was when it was opened.

    Args:
        fs: The file system.
        at: Where.
        info: The object that is there.
        options: Of `Storage.open`.
    """

    def __init__(self, fs: Any, at: ObjectPath, info: Info, options: dict[str, Any]) -> None:
        super().__init__(fs, at, "wb", options)
        self.begins_at = info["size"]
        self._info = info
        self._piece = f"{_APPENDING}{secrets.token_hex(16)}"

    async def commit(self) -> None:
        """Join it to the object.

        Raises:
            ObjectChanged: That was overwritten or deleted since it was opened.
        """
        at, was = self.at, int(self._info["generation"])
        client: Storage = self._fs._client()  # noqa: SLF001 - of the same package
        said = self._fs._said()  # noqa: SLF001 - of the same package
        await super().commit()
        try:
            made = await client.compose(
                at.bucket,
                at.name,
                [
                    ComposeSource(at.name, generation=was),
                    ComposeSource(self._piece, generation=self.generation),
                ],
                metadata={key: self._info[key] for key in _KEPT_FIELDS if key in self._info},
                preconditions=Preconditions(if_generation_match=was),
                **said,
            )
        except (NotFound, PreconditionFailed) as error:
            raise ObjectChanged(
                "the object was overwritten or deleted since it was opened to be appended to",
                subject=f"gs://{at.path}",
            ) from error
        finally:
            await client.delete_many(at.bucket, [self._piece], missing_ok=True, **said)
        self.generation = _generation_of(made)

    def _name(self) -> str:
        return self._piece


def _generation_of(resource: Mapping[str, Any]) -> int:
    return int(resource["generation"])
