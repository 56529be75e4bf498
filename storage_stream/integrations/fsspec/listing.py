"""What is there: `info`, `exists`, `ls`, `find`, `du`, and all that is expanded by them."""

from __future__ import annotations

import errno
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from storage_stream.errors import InvalidArgument
from storage_stream.integrations.fsspec.base import FileSystemBase
from storage_stream.integrations.fsspec.details import Info, file_info, folder_info
from storage_stream.integrations.fsspec.failures import missing_error, os_errors
from storage_stream.integrations.fsspec.found import FoundTree
from storage_stream.integrations.fsspec.paths import ObjectPath

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream import ListKeywords

__all__ = ["Listing"]


class Listing(FileSystemBase):
    """Looking at what is there; nothing is changed, and no byte of an object is read."""

    async def _info(self, path: str, *, generation: int | None = None, **_: Any) -> Info:
        """One request for an object; one more for a "folder", or for what is not there."""
        at = self._at(path)
        known = self._cached_info(at)
        if known is not None and generation is None:
            return known
        if at.name:
            found = await self._object_info(at, generation)
            if found is not None:
                return found
        if generation is None and await self._is_folder(at):
            return folder_info(at.path)
        raise missing_error(at.path)

    async def _object_info(self, at: ObjectPath, generation: int | None = None) -> Info | None:
        try:
            with os_errors(at.path):
                resource = await self._client().download_metadata(
                    at.bucket, at.name, generation=generation, **self._said()
                )
        except FileNotFoundError:
            return None
        return file_info(at.bucket, resource)

    async def _is_folder(self, at: ObjectPath) -> bool:
        """Whether there is anything in it; a bucket may be empty. One request."""
        if not at.bucket:
            return True
        listing = self._pages(at, fields="items(name)", page_size=1, prefix=at.prefix)
        try:
            async with aclosing(listing):
                async for page in listing:
                    return bool(page.items) or not at.name
        except FileNotFoundError:
            return False
        return not at.name

    async def _exists(self, path: str, **_: Any) -> bool:
        try:
            await self._info(path)
        except FileNotFoundError:
            return False
        return True

    async def _isdir(self, path: str) -> bool:
        at = self._at(path)
        known = self._cached_info(at)
        return known["type"] == "directory" if known else await self._is_folder(at)

    async def _isfile(self, path: str) -> bool:
        at = self._at(path)
        known = self._cached_info(at)
        if known is not None:
            return bool(known["type"] == "file")
        return bool(at.name) and await self._object_info(at) is not None

    async def _ls(
        self, path: str, detail: bool = True, *, refresh: bool = False, **_: Any
    ) -> list[Any]:
        at = self._at(path)
        infos = None if refresh else self.dircache.get(at.path)
        if infos is None:
            infos = await self._listed(at)
            self.dircache[at.path] = infos
        return infos if detail else [info["name"] for info in infos]

    async def _listed(self, at: ObjectPath) -> list[Info]:
        """What is in a "folder": one request for each thousand. Of an object: itself, two."""
        if not at.bucket:
            return await self._buckets()
        found: list[Info] = []
        is_there = not at.name
        async for page in self._pages(at, delimiter="/", prefix=at.prefix):
            is_there = is_there or bool(page.items or page.prefixes)
            found += (
                file_info(at.bucket, item) for item in page.items if item["name"] != at.prefix
            )
            found += (folder_info(f"{at.bucket}/{name[:-1]}") for name in page.prefixes)
        if not is_there:
            itself = await self._object_info(at)
            if itself is None:
                raise missing_error(at.path)
            return [itself]
        return sorted(found, key=lambda info: info["name"])

    async def _buckets(self) -> list[Info]:
        if self.project is None:
            raise InvalidArgument("a list of buckets needs a project: say project=")
        with os_errors(self.project):
            found = self._client().iter_buckets(self.project, **self._said())
            return [folder_info(bucket["name"]) async for bucket in found]

    async def _find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        *,
        detail: bool = False,
        prefix: str = "",
        **_: Any,
    ) -> Any:
        """All objects below a path: one request for each thousand of them.

        With `maxdepth=1` what lies deeper is not listed. An object's own path takes one more.
        """
        if maxdepth is not None and maxdepth < 1:
            raise InvalidArgument("maxdepth is at least 1, or None")
        at = self._at(path)
        tree = FoundTree(at, maxdepth)
        if not at.bucket:
            await self._find_in_buckets(tree, prefix)
        else:
            await self._find_below(at, tree, prefix, shallow=maxdepth == 1)
        infos = tree.infos(withdirs=withdirs)
        if not infos and at.name and not prefix:
            itself = await self._object_info(at)
            infos = {} if itself is None else {at.path: itself}
        return infos if detail else list(infos)

    async def _find_in_buckets(self, tree: FoundTree, prefix: str) -> None:
        for bucket in await self._buckets():
            if bucket["name"].startswith(prefix):
                tree.add_folder(bucket["name"])
                if tree.maxdepth != 1:
                    await self._find_below(ObjectPath.of(bucket["name"]), tree, "", shallow=False)

    async def _find_below(
        self, at: ObjectPath, tree: FoundTree, prefix: str, *, shallow: bool
    ) -> None:
        chosen: ListKeywords = {"prefix": at.prefix + prefix}
        if shallow:
            chosen["delimiter"] = "/"
        try:
            async for page in self._pages(at, **chosen):
                for item in page.items:
                    tree.add(at.bucket, item)
                for name in page.prefixes:
                    tree.add_folder(f"{at.bucket}/{name[:-1]}")
        except FileNotFoundError:  # no such bucket: there is nothing below it
            return

    async def _du(
        self, path: str, total: bool = True, maxdepth: int | None = None, **options: Any
    ) -> Any:
        found = await self._find(path, maxdepth=maxdepth, detail=True, **options)
        sizes = {name: info["size"] for name, info in found.items()}
        return sum(sizes.values()) if total else sizes

    async def _created(self, path: str) -> Any:
        return await self._time_of(path, "ctime")

    async def _modified(self, path: str) -> Any:
        return await self._time_of(path, "mtime")

    async def _time_of(self, path: str, which: str) -> Any:
        info = await self._info(path)
        if which not in info:
            raise IsADirectoryError(errno.EISDIR, "a folder of objects has no time", info["name"])
        return info[which]

    async def _pages(
        self, at: ObjectPath, *, fields: str | None = None, **chosen: Any
    ) -> AsyncGenerator[Any, None]:
        if fields is not None:
            chosen["fields"] = fields
        pages = self._client().iter_object_pages(at.bucket, **chosen, **self._said())
        with os_errors(at.path):
            async with aclosing(pages):
                async for page in pages:
                    yield page

    def _cached_info(self, at: ObjectPath) -> Info | None:
        """What a listing said that is kept, where listings are."""
        if not self._caches_listings or not at.bucket:
            return None
        if at.path in self.dircache:
            return folder_info(at.path)
        beside = self.dircache.get(self._parent(at.path), ())
        return next((info for info in beside if info["name"] == at.path), None)
