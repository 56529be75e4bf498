"""Object names as names of files, and back: what cannot leave a folder, on any system.

An object's name is any text; a file's name is not. What has no file of its own is refused by
name, never bent into another: two objects must not become one file. Nothing is looked up here;
whether a folder on the way is a link that leads outside, `LocalFolder` looks.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from storage_stream.errors import InvalidName

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PART_FILE", "object_name_of", "relative_parts"]

PART_FILE = re.compile(r"\..+\.[0-9a-f]{12}\.(part|sliced\.(part|json|new))", re.DOTALL)
"""What an unfinished download is called, and the journal beside it; no other file is."""

_DRIVE = re.compile(r"[A-Za-z]:")
_STEPS = frozenset({"", ".", ".."})
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$")


def relative_parts(name: str, *, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The folders and the file that an object's name means below a folder.

    Args:
        name: The object's name, or what is left of it below a prefix. A slash at its end (an
            object that stands for a folder) is not a part.
        windows: Whether Windows' rules hold, too.

    Raises:
        InvalidName: It is absolute, has a step `.` or `..`, an empty step, a drive letter, a NUL,
            or what the system gives a meaning of its own.
    """
    if "\0" in name:
        raise InvalidName(f"{name!r} cannot be a file: it holds a NUL")
    parts = tuple(name.removesuffix("/").split("/"))
    if _DRIVE.match(name):
        raise InvalidName(f"{name!r} cannot be a file in a folder: it begins with a drive")
    # Also between backslashes: the tree may be carried to a system where they divide.
    climbs = ".." in name and ".." in re.split(r"[\\/]", name)
    if climbs or not _STEPS.isdisjoint(parts):
        raise InvalidName(f"{name!r} cannot be a file in a folder: it is absolute or has a step")
    if windows:
        for part in parts:
            _check_windows(name, part)
    return parts


def _check_windows(name: str, part: str) -> None:
    if _NOT_ON_WINDOWS.search(part) or part[-1] in ". ":
        raise InvalidName(f"{name!r} cannot be a file on Windows: {part!r} has a wrong character")
    if _DEVICES.match(part):
        raise InvalidName(f"{name!r} cannot be a file on Windows: {part!r} is a device")


def object_name_of(relative: Path | str) -> str:
    """What a file is called as an object: its path with slashes.

    Raises:
        InvalidName: Its name has no UTF-8 form.
    """
    name = os.fspath(relative)
    if os.sep != "/":
        name = name.replace(os.sep, "/")
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(relative)
        raise InvalidName(f"{shown!r} cannot be an object: its name is no UTF-8") from None
    return name
