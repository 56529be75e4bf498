"""Many objects at once: downloads, uploads, copies, and trees made alike."""

from __future__ import annotations

import os
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from storage_stream._api.copies import Copies
from storage_stream._api.downloads import Downloads
from storage_stream._api.objects import Objects
from storage_stream._api.uploads import Uploads
from storage_stream._protocol.names import check_bucket
from storage_stream._protocol.options import RequestKeywords, RequestOptions
from storage_stream._transfer import many_sources
from storage_stream._transfer.journal import Journal
from storage_stream._transfer.limits import AdaptiveLimit
from storage_stream._transfer.local_tree import local_entries
from storage_stream._transfer.many import ManyTransfer, Run
from storage_stream._transfer.many_filter import NameFilter
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
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

    from storage_stream._protocol.meter import Meter
    from storage_stream._transfer.local_tree import LocalEntry
    from storage_stream._transfer.many_items import Item, TransferResult
    from storage_stream._transfer.many_sources import Pairs
    from storage_stream._transfer.remote_tree import RemoteEntry

__all__ = ["Many", "ManyKeywords"]

_START = 16  # items at once in the beginning
_CONNECTION = frozenset(
    {"headers", "timeout", "stall_timeout", "session", "user_project", "retry", "retries"}
)


class _RunKeywords(TypedDict, total=False):
    concurrency: int
    processes: int
    journal: str | os.PathLike[str] | None
    ramp_up: bool
    include: Iterable[str] | None
    exclude: Iterable[str] | None


class ManyKeywords(_RunKeywords, RequestKeywords):
    """Keywords of every run of many, besides those of every request.

    concurrency: At most so many objects at once (64); how many it really are is found out: more
        while that gives more throughput, fewer when the service answers 429 or 503.
    processes: So many other processes do the transfers, each on a core of its own; 0, the
        default: this one does.
    journal: An SQLite file that remembers what is done: the same run with the same file goes on
        where a killed one was. Objects and files that changed since are done again.
    ramp_up: False does not keep to the service's guideline for the request rates of a bucket:
        1,000 writes and 5,000 reads a second in the beginning, twice as many every 20 minutes.
        https://cloud.google.com/storage/docs/request-rate
    include: Only names that one of these patterns matches (`*.jpg`), below the prefix or folder;
        `*` matches slashes, too.
    exclude: No names that one of these patterns matches.
    """


class _How:
    """The keywords of a run, checked and told apart."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        said = dict(options)
        self.concurrency: int = said.pop("concurrency", 64)
        self.processes: int = said.pop("processes", 0)
        self.journal: str | os.PathLike[str] | None = said.pop("journal", None)
        self.ramp_up: bool = said.pop("ramp_up", True)
        self.names = NameFilter(said.pop("include", None), said.pop("exclude", None))
        self.progress: Any = said.pop("progress", None)
        self.keywords = said
        if self.concurrency < 1 or self.processes < 0:
            raise InvalidArgument(
                f"concurrency={self.concurrency}, processes={self.processes}: at least 1 and 0"
            )

    @property
    def listing(self) -> dict[str, Any]:
        """What of them is about lists, too."""
        return {name: value for name, value in self.keywords.items() if name in _CONNECTION}


class Many(Downloads, Uploads, Objects, Copies):
    """Runs of many; each object is transferred as a single one is."""

    def download_many(
        self,
        bucket: str,
        objects: str | Pairs,
        target_folder: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        raw: bool = False,
        **options: Unpack[ManyKeywords],
    ) -> ManyTransfer:
        """Download many objects into a folder; see `ManyTransfer`.

        One request for each page of the list, and those of a single download for each object; of a
        listed object the generation that was listed. Names that would leave the folder, or
        cannot be files (`../x`, `/x`, `C:x`, `a//b`; on Windows also devices and characters it does
        not take), that need a folder where another object is a file, and targets that are
        symbolic links, or lie behind one in the folder, are errors of their own. An object that
        is named as a folder (`a/`) makes the folder.

        Cancelling, or leaving the iteration within `async with`, ends all: each file is whole, or
        as it was.

        Args:
            bucket: The bucket.
            objects: A prefix (text), whose objects are called in the folder by what comes behind
                the prefix's last slash; or names, or pairs of a name and a path below the folder,
                iterable or async iterable.
            target_folder: Made if it is not there.
            overwrite: False leaves a file alone that is there.
            raw: Keep what is stored as gzip as it is.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """
        run, root = _How(options), os.fspath(target_folder)
        how = self._many_how(bucket, run, overwrite=overwrite)
        if raw:
            how = replace(how, keywords={**how.keywords, "raw": True})

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
            follow_symlinks: Upload what links lead to; one that leads into itself is an error.
                Else links are skipped, and told.
            empty_folders: Make an object `folder/` of an empty folder.
            **options: See `ManyKeywords`.

        Raises:
            InvalidName: The bucket's name cannot be.
            InvalidArgument: An option that cannot be.
        """
        run = _How(options)
        how = self._many_how(bucket, run, overwrite=overwrite, metadata=metadata)

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
        run = _How(options)
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
            dry_run: Transfer and delete nothing: each result says what would be done, and is
                skipped as `dry run`.
            follow_symlinks: As in `upload_many`.
            empty_folders: As in `upload_many`.
            **options: See `ManyKeywords`. What is not included is left alone on both sides.

        Raises:
            InvalidName: A bucket's name cannot be.
            InvalidArgument: Both are folders, or one is in the other; an option that cannot be.
        """
        run = _How(options)
        origin, goal = Place.of(source), Place.of(target)
        origin.check_apart(goal)
        how = self._many_how(goal.bucket or origin.bucket or "", run)
        how = replace(
            how, keywords={**how.keywords, "raw": True} if goal.bucket is None else how.keywords
        )
        rules = SyncHow(compare_of(compare), delete=delete, empty_folders=empty_folders)

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
        run: _How,
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

    def _place_listed(self, place: Place, run: _How) -> AsyncGenerator[RemoteEntry, None]:
        return self._listed(place.bucket or "", place.prefix, place.prefix, run)

    async def _listed(
        self, bucket: str, prefix: str, strip: str, run: _How
    ) -> AsyncGenerator[RemoteEntry, None]:
        listing = self.iter_objects(bucket, prefix=prefix, fields=LISTED_FIELDS, **run.listing)
        async with aclosing(listing):
            async for entry in remote_entries(listing, strip, run.names):
                yield entry

    def _start(
        self,
        run: _How,
        how: ManyHow,
        items: Callable[[], AsyncGenerator[Item, None]],
        *,
        dry_run: bool = False,
    ) -> ManyTransfer:
        self._check_open()
        clock = self._sender.clock
        said = progress_of(run.progress, clock)

        def start(handle: ManyTransfer) -> AsyncGenerator[TransferResult, None]:
            most = run.concurrency
            limit = AdaptiveLimit(start=_START, most=most, now=clock.now())
            engine = Run(
                handle,
                items(),
                _planned_only if dry_run else Doing(self._moves(), how).do,
                limit=limit,
                clock=clock,
                progress=said,
                journal=None if run.journal is None else Journal(run.journal),
                ramp_up=run.ramp_up and not dry_run,
            )
            return engine.results()

        return ManyTransfer(start)

    def _moves(self) -> Moves:
        return Moves(self.download, self.download_to_filename, self.upload, self.copy, self.delete)


async def _planned_only(item: Item, meter: Meter) -> Done:  # noqa: ARG001 - nothing moves
    return Done(item.result(skipped="dry run"))


async def _local(
    root: str, run: _How, *, follow_symlinks: bool = False, missing_ok: bool = False
) -> AsyncGenerator[LocalEntry, None]:
    found = local_entries(root, follow_symlinks=follow_symlinks, missing_ok=missing_ok)
    async with aclosing(found):
        async for entry in found:
            if run.names.takes(entry.name):
                yield entry
