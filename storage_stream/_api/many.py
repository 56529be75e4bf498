"""Many objects at once: downloads, uploads, copies, and trees made alike."""

from __future__ import annotations

import os
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, Unpack

from storage_stream._api.copies import Copies
from storage_stream._api.downloads import Downloads
from storage_stream._api.many_keywords import ManyKeywords, RunOptions
from storage_stream._api.objects import Objects
from storage_stream._api.uploads import Uploads
from storage_stream._protocol.names import check_bucket
from storage_stream._protocol.options import RequestOptions
from storage_stream._transfer import many_sources
from storage_stream._transfer.journal import Journal
from storage_stream._transfer.limits import AdaptiveLimit
from storage_stream._transfer.local_tree import local_entries
from storage_stream._transfer.many import ManyTransfer, Run
from storage_stream._transfer.many_processes import ProcessPool
from storage_stream._transfer.many_work import Doing, Done, ManyHow, Moves
from storage_stream._transfer.progress import progress_of
from storage_stream._transfer.remote_tree import LISTED_FIELDS, folder_of, remote_entries
from storage_stream._transfer.sync import (
    Place,
    SyncHow,
    between_buckets,
    sync_down,
    sync_up,
)
from storage_stream._transfer.sync_compare import compare_of
from storage_stream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from storage_stream._protocol.meter import Meter
    from storage_stream._transfer.local_tree import LocalEntry
    from storage_stream._transfer.many_items import Item, TransferResult
    from storage_stream._transfer.many_sources import Pairs
    from storage_stream._transfer.remote_tree import RemoteEntry

__all__ = ["Many"]

_START = 16  # items at once in the beginning
_NOT_ELSEWHERE = (
    "token",
    "session",
    "observer",
    "environment",
)  # of a client: they live in one process


class Many(Downloads, Uploads, Objects, Copies):
    """Runs of many; each object is transferred as a single one is."""

    _made_with: Mapping[str, Any]

    def __new__(cls, *_args: Any, **arguments: Any) -> Self:
        """Remember what the client is made with: another process may have to make the same."""
        made = super().__new__(cls)
        made._made_with = arguments
        return made

    def download_many(
        self,
        bucket: str,
        objects: str | Pairs,
        target_folder: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        raw: bool = False,
        max_decoded_bytes: int | None = None,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Download many objects into a folder; see `ManyTransfer`.

        One request for each page of the list, and those of a single download for each object; of a
        listed object the generation that was listed. Names that would leave the folder, or
        cannot be files (`../x`, `/x`, `C:x`, `a//b`; on Windows also devices and characters it does
        not take), that need a folder where another object is a file, and targets that are
        symbolic links, or lie behind one in the folder, are errors of their own. A listed object
        that is named as a folder (`a/`) makes the folder; by its name it is an error, unless
        paired with a path.

        Cancelling, or leaving the iteration within `async with`, ends all: each file is whole, or
        as it was.

        Args:
            bucket: The bucket.
            objects: A prefix (text), whose objects are called in the folder by what comes behind
                the prefix's last slash; or names, or pairs of a name and a path below the folder,
                iterable or async iterable. A resource as `iter_objects` gives it is as good as
                its name: then that generation is meant.
            target_folder: Made if it is not there.
            overwrite: False leaves a file alone that is there.
            raw: Keep what is stored as gzip as it is.
            max_decoded_bytes: The most that one that is stored as gzip may decompress to.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """
        run, root = RunOptions(options), os.fspath(target_folder)
        how = self._many_how(bucket, run, overwrite=overwrite)
        decoding = {"raw": raw, "max_decoded_bytes": max_decoded_bytes}
        how = replace(how, keywords={**how.keywords, **decoding})

        def items() -> AsyncGenerator[Item, None]:
            if isinstance(objects, str):
                listed = self._listed(bucket, objects, folder_of(objects), run)
                return many_sources.download_listed(listed, bucket, root)
            return many_sources.download_named(bucket, objects, root)

        return self._start(run, how, items)

    def upload_many(
        self,
        bucket: str,
        files: str | os.PathLike[str] | Pairs,
        *,
        prefix: str = "",
        overwrite: bool = True,
        metadata: Mapping[str, Any] | None = None,
        zipped: bool = False,
        follow_symlinks: bool = False,
        empty_folders: bool = False,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Upload many files; see `ManyTransfer`.

        The requests of a single upload for each. A failed request is repeated also without a
        precondition: sending the same file again makes the same object. The time of a file's last
        change goes with it as `goog-reserved-file-mtime`.

        Cancelling, or leaving the iteration within `async with`, ends all; an object is whole or
        is not there.

        Args:
            bucket: The bucket.
            files: A folder, whose files are uploaded with those of its folders; or paths, or pairs
                of a path and an object's name, iterable or async iterable.
            prefix: What the objects' names begin with.
            overwrite: False leaves an object alone that is there.
            metadata: Fields of each new object's resource.
            zipped: Compress each with gzip on the way, as `upload` does.
            follow_symlinks: Upload what links lead to; one that leads into itself is an error.
                Else links are skipped, and told.
            empty_folders: Make an object `folder/` of an empty folder.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """
        run = RunOptions(options)
        how = self._many_how(bucket, run, overwrite=overwrite, metadata=metadata)
        if zipped:
            how = replace(how, keywords={**how.keywords, "zipped": True})

        def items() -> AsyncGenerator[Item, None]:
            if isinstance(files, str | os.PathLike):
                found = _local(os.fspath(files), run, follow_symlinks=follow_symlinks)
                return many_sources.upload_listed(
                    found, bucket, prefix, empty_folders=empty_folders
                )
            return many_sources.upload_named(bucket, files, prefix)

        return self._start(run, how, items)

    def copy_many(
        self,
        bucket: str,
        objects: str | Pairs,
        target_bucket: str,
        *,
        prefix: str = "",
        overwrite: bool = True,
        metadata: Mapping[str, Any] | None = None,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Let the service copy many objects; see `ManyTransfer`.

        One request for each page of the list, and those of a single copy for each object; of a
        listed object the generation that was listed.

        Args:
            bucket: Of the sources.
            objects: As in `download_many`; pairs are of two objects' names.
            target_bucket: Of the copies.
            prefix: What the copies' names begin with.
            overwrite: False leaves an object alone that is there.
            metadata: Fields of each copy's resource in place of all of its source's.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: A bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """
        run = RunOptions(options)
        how = self._many_how(bucket, run, overwrite=overwrite, metadata=metadata)
        check_bucket(target_bucket)

        def items() -> AsyncGenerator[Item, None]:
            if isinstance(objects, str):
                listed = self._listed(bucket, objects, folder_of(objects), run)
                return many_sources.copy_listed(listed, bucket, target_bucket, prefix)
            return many_sources.copy_named(bucket, objects, target_bucket, prefix)

        return self._start(run, how, items)

    def sync(
        self,
        source: str | os.PathLike[str],
        target: str | os.PathLike[str],
        *,
        compare: str = "mtime",
        delete: bool = False,
        allow_empty_source: bool = False,
        dry_run: bool = False,
        follow_symlinks: bool = False,
        empty_folders: bool = False,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Make one tree like another; see `ManyTransfer`.

        One request for each page of each list, and those of a single transfer for what differs.
        An object is replaced or deleted only if it is still as it was listed. Objects are taken as
        they are stored, gzip too. Nothing is deleted that the source may have and that could not
        be looked at: what is below a folder that cannot be read, or named as a link that is
        skipped.

        Args:
            source: A folder, or `gs://bucket/prefix`, where the prefix is a folder.
            target: The same; one of the two, or both, are in a bucket.
            compare: `"mtime"`: by size and time of the last change, in seconds, as the object's
                `goog-reserved-file-mtime` says; by size and checksum where it says none.
                `"crc32c"`: by size and checksum; every file of equal size is read. `"size"`: by
                that alone. Two objects are compared by size and checksum, unless by size alone.
            delete: Delete what only the target has.
            allow_empty_source: Delete all of the target, too, if the source has nothing (that is
                included): a prefix that is mistyped lists as nothing.
            dry_run: Transfer and delete nothing: each result says what would be done, and is
                skipped as `dry run`.
            follow_symlinks: As in `upload_many`.
            empty_folders: As in `upload_many`.
            **options: See `ManyKeywords`. What is not included is left alone on both sides.

        Raises:
            InvalidName: A bucket's name cannot be.
            InvalidArgument: Both are folders, or one is in the other; an option that cannot be.
                From the run, before anything is deleted: the source has nothing, see
                `allow_empty_source`.
        """
        run = RunOptions(options)
        origin, goal = Place.of(source), Place.of(target)
        origin.check_apart(goal)
        how = self._many_how(goal.bucket or origin.bucket or "", run)
        how = replace(
            how, keywords={**how.keywords, "raw": True} if goal.bucket is None else how.keywords
        )
        rules = SyncHow(
            compare_of(compare),
            delete=delete,
            empty_folders=empty_folders,
            allow_empty_source=allow_empty_source,
        )

        def items() -> AsyncGenerator[Item, None]:
            if origin.bucket is None:
                found = _local(origin.prefix, run, follow_symlinks=follow_symlinks)
                return sync_up(found, self._place_listed(goal, run), goal, rules)
            listed = self._place_listed(origin, run)
            if goal.bucket is None:
                there = _local(goal.prefix, run, missing_ok=True)
                return sync_down(listed, there, origin.bucket, goal.prefix, rules)
            there_listed = self._place_listed(goal, run)
            return between_buckets(listed, there_listed, origin.bucket, goal, rules)

        return self._start(run, how, items, dry_run=dry_run)

    # -- inside ----------------------------------------------------------------------------

    def _many_how(
        self,
        bucket: str,
        run: RunOptions,
        *,
        overwrite: bool = True,
        metadata: Mapping[str, Any] | None = None,
    ) -> ManyHow:
        check_bucket(bucket)
        self._check_open()
        settled = RequestOptions.of(run.keywords, self._defaults)
        # Sending the same bytes to the same name twice does no harm, and a run of thousands meets
        # passing errors.
        keywords = {**run.keywords, "retry": replace(settled.retry, always=True)}
        keywords.pop("retries", None)
        name = "" if run.journal is None else os.path.realpath(run.journal)
        return ManyHow(keywords, overwrite=overwrite, metadata=metadata, run=name)

    def _place_listed(self, place: Place, run: RunOptions) -> AsyncGenerator[RemoteEntry, None]:
        return self._listed(place.bucket or "", place.prefix, place.prefix, run)

    async def _listed(
        self, bucket: str, prefix: str, strip: str, run: RunOptions
    ) -> AsyncGenerator[RemoteEntry, None]:
        listing = self.iter_objects(bucket, prefix=prefix, fields=LISTED_FIELDS, **run.listing)
        async with aclosing(listing):
            async for entry in remote_entries(listing, strip, run.names):
                yield entry

    def _start(
        self,
        run: RunOptions,
        how: ManyHow,
        items: Callable[[], AsyncGenerator[Item, None]],
        *,
        dry_run: bool = False,
    ) -> ManyTransfer:
        self._check_open()
        clock = self._sender.clock
        said = progress_of(run.progress, clock)
        pool = self._pool(run.processes, how) if run.processes and not dry_run else None
        journal = run.journal
        if dry_run and journal is not None and not os.path.exists(journal):  # noqa: PTH110 - once
            journal = None  # what is only planned makes no file

        def start(handle: ManyTransfer) -> AsyncGenerator[TransferResult, None]:
            most = run.concurrency
            limit = AdaptiveLimit(start=_START, most=most, now=clock.now())
            engine = Run(
                handle,
                items(),
                _planned_only if dry_run else (pool or Doing(self._moves(), how)).do,
                limit=limit,
                clock=clock,
                progress=said,
                journal=None if journal is None else Journal(journal),
                ramp_up=run.ramp_up and not dry_run,
                close=None if pool is None else pool.close,
            )
            return engine.results()

        return ManyTransfer(start)

    def _pool(self, size: int, how: ManyHow) -> ProcessPool:
        kept = [name for name in _NOT_ELSEWHERE if self._made_with.get(name) is not None]
        if how.keywords.get("session") is not None:
            kept.append("session")
        if kept:
            raise UsageError(f"processes=: no {kept[0]} can be given to another process")
        if type(self).__module__ == "__main__":
            raise UsageError("processes=: another process does not know a class of __main__")
        return ProcessPool(size, type(self), self._made_with, how)

    def _moves(self) -> Moves:
        return Moves(self.download, self.download_to_filename, self.upload, self.copy, self.delete)


async def _planned_only(item: Item, meter: Meter) -> Done:  # noqa: ARG001 - nothing moves
    return Done(item.result(skipped="dry run"))


async def _local(
    root: str, run: RunOptions, *, follow_symlinks: bool = False, missing_ok: bool = False
) -> AsyncGenerator[LocalEntry, None]:
    found = local_entries(root, follow_symlinks=follow_symlinks, missing_ok=missing_ok)
    async with aclosing(found):
        async for entry in found:
            if run.names.takes(entry.name):
                yield entry
