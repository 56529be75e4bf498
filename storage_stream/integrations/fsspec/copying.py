"""What is copied and moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream.integrations.fsspec.base import REPEATED
from storage_stream.integrations.fsspec.bounded import metered
from storage_stream.integrations.fsspec.failures import os_errors
from storage_stream.integrations.fsspec.sources import is_folder, named_pairs
from storage_stream.integrations.fsspec.transfers import Transfers

if TYPE_CHECKING:
    from storage_stream.integrations.fsspec.bounded import ItemMeter

__all__ = ["Copying"]


class Copying(Transfers):
    """The service copies and moves; no byte comes here."""

    async def _cp_file(self, path1: str, path2: str, **options: Any) -> None:
        """The service copies. One request, or one for each part of a large object."""
        source, target = self._at(path1).object_only(), self._at(path2).object_only()
        with os_errors(source.path):
            await self._client().copy(
                source.bucket,
                source.name,
                target.bucket,
                new_name=target.name,
                retry=REPEATED,
                **self._said(**options),
            )
        self._changed(target.path)

    async def _copy(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        on_error: str | None = None,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        """Copies, many at once."""
        pairs = await self._copies(path1, path2, recursive=recursive, maxdepth=maxdepth)
        ignores = on_error == "ignore" or (on_error is None and recursive)

        async def work(pair: tuple[str, str], meter: ItemMeter | None) -> None:
            try:
                await self._cp_file(*pair, **metered(options, meter))
            except FileNotFoundError:
                if not ignores:
                    raise

        await self._each(work, pairs, path1, batch_size, writes=True)

    async def _copies(
        self, path1: Any, path2: Any, *, recursive: bool, maxdepth: int | None
    ) -> list[tuple[str, str]]:
        """Which object goes where; what only names "folders" goes nowhere."""
        named = named_pairs(path1, path2)
        if named is not None:
            return [(self._strip_protocol(a), self._strip_protocol(b)) for a, b in named]
        found = await self._sources(path1, recursive=recursive, maxdepth=maxdepth)
        if not found:
            return []
        is_in_folder = path2.endswith("/") or await self._isdir(path2)
        target = self._strip_protocol(path2)
        goals = self._goals(path1, found, target, is_in_folder=is_in_folder)
        pairs = zip(found.items(), goals, strict=True)
        return [(path, goal) for (path, info), goal in pairs if not is_folder(info)]

    async def _mv_file(self, path1: str, path2: str, **options: Any) -> None:
        """One request within a bucket; else a copy, and the source is deleted."""
        source, target = self._at(path1).object_only(), self._at(path2).object_only()
        if source == target:
            return
        with os_errors(source.path):
            await self._client().move(
                source.bucket,
                source.name,
                target.bucket,
                new_name=target.name,
                **self._said(**options),
            )
        self._changed(source.path, target.path)

    async def _mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> None:
        if path1 == path2:
            return
        pairs = await self._copies(path1, path2, recursive=recursive, maxdepth=maxdepth)

        async def work(pair: tuple[str, str], meter: ItemMeter | None) -> None:
            await self._mv_file(*pair, **metered(options, meter))

        await self._each(work, pairs, path1, batch_size, writes=True)
