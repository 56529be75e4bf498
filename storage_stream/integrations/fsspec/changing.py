"""What is deleted and marked; buckets; signed URLs."""

from __future__ import annotations

import errno
import os
import time
from collections import defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from storage_stream.errors import Conflict, InvalidArgument
from storage_stream.integrations.fsspec.copying import Copying
from storage_stream.integrations.fsspec.failures import as_os_error, missing_error, os_errors
from storage_stream.integrations.fsspec.library import has_magic
from storage_stream.integrations.fsspec.new_fields import fixed_fields
from storage_stream.integrations.fsspec.sources import is_folder, paths_of

if TYPE_CHECKING:
    from storage_stream.integrations.fsspec.paths import ObjectPath

__all__ = ["Changing"]

_MTIME_KEY = "goog-reserved-file-mtime"  # as gsutil has it


class Changing(Copying):
    """What the service does by itself; no byte of an object comes here."""

    # -- deleting ----------------------------------------------------------------------------

    async def _rm_file(self, path: str, **options: Any) -> None:
        """One request."""
        at = self._at(path).object_only()
        with os_errors(at.path):
            await self._client().delete(at.bucket, at.name, **self._said(**options))
        self._changed(at.path)

    async def _rm(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        batch_size: int | None = None,  # noqa: ARG002 - fsspec's name; a batch is a hundred
        **options: Any,
    ) -> None:
        """One request for each hundred objects, besides the lists of trees.

        A bucket that is removed with all that is in it is removed itself, too.

        Raises:
            FileNotFoundError: There is nothing of that; the rest is deleted.
            InvalidArgument: A pattern for buckets, or all of them.
        """
        named: dict[str, list[str]] = defaultdict(list)
        places = [self._at(one) for one in paths_of(path)]
        if any(not at.bucket or has_magic(at.bucket) for at in places):  # before any is deleted
            raise InvalidArgument("buckets are deleted one by one, by their whole names")
        for at in places:
            if has_magic(at.path) or (recursive and maxdepth is not None):
                found = await self._expanded([at.path], recursive=recursive, maxdepth=maxdepth)
                for match, info in found.items():
                    below = self._at(match)
                    if not is_folder(info):
                        named[below.bucket].append(below.name)
                    elif recursive and maxdepth is None:
                        await self._rm_tree(below, options)
            elif recursive:
                await self._rm_tree(at, options)
            else:
                named[at.bucket].append(at.object_only().name)
        for bucket, names in named.items():
            await self._rm_named(bucket, names, options)

    async def _rm_named(self, bucket: str, names: list[str], options: dict[str, Any]) -> None:
        deletion = self._client().delete_many(bucket, names, **self._said(**options))
        with os_errors(bucket):
            failed = [result async for result in deletion if result.error is not None]
        self._changed(*(f"{bucket}/{name}" for name in names))
        for result in failed:
            if result.error is not None:
                told = as_os_error(result.error, f"{bucket}/{result.name}")
                raise told from result.error

    async def _rm_tree(self, at: ObjectPath, options: dict[str, Any]) -> None:
        """All below a path, and an object of just that name."""
        said = self._said(**options)
        client = self._client()
        with os_errors(at.path):
            summary = await client.delete_prefix(at.bucket, at.prefix, **said)
            gone = summary.deleted
            if at.name:
                itself = await client.delete_many(at.bucket, [at.name], missing_ok=True, **said)
                gone += itself.deleted
            self._changed(at.path)
            for failure in summary.failures:
                if failure.error is not None:
                    raise failure.error
            if not at.name:
                await client.delete_bucket(at.bucket, **said)
            elif not gone:
                raise missing_error(at.path)

    # -- buckets and "folders" -----------------------------------------------------------------

    async def _mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:  # noqa: ARG002 - there are no parents
        """Make a bucket. A "folder" needs none: its objects make it; no request.

        Args:
            path: Of the bucket.
            create_parents: Without meaning here.
            **options: Fields of the bucket's resource, such as `location`.
        """
        at = self._at(path)
        if at.name:
            return
        if not at.bucket:
            raise InvalidArgument("a bucket has a name")
        if self.project is None:
            raise InvalidArgument("a bucket belongs to a project: say project=")
        resource = dict(options)
        if self.default_location is not None:
            resource.setdefault("location", self.default_location)
        with os_errors(at.bucket, creates=True):
            await self._client().create_bucket(at.bucket, self.project, resource, **self._said())
        self._changed(at.path)

    async def _makedirs(self, path: str, exist_ok: bool = False) -> None:
        """As `mkdir`; with `exist_ok` a bucket is looked for before. One or two requests."""
        at = self._at(path)
        if at.name or (exist_ok and await self._is_folder(at)):
            return
        try:
            await self._mkdir(path)
        except FileExistsError:
            if not exist_ok:
                raise

    async def _rmdir(self, path: str) -> None:
        """Remove an empty bucket, or the object that stands for an empty "folder".

        Raises:
            OSError: It is not empty.
        """
        at = self._at(path)
        if not at.bucket:
            raise InvalidArgument("the root is not removed")
        if at.name:
            await self._rm_marker(at)
            return
        try:
            with os_errors(at.path):
                await self._client().delete_bucket(at.bucket, **self._said())
        except Conflict as error:
            raise _not_empty(at.path) from error
        self._changed(at.path)

    async def _rm_marker(self, at: ObjectPath) -> None:
        markers: list[str] = []
        pages = self._pages(at, fields="items(name)", page_size=2, prefix=at.prefix)
        async with aclosing(pages):
            async for page in pages:
                markers = [item["name"] for item in page.items]
                break
        if any(name != at.prefix for name in markers):
            raise _not_empty(at.path)
        if markers:
            await self._rm_named(at.bucket, markers, {})

    # -- touching ------------------------------------------------------------------------------

    async def _touch(self, path: str, truncate: bool = True, **options: Any) -> None:
        """An empty object; or, with `truncate=False`, one that is there is changed now.

        That leaves its bytes and its generation as they are: the time stands in its metadata as
        `goog-reserved-file-mtime`, where gsutil and `sync` look for it, and `modified` tells it,
        since its metadata changed. One request; three where there is none yet.

        Args:
            path: The object.
            truncate: Whether one that is there becomes empty, as in fsspec.
            **options: As of `pipe_file`, for a new one.
        """
        if truncate:
            await self._pipe_file(path, b"", **options)
            return
        try:
            await self._set_time(path)
        except FileNotFoundError:
            try:
                await self._pipe_file(path, b"", mode="create", **options)
            except FileExistsError:  # somebody made it meanwhile; it shall not become empty
                await self._set_time(path)

    async def _set_time(self, path: str) -> None:
        at = self._at(path).object_only()
        changes = {"metadata": {_MTIME_KEY: str(int(time.time()))}}
        with os_errors(at.path):
            await self._client().patch_metadata(at.bucket, at.name, changes, **self._said())
        self._changed(at.path)

    # -- metadata and URLs ---------------------------------------------------------------------

    async def _getxattr(self, path: str, attr: str) -> str:
        """A field of the object's own metadata. One request.

        Raises:
            KeyError: It has none such.
        """
        info = await self._object_info(self._at(path).object_only())
        if info is None:
            raise missing_error(path)
        value: str = info.get("metadata", {})[attr]
        return value

    async def _setxattrs(
        self,
        path: str,
        content_type: str | None = None,
        content_encoding: str | None = None,
        fixed_key_metadata: dict[str, Any] | None = None,
        **own: Any,
    ) -> dict[str, str]:
        """Change an object's metadata. One request.

        Args:
            path: The object.
            content_type: MIME type; None leaves it.
            content_encoding: None leaves it.
            fixed_key_metadata: `cache_control` and the like.
            **own: The object's own metadata; None deletes a field.

        Returns:
            Its own metadata, as they are now.
        """
        at = self._at(path).object_only()
        changes = fixed_fields(fixed_key_metadata)
        if content_type is not None:
            changes["contentType"] = content_type
        if content_encoding is not None:
            changes["contentEncoding"] = content_encoding
        if own:
            changes["metadata"] = own
        with os_errors(at.path):
            made = await self._client().patch_metadata(at.bucket, at.name, changes, **self._said())
        self._changed(at.path)
        return dict(made.get("metadata", {}))

    async def _sign(self, path: str, expiration: int = 100, **options: Any) -> str:
        """A URL that lets whoever has it read the object; see `Storage.get_signed_url`."""
        at = self._at(path).object_only()
        with os_errors(at.path):
            return await self._client().get_signed_url(at.bucket, at.name, expiration, **options)


def _not_empty(path: str) -> OSError:
    return OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
