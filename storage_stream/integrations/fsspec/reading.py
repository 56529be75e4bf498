"""Bytes of objects into memory: whole, in part, many at once."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from storage_stream.errors import ObjectChanged, RangeNotSatisfiable
from storage_stream.integrations.fsspec.bounded import metered
from storage_stream.integrations.fsspec.failures import os_errors
from storage_stream.integrations.fsspec.library import has_magic
from storage_stream.integrations.fsspec.ranges import MAX_GAP_BYTES, Block, merged
from storage_stream.integrations.fsspec.sources import Sources, is_folder, paths_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream import ObjectHead
    from storage_stream.integrations.fsspec.bounded import ItemMeter
    from storage_stream.integrations.fsspec.paths import ObjectPath

__all__ = ["FIRST_BYTES", "Beginning", "Reading", "room_for"]

_INTO_BYTES = 64 * 1024  # less is copied sooner than it is prepared
_BLOCK_BYTES = 64 * 1024 * 1024  # more comes over several connections, and may be less than asked
FIRST_BYTES = 256 * 1024  # what opening a file brings: many files are not larger


class Beginning(NamedTuple):
    """What the first answer about a file that is opened says."""

    generation: int | None
    size: int
    data: bytes
    head: ObjectHead | None


class Reading(Sources):
    """Reading; a whole object is verified by its checksum, of a range that cannot be done."""

    async def _cat_file(
        self,
        path: str,
        start: int | None = None,
        end: int | None = None,
        *,
        generation: int | None = None,
        meter: ItemMeter | None = None,
        **_: Any,
    ) -> bytes:
        """An object's bytes as they are stored. One request, or one for each 32 MiB at once."""
        at = self._at(path).object_only()
        if end is not None and (end < 0 or (start is not None and start < 0)):
            start, end = await self._counted(path, start, end, generation)
        if end is not None and end <= (start or 0):
            return b""
        try:
            with os_errors(at.path):
                return await self._bytes_of(at, start or 0, end, generation, meter=meter)
        except RangeNotSatisfiable:  # it begins behind the end
            return b""

    async def _bytes_of(
        self,
        at: ObjectPath,
        start: int,
        end: int | None,
        generation: int | None,
        room: io.BytesIO | None = None,
        meter: ItemMeter | None = None,
    ) -> bytes:
        """Bytes of an object: all of them verified, or a range; `room` is memory for them."""
        client = self._client()
        chosen = metered(self._said(raw=True, generation=generation), meter)
        if start:
            chosen["start"] = start
        if end is None:
            return await client.download(at.bucket, at.name, **chosen)
        chosen["end"] = end
        block = room_for(start, end) if room is None else room
        if block is None:
            return await client.download(at.bucket, at.name, **chosen)
        with block.getbuffer() as view:
            count = await client.download_into(at.bucket, at.name, view, **chosen)
        block.truncate(count)
        return block.getvalue()

    async def _counted(
        self, path: str, start: int | None, end: int, generation: int | None
    ) -> tuple[int, int]:
        """Bounds that count from the end, as those from the beginning. One request."""
        size = (await self._info(path, generation=generation))["size"]
        first, last, _ = slice(start, end).indices(size)
        return first, last

    async def _cat(
        self,
        path: Any,
        recursive: bool = False,
        on_error: str = "raise",
        batch_size: int | None = None,
        **options: Any,
    ) -> Any:
        """Objects' bytes, many at once: by path, or the bytes alone of one that is named."""
        given = paths_of(path)
        if recursive or any(has_magic(one) for one in given):
            found = await self._expanded(given, recursive=recursive)
            paths = [one for one, info in found.items() if not is_folder(info)]
        else:
            paths = [self._strip_protocol(one) for one in given]
        if not paths and not given:
            return {}
        if isinstance(path, str) and paths == [self._strip_protocol(path)] and not recursive:
            paths, given = [paths[0]], []

        async def work(one: str, meter: ItemMeter | None) -> bytes:
            return await self._cat_file(one, meter=meter, **options)

        if on_error == "raise":
            found_bytes = await self._all(work, paths, batch_size)
        else:
            most = batch_size or self.batch_size
            found_bytes = await self._bounds.outcomes_of(work, paths, most=most)
            if on_error == "omit":
                kept = [not isinstance(outcome, BaseException) for outcome in found_bytes]
                pairs = zip(paths, found_bytes, kept, strict=True)
                return {one: data for one, data, is_kept in pairs if is_kept}
        return dict(zip(paths, found_bytes, strict=True)) if given else found_bytes[0]

    async def _cat_ranges(
        self,
        paths: list[str],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        batch_size: int | None = None,
        on_error: str = "return",
        **options: Any,
    ) -> list[Any]:
        """Ranges of objects, near ones by one request, all at once.

        All ranges of one object are of one generation: `ObjectChanged` else.

        Args:
            paths: The object of each range.
            starts: Their first bytes; a number for all. Negative: from the end.
            ends: One behind their last bytes; a number for all; None for the object's end.
            max_gap: Ranges that lie so near, in bytes, come by one request; None for 64 KiB.
            batch_size: How many requests at once.
            on_error: `return` puts an exception in its range's place, else the first is raised.
            **options: `generation`, of all the objects.
        """
        bounds = zip(paths, _each(starts, paths), _each(ends, paths), strict=True)
        asked = [
            (number, self._strip_protocol(path), start or 0, end)
            for number, (path, start, end) in enumerate(bounds)
        ]
        results: list[Any] = [b""] * len(asked)
        bounded = [one for one in asked if one[3] is not None and one[2] >= 0 and one[3] >= 0]
        wanted = [one for one in bounded if one[3] > one[2]]
        blocks = merged(wanted, MAX_GAP_BYTES if max_gap is None else max_gap)
        others = [
            Block(path, start, end, [(number, start, end)])
            for number, path, start, end in asked
            if end is None or start < 0 or end < 0
        ]
        requests = Counter(block.path for block in [*blocks, *others])
        generations: dict[str, int | None] = {}

        async def work(block: Block, meter: ItemMeter | None) -> None:
            pins = generations if requests[block.path] > 1 else None
            try:
                data = await self._block(block, pins, options, meter)
            except Exception as error:
                if on_error != "return":
                    raise
                for number, _, _ in block.asked:
                    results[number] = error
            else:
                for number, piece in block.shared(data):
                    results[number] = piece

        await self._all(work, [*blocks, *others], batch_size)
        return results

    async def _block(
        self,
        block: Block,
        generations: dict[str, int | None] | None,
        options: dict[str, Any],
        meter: ItemMeter | None = None,
    ) -> bytes:
        """A block; where an object has several, each must be of the same generation."""
        start, end = block.start, block.end
        if generations is None:
            return await self._cat_file(block.path, start, end, meter=meter, **options)
        if end is not None and (start < 0 or end < 0):
            start, end = await self._counted(block.path, start, end, options.get("generation"))
            if start >= end:
                return b""
        at = self._at(block.path).object_only()
        chosen = self._said(raw=True, start=start, end=end, **metered(options, meter))
        try:
            with os_errors(at.path):
                async with self._client().download_stream(at.bucket, at.name, **chosen) as stream:
                    generation = generations.setdefault(block.path, stream.generation)
                    if generation != stream.generation:
                        raise ObjectChanged(
                            "the object was overwritten while ranges of it were read",
                            subject=f"gs://{at.path}",
                        )
                    return await stream.read()
        except RangeNotSatisfiable:
            return b""

    # -- for files that are opened -----------------------------------------------------------

    async def _begin_file(self, path: str, generation: int | None) -> Beginning:
        """Its first bytes, and with them which generation it is. One request; two if it is empty.

        What fits in it is a whole object, and is compared with its checksum.
        """
        at = self._at(path).object_only()
        chosen = self._said(raw=True, generation=generation, start=0, end=FIRST_BYTES)
        try:
            with os_errors(at.path):
                async with self._client().download_stream(at.bucket, at.name, **chosen) as stream:
                    data = await stream.read()
                    head = stream.metadata
        except RangeNotSatisfiable:
            data, head = b"", None
        if head is None or head.size is None:
            info = await self._info(at.path, generation=generation)
            return Beginning(int(info["generation"]), info["size"], data, head)
        return Beginning(head.generation, head.size, data, head)

    async def _file_range(
        self,
        path: str,
        start: int,
        end: int | None,
        generation: int | None,
        room: io.BytesIO | None,
    ) -> bytes:
        """A range of a file that is open; from 0 to None all of it, which is verified.

        Args:
            path: Of the file.
            start: Its first byte.
            end: One behind its last; None for the end.
            generation: Of the object.
            room: Where it is received; None where nobody made any.

        Raises:
            ObjectChanged: This generation is not there any more.
        """
        at = self._at(path)
        try:
            with os_errors(at.path):
                return await self._bytes_of(at, start, end, generation, room)
        except FileNotFoundError as error:
            raise ObjectChanged(
                "the object was overwritten or deleted while it was read",
                subject=f"gs://{at.path}",
            ) from error


def room_for(start: int, end: int | None) -> io.BytesIO | None:
    """Memory for a range that comes over one connection; None where that is not worth it.

    It is received where it stays: the memory of a BytesIO is given away without a copy.

    Args:
        start: Its first byte.
        end: One behind its last, perhaps more than there are; None for the object's end.
    """
    if end is None or start < 0 or not _INTO_BYTES <= end - start <= _BLOCK_BYTES:
        return None
    return io.BytesIO(bytes(end - start))


def _each(given: Any, paths: Sequence[str]) -> list[Any]:
    if isinstance(given, list | tuple):
        return list(cast("Sequence[Any]", given))
    return [given] * len(paths)
