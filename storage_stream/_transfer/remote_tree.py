"""A bucket's objects as a tree of files: what a list says, in the shape of `LocalEntry`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from storage_stream._protocol.http import parse_number
from storage_stream._protocol.pages import name_of
from storage_stream._transfer.many_items import MTIME_KEY
from storage_stream.errors import InvalidName, ProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.many_filter import NameFilter

__all__ = ["LISTED_FIELDS", "Collisions", "RemoteEntry", "folder_of", "remote_entries"]

LISTED_FIELDS = "items(name,size,generation,crc32c,contentEncoding,timeCreated,metadata)"
"""What a run of many asks of each object; the answer is a fifth of the whole."""


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """An object of a list.

    Attributes:
        name: Below the prefix.
        object_name: The whole.
        size: Bytes that are stored.
        generation: The one that was listed.
        crc32c: Base64, or None.
        mtime: When the file was changed that it was made of, seconds since 1970; None: not said.
        created: When the object was made, whole seconds since 1970.
        is_encoded: It is stored as gzip.
        error: Why it cannot be taken.
        skipped: Always None; a list leaves nothing out.
    """

    name: str
    object_name: str
    size: int
    generation: int
    crc32c: str | None = None
    mtime: int | None = None
    created: int | None = None
    is_encoded: bool = False
    error: Exception | None = None
    skipped: str | None = None

    @classmethod
    def of(cls, resource: ObjectResource, strip: str) -> RemoteEntry:
        """Read a resource; `strip` is taken off its name.

        Raises:
            ProtocolError: It is none of an object.
        """
        name = name_of(resource)
        try:
            said = (resource.get("metadata") or {}).get(MTIME_KEY, "")
            is_time = said.isascii() and said.isdigit() and len(said) < _LONGEST_TIME
            return cls(
                name.removeprefix(strip),
                name,
                parse_number(resource.get("size")) or 0,
                parse_number(resource.get("generation")) or 0,
                resource.get("crc32c"),
                int(said) if is_time else None,  # others write it, too, and maybe something else
                _seconds(resource.get("timeCreated")),
                resource.get("contentEncoding") == "gzip",
            )
        except (AttributeError, TypeError) as error:  # a number or a list where text belongs
            raise ProtocolError(f"the list's item {name!r} is no object's resource") from error

    @property
    def is_folder(self) -> bool:
        """An object that stands for a folder."""
        return self.name.endswith("/")

    @property
    def is_usable(self) -> bool:
        """Whether it can be taken."""
        return self.error is None

    @property
    def file_time(self) -> int | None:
        """What a file that is made of it says of its last change."""
        return self.created if self.mtime is None else self.mtime


_LONGEST_TIME = 12  # digits; the year 33658


async def remote_entries(
    listing: AsyncIterator[ObjectResource], strip: str, names: NameFilter
) -> AsyncGenerator[RemoteEntry, None]:
    """The objects that are meant, in the order of their names."""
    async for resource in listing:
        entry = RemoteEntry.of(resource, strip)
        # The object that stands for the folder itself has no name below it.
        if entry.name and names.takes(entry.name):
            yield entry


class Collisions:
    """Tells names that need a folder where an earlier one is a file. Names come in order."""

    def __init__(self) -> None:
        self._files: list[str] = []  # each begins with the one before

    def check(self, name: str) -> InvalidName | None:
        """The error of a name that cannot be a file beside the earlier ones."""
        while self._files and not name.startswith(self._files[-1]):
            self._files.pop()
        for file in self._files:
            if name.startswith(f"{file}/"):
                return InvalidName(f"{name!r} cannot be a file: the object {file!r} is one")
        if not name.endswith("/"):
            self._files.append(name)
        return None


def folder_of(prefix: str) -> str:
    """What of a prefix is a folder: all up to its last slash."""
    return prefix[: prefix.rfind("/") + 1]


def _seconds(text: str | None) -> int | None:
    try:
        return None if text is None else int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None
