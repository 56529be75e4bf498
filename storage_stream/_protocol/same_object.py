"""Whether two answers are about the same object.

A download that broke goes on only with bytes of the generation it began with. The generation
says so; where a server does not tell it, the checksum or the entity tag does. Silence is no
proof: bytes of two objects would be joined and nobody would notice.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from storage_stream.errors import ObjectChanged, ProtocolError

if TYPE_CHECKING:
    from storage_stream._protocol.media_head import ObjectHead

__all__ = ["check_generation", "check_same", "is_identified", "merged"]

_IDENTITY = ("generation", "crc32c", "etag")


def is_identified(known: ObjectHead) -> bool:
    """Whether another answer could be told to be about this object or not."""
    return any(getattr(known, fact) is not None for fact in _IDENTITY)


def check_generation(asked: int | None, now: ObjectHead) -> None:
    """The answer is about the generation that was asked for, if one was.

    Raises:
        ObjectChanged: It is about another one.
    """
    if asked is not None and now.generation not in {None, asked}:
        raise ObjectChanged(f"generation {asked} was asked for, {now.generation} came")


def check_same(before: ObjectHead, now: ObjectHead, *, pinned: bool, resumed: bool) -> None:
    """A later answer is about the object of the first one.

    Args:
        before: What the first answer said.
        now: What the later one says.
        pinned: Whether a generation was asked for. The entity tag then may differ: it also
            changes with the metadata, the bytes of a generation never do.
        resumed: Whether bytes of the first answer are to be joined with bytes of the later one.

    Raises:
        ObjectChanged: It is about another object.
        ProtocolError: Bytes would be joined, and nothing says that they belong together.
    """
    for fact in ("crc32c",) if pinned else ("crc32c", "etag"):
        was, is_now = getattr(before, fact), getattr(now, fact)
        if was is not None and is_now is not None and was != is_now:
            raise ObjectChanged(f"the object's {fact} changed while it was read")
    if resumed and not any(_agree(before, now, fact) for fact in _IDENTITY):
        raise ProtocolError("nothing in the answer says that it is about the same object")


def _agree(before: ObjectHead, now: ObjectHead, fact: str) -> bool:
    was = getattr(before, fact)
    return was is not None and was == getattr(now, fact)


def merged(before: ObjectHead, now: ObjectHead) -> ObjectHead:
    """What the first answer said of an object, and what only a later answer about it said.

    The content encoding stays what it was, also where it was none, although it is metadata that
    can be edited: bytes that were delivered as they are stored are not continued decoded.
    """
    unknown = (fact.name for fact in fields(before) if getattr(before, fact.name) is None)
    learned = {name: getattr(now, name) for name in unknown if name != "content_encoding"}
    return replace(before, **learned)
