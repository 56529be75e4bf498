"""One large file or object, over several connections or resumable: what Ctrl-C leaves is kept.

A download leaves its part file beside the target by itself. An upload's session is noted in the
run's folder before most of it is sent, so that the same command goes on where the service stands.
"""

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

import click

from storage_stream import Preconditions, Progress, Storage, TransferResult
from storage_stream.cli.config import Rank
from storage_stream.cli.locations import gs_url
from storage_stream.cli.object_bytes import Asked
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.jobs import Choices
from storage_stream.cli.transfers.naming import Target, below, leaf_of
from storage_stream.cli.transfers.run_folder import RunFolder
from storage_stream.cli.transfers.sources import LocalFile, OneObject, Source
from storage_stream.cli.transfers.special_files import is_special, pipe_pieces, write_into
from storage_stream.errors import (
    InvalidArgument,
    ObjectChanged,
    PreconditionFailed,
    TransferError,
    UsageError,
)

__all__ = ["LARGE_BYTES", "Single"]

LARGE_BYTES = 16 * 1024 * 1024
"""Smaller ones begin anew. Of an upload each request brings so many, and each costs a wait."""

_MTIME = "goog-reserved-file-mtime"


@dataclass(frozen=True)
class Single:
    """One transfer.

    Attributes:
        run: The command.
        choices: As for many.
        folder: Of the run.
        workers: Connections for a download; for an upload in parts, how many at a time.
        slice_bytes: Bytes of a slice of a download.
        part_bytes: Bytes of a part; None for the library's choice.
        parts: Upload in parts, several at a time.
        bucket: The object's.
        name: The object's.
        path: The file's.
        resource: The object's, for a download.
    """

    run: Run
    choices: Choices
    folder: RunFolder
    workers: int
    slice_bytes: int
    part_bytes: int | None
    parts: bool
    bucket: str
    name: str
    path: str
    resource: Any = None

    @classmethod
    def of(
        cls,
        run: Run,
        folder: RunFolder,
        sources: Sequence[Source],
        target: Target,
        choices: Choices,
        *,
        parts: bool,
    ) -> "Single | None":
        """The one that is all there is to do; None if there are several, or it is not large.

        Raises:
            click.UsageError: It is to be moved, and one side is no file.
        """
        named = _named(sources[0], target) if len(sources) == 1 else None
        if choices.move and named is not None and is_special(path := named[2]):
            raise click.UsageError(
                f"{path} is a pipe or a device, and keeps nothing: cp takes it, mv does not."
            )
        if named is None or choices.include or choices.exclude:
            return None
        said = run.config.values["slice_size"]  # what is good for a slice is little for a part
        part_bytes = None if said.rank is Rank.DEFAULT else said.value
        how = (run.config["workers"], said.value, part_bytes, parts)
        return cls(run, choices, folder, *how, *named)

    @property
    def storage(self) -> Storage:
        """The client."""
        return self.run.storage

    @property
    def source(self) -> str:
        """As results name it."""
        return self.path if self.resource is None else gs_url(self.bucket, self.name)

    @property
    def target(self) -> str:
        """The same."""
        return gs_url(self.bucket, self.name) if self.resource is None else self.path

    async def transfer(self, progress: Progress) -> TransferResult:
        """Do it. Cancelling keeps what can be gone on with.

        Raises:
            StorageError: The service, or the way there.
            OSError: The file.
        """
        return await (self._upload if self.resource is None else self._download)(progress)

    def failed(self, error: Exception) -> TransferResult:
        """The result of one that raised."""
        return TransferResult(self._action, self.source, self.target, error=error)

    @property
    def _action(self) -> str:
        return "upload" if self.resource is None else "download"

    async def _download(self, progress: Progress) -> TransferResult:
        if not self.choices.overwrite and await asyncio.to_thread(os.path.lexists, self.path):
            return self._skipped()
        generation = int(self.resource["generation"])
        if is_special(self.path):
            asked = Asked(self.bucket, self.name, generation)
            size = await write_into(self.run, asked, self.path)
            return self._downloaded(generation, size)
        await asyncio.to_thread(_make_folder, self.path)
        said = self.choices.options.get("preconditions")
        await self.storage.download_to_filename(
            *(self.bucket, self.name, self.path),
            generation=generation,
            workers=self.workers,
            slice_bytes=self.slice_bytes,
            preconditions=said,
            progress=progress,
            **self.choices.requests,
        )
        size = await asyncio.to_thread(_stamp, self.path, _file_time(self.resource))
        return self._downloaded(generation, size)

    def _downloaded(self, generation: int, size: int) -> TransferResult:
        return TransferResult(
            *(self._action, self.source, self.target, size, generation),
            source_generation=generation,
            crc32c=self.resource.get("crc32c"),
        )

    async def _upload(self, progress: Progress) -> TransferResult:
        send = self._in_parts if self.parts else self._in_a_session
        if self.choices.zipped:  # another version of zlib may go on otherwise
            send = self._at_once
        if is_special(self.path):
            send = self._from_pipe
        try:
            resource = await send(progress)
        except PreconditionFailed:
            if self.choices.overwrite:
                raise
            return self._skipped()
        return TransferResult(
            *(self._action, self.source, self.target),
            *(int(resource["size"]), int(resource["generation"])),
            crc32c=resource.get("crc32c"),
        )

    def _skipped(self) -> TransferResult:
        return TransferResult(self._action, self.source, self.target, skipped="it is there already")

    async def _in_parts(self, progress: Progress) -> Any:
        journal = self.folder.path / "parts.json"
        sizes: dict[str, Any] = {}
        if self.part_bytes is not None:
            sizes["part_bytes"] = self.part_bytes
        return await self.storage.upload_parallel(
            self.bucket,
            self.name,
            Path(self.path),
            workers=self.workers,
            journal=journal,
            metadata=await self._metadata(),
            method="composite",  # multipart takes neither preconditions nor all metadata
            preconditions=self._preconditions,
            progress=progress,
            **{**sizes, **self.choices.requests},
        )

    async def _at_once(self, progress: Progress) -> Any:
        return await self.storage.upload_from_filename(
            *(self.bucket, self.name, self.path),
            metadata=await self._metadata(),
            zipped=True,
            preconditions=self._preconditions,
            progress=progress,
            **self.choices.requests,
        )

    async def _from_pipe(self, progress: Progress) -> Any:
        return await self.storage.upload(
            *(self.bucket, self.name, pipe_pieces(self.path)),
            metadata=self.choices.metadata or None,
            zipped=self.choices.zipped,
            preconditions=self._preconditions,
            progress=progress,
            **self.choices.requests,
        )

    async def _in_a_session(self, progress: Progress) -> Any:
        found = await asyncio.to_thread(os.stat, self.path)
        identity = [found.st_size, found.st_mtime_ns, found.st_ino]
        notes = await asyncio.to_thread(self.folder.notes)
        state = notes.get("upload") if notes.get("file") == identity else None
        if state is not None:
            with suppress(InvalidArgument, ObjectChanged):  # then it is begun anew
                return await self._go_on(state, progress)
        return await self._go_on(await self._begin(identity), progress)

    async def _begin(self, identity: list[int]) -> Any:
        """Begin a session with the file's first bytes, and note how to go on with it."""
        first = await asyncio.to_thread(_first_bytes, self.path)
        if len(first) <= LARGE_BYTES:  # it was larger, and no session would begin with so little
            raise TransferError(f"{self.path} was changed while it was sent")
        writer = self.storage.upload_stream(
            *(self.bucket, self.name),
            metadata=await self._metadata(),
            chunk_bytes=LARGE_BYTES,
            preconditions=self._preconditions,
            **self.choices.requests,
        )
        writer.disown()
        try:
            await writer.write(first)
        finally:
            with suppress(UsageError):  # it was stopped before the session began
                await self._note(upload=writer.state(), file=identity)
        return writer.state()

    async def _note(self, **notes: Any) -> None:
        try:
            await asyncio.to_thread(lambda: self.folder.note(**notes))
        except OSError as error:  # going on is a help, no condition
            self.run.output.warn(f"This upload cannot be gone on with: {error.strerror}.")

    async def _go_on(self, state: Any, progress: Progress) -> Any:
        path = Path(self.path)
        return await self.storage.resume_upload(
            state, path, progress=progress, **self.choices.requests
        )

    async def _metadata(self) -> dict[str, Any]:
        found = await asyncio.to_thread(os.stat, self.path)
        return {**self.choices.metadata, "metadata": {_MTIME: str(int(found.st_mtime))}}

    @property
    def _preconditions(self) -> Preconditions | None:
        said: Preconditions | None = self.choices.options.get("preconditions")
        return said if self.choices.overwrite else Preconditions(if_generation_match=0)


def _named(source: Source, target: Target) -> tuple[str, str, str, Any] | None:
    """Bucket, name, path and resource of a large one; None of all else."""
    if isinstance(source, LocalFile) and target.bucket is not None:
        name = target.prefix + target.name_of(leaf_of(source.path))
        is_large = os.path.getsize(source.path) > LARGE_BYTES  # noqa: PTH202 - texts
        is_alone = is_large or is_special(source.path)
        return (target.bucket, name, source.path, None) if is_alone else None
    if isinstance(source, OneObject) and target.bucket is None:
        leaf = source.name.rpartition("/")[2]
        # A run of many refuses what cannot be a file, and what is kept as gzip has no size here.
        is_plain = re.fullmatch(r"[^:\\\x00]+", leaf) and leaf not in {".", ".."}
        is_large = int(source.resource["size"]) > LARGE_BYTES
        path = below(target.folder, target.name_of(leaf))
        if is_plain and (is_special(path) or os.path.islink(path)):  # noqa: PTH114 - texts
            # Somebody named it himself: a link is followed, and nothing that is no file replaced.
            place = path if is_special(path) else os.path.realpath(path)
            return (source.bucket, source.name, place, source.resource)
        if is_plain and is_large and source.resource.get("contentEncoding") != "gzip":
            return (source.bucket, source.name, path, source.resource)
    return None


def _first_bytes(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(LARGE_BYTES + 1)  # one more, so that the first chunk is not the last


def _make_folder(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)


def _file_time(resource: Any) -> int | None:
    """When the object's file was changed, or the object was made; seconds since 1970."""
    metadata: dict[str, str] = resource.get("metadata") or {}
    said = metadata.get(_MTIME, "")
    if said.isascii() and said.isdigit():
        return int(said)
    with suppress(KeyError, ValueError):
        return int(datetime.fromisoformat(resource["timeCreated"]).timestamp())
    return None


def _stamp(path: str, seconds: int | None) -> int:
    found = Path(path).stat()
    if seconds is not None and S_ISREG(found.st_mode):
        os.utime(path, (seconds, seconds))
    return found.st_size
