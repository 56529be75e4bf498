"""How much there is to do, counted ahead for whoever watches: a run lists only as it goes."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from storage_stream.cli.progress import Display
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.selection import Selection
from storage_stream.cli.transfers.sources import (
    LocalFile,
    LocalFolder,
    ObjectsMatching,
    OneObject,
    RemoteFolder,
    Source,
)
from storage_stream.errors import StorageError

__all__ = ["Estimate"]


@dataclass
class Estimate:
    """Counts sources, and tells a display. What cannot be counted is left for the run to find.

    Attributes:
        run: The command.
        selection: Which names are meant.
        objects: How many there are.
        bytes: How large they are together.
    """

    run: Run
    selection: Selection
    objects: int = 0
    bytes: int = 0

    async def tell(self, sources: Sequence[Source], display: Display) -> None:
        """Count all, then tell; one more list for each remote folder. Cancelled when it is late."""
        if any(isinstance(source, ObjectsMatching) for source in sources):
            return  # that would be a second list of names of which few are meant
        with suppress(OSError, StorageError):  # the run meets the same, and tells it
            for source in sources:
                await self._add(source)
            display.expect(self.objects, self.bytes)

    async def _add(self, source: Source) -> None:
        if isinstance(source, LocalFile):
            self._count(1, await asyncio.to_thread(os.path.getsize, source.path))
        elif isinstance(source, LocalFolder):
            self._count(*await asyncio.to_thread(self._folder, source.path))
        elif isinstance(source, OneObject):
            self._count(1, int(source.resource["size"]))
        elif isinstance(source, RemoteFolder):
            await self._objects(source)

    def _count(self, objects: int, size: int) -> None:
        self.objects += objects
        self.bytes += size

    def _folder(self, root: str) -> tuple[int, int]:
        count = size = 0
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                if self.selection.takes(path.relative_to(root).as_posix()):
                    count += 1
                    size += path.lstat().st_size
        return count, size

    async def _objects(self, source: RemoteFolder) -> None:
        listing = self.run.storage.iter_objects(
            source.bucket,
            prefix=source.prefix,
            fields="items(name,size)",
            **self.run.options,
        )
        async with aclosing(listing):
            async for resource in listing:
                name = resource["name"].removeprefix(source.prefix)
                if name and self.selection.takes(name):
                    self._count(1, int(resource.get("size", 0)))
