"""An object to another bucket: copied, then taken away from where it was."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from storage_stream._protocol.object_stat import ObjectStat
from storage_stream._protocol.objects import delete_object, get_object
from storage_stream._protocol.options import Preconditions
from storage_stream._transfer.rewrite import copy_object
from storage_stream.errors import NotFound

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._protocol.rewrite import Rewrite
    from storage_stream._transport.sender import Sender

__all__ = ["move_between_buckets"]

_SOURCE_GENERATION = "ifSourceGenerationMatch"


async def move_between_buckets(
    sender: Sender,
    rewrite: Rewrite,
    options: RequestOptions,
) -> ObjectResource:
    """Copy one generation, and delete the source if it still is that.

    One request for the source's generation unless a precondition names it, those of the copy, and
    one to delete. Cancelling in between leaves the source, and a copy if that was made.

    Returns:
        The copy's resource.

    Raises:
        NotFound: There is no source.
        PreconditionFailed: The target is not in the state that was named; or the source was
            overwritten while it was copied: then both are there.
    """
    connection = options.only_connection()
    generation = await _generation(sender, rewrite, options)
    pinned = replace(rewrite, generation=generation)
    copied = await copy_object(sender, pinned, options)
    unchanged = Preconditions(if_generation_match=generation).query()
    taken_away = delete_object(rewrite.bucket, rewrite.name).with_query(unchanged)
    # Whoever removed that generation: the copy of it is there, and it is gone from where it was.
    with contextlib.suppress(NotFound):
        await sender.send(taken_away, connection)
    return cast("ObjectResource", copied.get("resource"))


async def _generation(sender: Sender, rewrite: Rewrite, options: RequestOptions) -> int:
    named = dict(options.params).get(_SOURCE_GENERATION)
    if named is not None:
        return int(named)
    source = get_object(rewrite.bucket, rewrite.name).with_query(
        (("fields", "name,generation,metageneration,size"),)
    )
    found = await sender.send(source, options.only_connection())
    return ObjectStat.of(found).generation
