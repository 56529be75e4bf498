"""The bytes of an object in order, for whoever may stop reading soon.

The first bytes are asked for by themselves: who wants only a thousand costs no more than these.
Who takes them all gets the rest over several connections at once. All of an object is compared
with its checksum.
"""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from fastcrc.crc32 import iscsi as crc32c

from storage_stream import ObjectHead
from storage_stream.cli.locations import gs_url
from storage_stream.cli.running import Run
from storage_stream.errors import IntegrityError, RangeNotSatisfiable

__all__ = ["FIRST_BYTES", "Asked", "crc32c_text", "object_bytes"]

FIRST_BYTES = 512 << 10
"""Asked for first. Less than the mebibyte that stopping early may cost."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An object, or a part of one.

    Attributes:
        bucket: Its bucket.
        name: Its name.
        generation: Which generation, or None for the live one.
        start: The first byte; negative counts from the end.
        end: One behind the last byte, or None.
        raw: As it is stored, gzip too.
    """

    bucket: str
    name: str
    generation: int | None = None
    start: int = 0
    end: int | None = None
    raw: bool = False


async def object_bytes(run: Run, asked: Asked) -> AsyncGenerator[bytes, None]:
    """The bytes; leave early within `contextlib.aclosing`.

    Raises:
        NotFound: There is no such object.
        IntegrityError: All of it was read, and it is not what is stored.
    """
    if asked.start < 0 or (asked.end is not None and asked.end - asked.start <= FIRST_BYTES):
        async with aclosing(_one_stream(run, asked)) as pieces:
            async for piece in pieces:
                yield piece
        return
    crc, position, head = 0, asked.start, ObjectHead()
    async with aclosing(_first_and_rest(run, asked)) as parts:
        async for told, piece in parts:
            head = told
            crc = crc32c(piece, crc)
            position += len(piece)
            yield piece
    is_whole = asked.start == 0 and asked.end is None and position == head.size
    if is_whole and head.crc32c is not None and head.crc32c != crc32c_text(crc):
        raise IntegrityError(
            "the checksum of what arrived is wrong",
            expected=head.crc32c,
            actual=crc32c_text(crc),
            subject=gs_url(asked.bucket, asked.name),
        )


def crc32c_text(crc: int) -> str:
    """A checksum as the service writes it: four bytes, the largest first, in base64."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


async def _first_and_rest(run: Run, asked: Asked) -> AsyncGenerator[tuple[ObjectHead, bytes], None]:
    position = asked.start + FIRST_BYTES
    try:
        first = await run.storage.download_stream(
            asked.bucket,
            asked.name,
            generation=asked.generation,
            start=asked.start,
            end=position,
            raw=True,
            **run.options,
        )
    except RangeNotSatisfiable:  # nothing is there, or an empty object
        return
    async with first:
        head = first.metadata
        is_decoded = head.content_encoding == "gzip" and not asked.raw
        if not is_decoded:
            async for piece in first:
                yield head, bytes(piece)
    rest = Asked(
        *(asked.bucket, asked.name, head.generation),
        asked.start if is_decoded else position,
        asked.end,
        raw=not is_decoded,
    )
    if (
        not is_decoded
        and head.size is not None
        and position >= min(head.size, asked.end or head.size)
    ):
        return
    pieces = _one_stream(run, rest) if is_decoded else _several_streams(run, rest)
    # Of what is decompressed the library itself compares the checksum.
    known = ObjectHead() if is_decoded else head
    async with aclosing(pieces):
        async for piece in pieces:
            yield known, piece


async def _one_stream(run: Run, asked: Asked) -> AsyncGenerator[bytes, None]:
    try:
        stream = await run.storage.download_stream(
            asked.bucket,
            asked.name,
            generation=asked.generation,
            start=asked.start,
            end=asked.end,
            raw=asked.raw,
            **run.options,
        )
    except RangeNotSatisfiable:
        return
    async with stream:
        async for piece in stream:
            yield bytes(piece)


async def _several_streams(run: Run, asked: Asked) -> AsyncGenerator[bytes, None]:
    pieces = run.storage.iter_download(
        asked.bucket,
        asked.name,
        generation=asked.generation,
        start=asked.start,
        end=asked.end,
        raw=True,
        slice_bytes=run.config["slice_size"],
        workers=run.config["workers"],
        **run.options,
    )
    async with aclosing(pieces):
        async for piece in pieces:
            yield bytes(piece)
