"""Objects as files of a folder that all workers share: a mounted disk, or one machine's own.

Each file is written by `Storage.download_many`: beside its place, and put there whole, with the
object's time. That time and the size tell a file that is done from one that is not. What a worker
that was lost left beside is removed by who does its unit.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.dask.doing import Doing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Downloading"]

_MTIME_KEY = "goog-reserved-file-mtime"
"""https://cloud.google.com/storage-transfer/docs/metadata-preservation"""
_UNFINISHED = re.compile(r"\.(.+)\.[0-9a-f]{12}\.part", re.DOTALL)
_LONGEST_STEM = 180  # bytes of a file's name that surely stand in an unfinished one's


class Downloading(Doing):
    """Downloads."""

    async def prepare(self, listed: Sequence[dict[str, Any]], end: str | None) -> None:
        """See `Doing.prepare`. No request; the files are looked at."""
        del end
        self._left: list[tuple[dict[str, Any], str]] = []
        self._there = await asyncio.to_thread(self._those_there, listed)

    def is_there(self, item: dict[str, Any]) -> bool:
        """See `Doing.is_there`: a file of that size and time is there."""
        return item["name"] in self._there

    async def one(self, item: dict[str, Any]) -> None:
        """See `Doing.one`: all that are to come are downloaded together, in `finish`."""
        self._left.append((item, self._below(item)))

    async def finish(self) -> None:
        """Download. One request for each, or what a large one needs."""
        if not self._left:
            return
        begun = time.time()
        sizes = {item["name"]: int(item["size"]) for item, _ in self._left}
        start = len(f"gs://{self.order.bucket}/")
        async with self.storage.download_many(
            self.order.bucket,
            self._left,
            self.order.target,
            raw=True,
            overwrite=self.order.overwrite,
            concurrency=self.order.concurrency,
            ramp_up=False,  # whoever gives out the units sees to it, for all workers
            **self.order.request_options,
        ) as run:
            async for result in run:
                name = result.source[start:]
                if result.error is not None:
                    self.failed(name, result.error)
                elif result.skipped is not None:
                    self.skipped()
                else:
                    self.done(sizes[name])
        await asyncio.to_thread(_remove_unfinished, self.order.target, self._left, begun)

    def _below(self, item: Mapping[str, Any]) -> str:
        name: str = item["name"]
        return name.removeprefix(self.order.strip)

    def _those_there(self, listed: Sequence[Mapping[str, Any]]) -> set[str]:
        return {item["name"] for item in listed if self._is_file(item)}

    def _is_file(self, item: Mapping[str, Any]) -> bool:
        parts = self._below(item).split("/")
        if any(part in {"", ".", ".."} for part in parts):
            return False  # no file's name: the download says so
        try:
            found = os.lstat(os.path.join(self.order.target, *parts))  # noqa: PTH118 - may be no Path
        except (OSError, ValueError):
            return False  # a NUL, too: the same
        same_size = found.st_size == int(item["size"])
        return stat.S_ISREG(found.st_mode) and same_size and int(found.st_mtime) == _time_of(item)


def _time_of(item: Mapping[str, Any]) -> int | None:
    metadata: Mapping[str, str] = item.get("metadata") or {}
    said = metadata.get(_MTIME_KEY, "")
    if said.isascii() and said.isdigit():
        return int(said)
    created: str | None = item.get("timeCreated")
    return None if created is None else int(datetime.fromisoformat(created).timestamp())


def _remove_unfinished(
    target: str, downloaded: Sequence[tuple[Mapping[str, Any], str]], before: float
) -> None:
    """Remove what was left beside these files, and not written to since. What cannot be, stays.

    A worker that is only cut off may be writing it still: then it fails there, where nobody waits
    for it, and the file has its place already.
    """
    stems: dict[str, set[str]] = {}
    for _, below in downloaded:
        folder, _, name = below.rpartition("/")
        stems.setdefault(folder, set()).add(_stem(name))
    for folder, known in stems.items():
        with suppress(OSError, ValueError), os.scandir(os.path.join(target, folder)) as found:  # noqa: PTH118 - may be no Path
            for entry in found:
                match = _UNFINISHED.fullmatch(entry.name)
                if match is not None and _stem(match[1]) in known and _is_left(entry, before):
                    os.unlink(entry)  # noqa: PTH108 - an entry is no Path


def _stem(name: str) -> str:
    return os.fsencode(name)[:_LONGEST_STEM].decode(errors="ignore")


def _is_left(entry: os.DirEntry[str], before: float) -> bool:
    is_file = entry.is_file(follow_symlinks=False)
    return is_file and entry.stat(follow_symlinks=False).st_mtime < before
