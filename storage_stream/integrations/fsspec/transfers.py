"""Objects and local files: `get` and `put`, one and many."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.fsspec.bounded import metered
from storage_stream.integrations.fsspec.callbacks import followed
from storage_stream.integrations.fsspec.failures import os_errors
from storage_stream.integrations.fsspec.library import (
    DEFAULT_CALLBACK,
    isfilelike,
    make_path_posix,
)
from storage_stream.integrations.fsspec.local import is_local_folder, local_sources, local_targets
from storage_stream.integrations.fsspec.new_file import NewFile
from storage_stream.integrations.fsspec.sources import named_pairs
from storage_stream.integrations.fsspec.writing import Deferred, Writing, creates_only

if TYPE_CHECKING:
    from storage_stream.integrations.fsspec.bounded import ItemMeter

__all__ = ["Transfers"]

_PIECE_BYTES = 8 * 1024 * 1024


class Transfers(Writing):
    """Down and up; a file is replaced when all of it is there and verified."""

    async def _get_file(
        self,
        rpath: str,
        lpath: Any,
        callback: Any = DEFAULT_CALLBACK,
        outfile: Any = None,
        *,
        generation: int | None = None,
        meter: ItemMeter | None = None,
        **_: Any,
    ) -> None:
        """An object into a file. One request, or several at once from 64 MiB on.

        Args:
            rpath: The object.
            lpath: The file, whose folder is made if it is not there; or an open file.
            callback: Told of the bytes.
            outfile: An open file to write to instead.
            generation: Of the object; None for the live one.
            meter: Hears of the requests, where it is one of many.
        """
        at = self._at(rpath).object_only()
        chosen = self._said(raw=True, generation=generation)
        target = lpath if outfile is None else outfile
        if isfilelike(target):
            await self._get_into(rpath, target, callback, generation, meter)
            return
        with os_errors(at.path), followed(callback) as progress:
            chosen = metered(chosen, meter, progress)
            if folder := os.path.dirname(target):  # noqa: PTH120 - it is text
                os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - the same
            await self._client().download_to_filename(at.bucket, at.name, target, **chosen)

    async def _get_into(
        self,
        rpath: str,
        target: Any,
        callback: Any,
        generation: int | None,
        meter: ItemMeter | None,
    ) -> None:
        at = self._at(rpath).object_only()
        chosen = metered(self._said(raw=True, generation=generation), meter)
        with os_errors(at.path):
            async with self._client().download_stream(at.bucket, at.name, **chosen) as stream:
                callback.set_size(stream.content_length)
                while piece := await stream.read(_PIECE_BYTES):
                    target.write(piece)
                    callback.relative_update(len(piece))

    async def _get(
        self,
        rpath: Any,
        lpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        maxdepth: int | None = None,
        *,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Objects into files, many at once; the list tells which, and what is no object."""
        named = named_pairs(rpath, lpath)
        if named is not None:
            pairs = [(self._strip_protocol(path), file) for path, file in named]
        else:
            pairs = await self._targets(rpath, lpath, recursive=recursive, maxdepth=maxdepth)
        callback.set_size(len(pairs))

        async def work(pair: tuple[str, str], meter: ItemMeter | None) -> None:
            with callback.branched(*pair) as child:
                await self._get_file(*pair, callback=child, meter=meter, **options)
            callback.relative_update(1)

        await self._each(work, pairs, rpath, batch_size)

    async def _targets(
        self, rpath: Any, lpath: Any, *, recursive: bool, maxdepth: int | None
    ) -> list[tuple[str, str]]:
        """Which object goes to which file. Folders are made here."""
        found = await self._sources(rpath, recursive=recursive, maxdepth=maxdepth)
        if not found:
            return []
        local: str = make_path_posix(lpath)
        is_in_folder = local.endswith("/") or is_local_folder(local)
        goals = self._goals(rpath, found, local, is_in_folder=is_in_folder)
        return local_targets(found, goals, local)

    async def _put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        *,
        meter: ItemMeter | None = None,
        **options: Any,
    ) -> None:
        """A file becomes an object. One request up to 8 MiB, else two; read as it is sent.

        Args:
            lpath: The file; of a folder nothing is made.
            rpath: Where; a path with a slash behind it takes the file's name.
            callback: Told of the bytes.
            mode: `create` where there must be none yet, else `overwrite`.
            meter: Hears of the requests, where it is one of many.
            **options: As of `pipe_file`.
        """
        source = Path(lpath)
        if is_local_folder(lpath):
            return
        if rpath.endswith("/"):
            rpath += source.name
        at = self._at(rpath).object_only()
        creates = creates_only(mode)
        with followed(callback) as progress:
            if self._intrans:
                await self._defer_file(at.path, source, creates=creates, options=options)
                return
            chosen = metered(options, meter, progress)
            await self._upload(at, source, creates=creates, options=chosen)

    async def _defer_file(
        self, path: str, source: Path, *, creates: bool, options: dict[str, Any]
    ) -> None:
        mode = "xb" if creates else "wb"
        new = NewFile(self, self._at(path), mode, self._new_options(options))
        with source.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                await new.write(piece)
        self.transaction.files.append(Deferred(self, new))

    async def _put(
        self,
        lpath: Any,
        rpath: Any,
        recursive: bool = False,
        callback: Any = DEFAULT_CALLBACK,
        batch_size: int | None = None,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Files become objects, many at once."""
        named = named_pairs(lpath, rpath)
        if named is None:
            sources = local_sources(lpath, recursive=recursive, maxdepth=maxdepth)
            if not sources:
                return
            is_in_folder = rpath.endswith("/") or await self._isdir(rpath)
            goals = self._goals(
                *(lpath if isinstance(lpath, list) else os.fspath(lpath), sources),
                self._strip_protocol(rpath),
                is_in_folder=is_in_folder,
            )
            named = list(zip(sources, goals, strict=True))
        pairs = [
            (file, self._strip_protocol(path)) for file, path in named if not is_local_folder(file)
        ]
        callback.set_size(len(pairs))

        async def work(pair: tuple[str, str], meter: ItemMeter | None) -> None:
            with callback.branched(*pair) as child:
                await self._put_file(*pair, callback=child, meter=meter, **options)
            callback.relative_update(1)

        await self._all(work, pairs, batch_size, writes=True)
