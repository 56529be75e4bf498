"""What a command does, as few runs of many as will do: a folder is one, all single files are one.

Each run takes what it can from the library: lists, names that cannot be files, retries, journals.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_stream import ManyTransfer, Progress, Storage, TransferResult
from storage_stream.cli.locations import gs_url
from storage_stream.cli.transfers.naming import Target, leaf_of
from storage_stream.cli.transfers.renames import Pair, Renames
from storage_stream.cli.transfers.selection import Selection, matched_name
from storage_stream.cli.transfers.sources import (
    LISTED_FIELDS,
    LocalFile,
    LocalFolder,
    ObjectsMatching,
    OneObject,
    RemoteFolder,
    Source,
)
from storage_stream.cli.transfers.special_files import is_special

__all__ = ["Choices", "Job", "Results", "jobs_of"]

_RENAMES_AT_ONCE = 32  # each is one small request


@dataclass(frozen=True)
class Choices:
    """What somebody said about the transfers.

    Attributes:
        recursive: Folders, with all that is in them.
        include: See `Selection`.
        exclude: The same.
        overwrite: False leaves alone what is there.
        metadata: Fields of new objects.
        zipped: Compress uploads.
        follow_symlinks: Take what links lead to.
        options: Of each run: concurrency, processes, journal, progress, preconditions.
        requests: Of each request: which project pays.
        move: Sources do not stay: within a bucket they are renamed.
    """

    recursive: bool = False
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    overwrite: bool = True
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    zipped: bool = False
    follow_symlinks: bool = False
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    requests: dict[str, Any] = field(default_factory=dict[str, Any])
    move: bool = False

    @property
    def run(self) -> dict[str, Any]:
        """Keywords of every run."""
        return {"overwrite": self.overwrite, **self.requests, **self.options}

    @property
    def filters(self) -> dict[str, Any]:
        """Keywords of a run that finds its names by itself."""
        return {"include": self.include or None, "exclude": self.exclude or None}

    @property
    def of_uploads(self) -> dict[str, Any]:
        """Keywords of uploads alone."""
        return {"metadata": self.metadata or None, "zipped": self.zipped}


Refuse = Callable[[str, str], None]
"""Called with a source, and why it does not come."""


Results = AbstractAsyncContextManager[AsyncIterable[TransferResult]]
"""A run that is under way while its block is entered, such as `ManyTransfer`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run of many, not begun.

    Attributes:
        start: Begins it.
        folder: The folder on this machine that it takes whole, or None.
    """

    start: Callable[[], Results]
    folder: str | None = None


def jobs_of(
    storage: Storage, sources: Sequence[Source], target: Target, choices: Choices, refuse: Refuse
) -> list[Job]:
    """The runs that bring sources to their target, the folders first.

    Args:
        storage: The client.
        sources: All of them.
        target: Where they go.
        choices: How.
        refuse: Told of names that two sources have, and of patterns without a match.
    """
    maker = _Jobs(storage, target, choices, refuse)
    jobs = [
        maker.folder(source) for source in sources if isinstance(source, LocalFolder | RemoteFolder)
    ]
    files = [source for source in sources if isinstance(source, LocalFile)]
    if files:
        jobs.append(maker.files(files))
    buckets: dict[str, list[OneObject | ObjectsMatching]] = {}
    for source in sources:
        if isinstance(source, OneObject | ObjectsMatching):
            buckets.setdefault(source.bucket, []).append(source)
    return [*jobs, *(maker.objects(bucket, held) for bucket, held in buckets.items())]


class _Jobs:
    def __init__(self, storage: Storage, target: Target, choices: Choices, refuse: Refuse) -> None:
        self._storage = storage
        self._target = target
        self._how = choices
        self._refuse = refuse
        self._selection = Selection(choices.include, choices.exclude)

    def folder(self, source: LocalFolder | RemoteFolder) -> Job:
        if isinstance(source, LocalFolder):
            return Job(lambda: self._folder_up(source), source.path)
        return Job(lambda: self._folder_of_objects(source))

    def files(self, sources: Sequence[LocalFile]) -> Job:
        target, how = self._target, self._how
        pairs = [
            (Path(source.path), target.name_of(leaf_of(source.path)))
            for source in sources
            if self._is_file(source.path) and self._takes(source.path, leaf_of(source.path))
        ]
        return Job(
            lambda: self._storage.upload_many(
                target.bucket or "", pairs, prefix=target.prefix, **how.of_uploads, **how.run
            )
        )

    def _is_file(self, path: str) -> bool:
        if is_special(path):
            self._refuse(path, "a pipe is copied by itself, as the only source")
            return False
        return True

    def objects(self, bucket: str, sources: Sequence[OneObject | ObjectsMatching]) -> Job:
        target, how = self._target, self._how

        def start() -> Results:
            pairs = self._pairs(bucket, sources)
            if how.move and target.bucket == bucket:
                return self._renamed(
                    bucket, ((resource, target.prefix + name) async for resource, name in pairs)
                )
            if target.bucket is None:
                return self._storage.download_many(bucket, pairs, target.folder, **how.run)
            return self._storage.copy_many(
                bucket,
                pairs,
                target.bucket,
                prefix=target.prefix,
                metadata=how.metadata or None,
                **how.run,
            )

        return Job(start)

    def _folder_up(self, source: LocalFolder) -> ManyTransfer:
        target, how = self._target, self._how
        return self._storage.upload_many(
            target.bucket or "",
            source.path.removesuffix("/.") or "/",
            prefix=target.prefix_of(leaf_of(source.path)),
            follow_symlinks=how.follow_symlinks,
            **how.of_uploads,
            **how.filters,
            **how.run,
        )

    def _renamed(self, bucket: str, pairs: AsyncGenerator[tuple[Any, str], None]) -> Results:
        how = self._how
        renames = Renames(
            self._storage,
            bucket,
            how.options.get("concurrency", _RENAMES_AT_ONCE),
            how.options.get("progress") or Progress(),
            how.requests,
        )
        return aclosing(renames.all(pairs))

    async def _below(self, source: RemoteFolder, prefix: str) -> AsyncGenerator[Pair, None]:
        """What is in a "folder", and its names below another prefix."""
        listing = self._storage.iter_objects(
            source.bucket, prefix=source.prefix, fields=LISTED_FIELDS, **self._how.requests
        )
        async with aclosing(listing):
            async for resource in listing:
                name = resource["name"].removeprefix(source.prefix)
                if self._selection.takes(name):
                    yield resource, prefix + name

    def _folder_of_objects(self, source: RemoteFolder) -> Results:
        target, how = self._target, self._how
        leaf = leaf_of(source.prefix) or source.bucket
        if how.move and target.bucket == source.bucket:
            prefix = target.prefix_of(leaf)
            return self._renamed(source.bucket, self._below(source, prefix))
        if target.bucket is None:
            return self._storage.download_many(
                source.bucket,
                source.prefix,
                target.folder_of(leaf),
                **how.filters,
                **how.run,
            )
        return self._storage.copy_many(
            source.bucket,
            source.prefix,
            target.bucket,
            prefix=target.prefix_of(leaf),
            metadata=how.metadata or None,
            **how.filters,
            **how.run,
        )

    async def _pairs(
        self, bucket: str, sources: Sequence[OneObject | ObjectsMatching]
    ) -> AsyncGenerator[tuple[Any, str], None]:
        for source in sources:
            if isinstance(source, OneObject):
                # Not `leaf_of`: a name like `a/..` is refused by name, where files are written.
                leaf = source.name.rpartition("/")[2]
                if self._takes(gs_url(bucket, source.name), leaf):
                    yield source.resource, self._target.name_of(leaf)
                continue
            async with aclosing(self._matching(source)) as found:
                async for pair in found:
                    yield pair

    async def _matching(self, source: ObjectsMatching) -> AsyncGenerator[tuple[Any, str], None]:
        pattern, count = source.pattern, 0
        is_flat = pattern.within_folder and not self._how.recursive
        flat: dict[str, Any] = {"delimiter": "/"} if is_flat else {}  # what is deeper cannot match
        listing = self._storage.iter_objects(
            source.bucket,
            prefix=pattern.prefix,
            fields=LISTED_FIELDS,
            **flat,
            **self._how.requests,
        )
        async with aclosing(listing):
            async for resource in listing:
                called = matched_name(pattern, resource["name"], recursive=self._how.recursive)
                if called is None or self._is_there_already(source, resource["name"], called):
                    continue
                count += 1
                if self._takes(gs_url(source.bucket, resource["name"]), called):
                    yield resource, called
        if source.matches.bucket_ends(count):
            self._refuse(source.matches.url, "no object matches")

    def _is_there_already(self, source: ObjectsMatching, name: str, called: str) -> bool:
        """Whether an object is in the target: it may be one that this run made a moment ago."""
        prefix = self._target.prefix
        if source.bucket != self._target.bucket:
            return False
        lists_target = prefix.startswith(source.pattern.prefix)
        return name == prefix + called or (lists_target and name.startswith(prefix))

    def _takes(self, source: str, name: str) -> bool:
        if not self._selection.takes(name):
            return False
        if not self._selection.is_new(self._target.name_of(name)):
            self._refuse(source, f"another source is to be {name!r} in the target, too")
            return False
        return True
