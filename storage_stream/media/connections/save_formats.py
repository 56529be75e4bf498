"""Which formats can be written, told before anything is requested.

The text of a format may come from who asks for the picture. libvips takes options in it that name
files: `[profile=/etc/passwd]` puts that file into the picture. So only numbers and words are taken
there; keywords are the program's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from storage_stream.media.bridge.run import Run
from storage_stream.media.connections import vips
from storage_stream.media.errors import UnsupportedFormat

if TYPE_CHECKING:
    from storage_stream.media.bridge.pool import MediaPool

__all__ = ["check_format", "checked_format"]

_NOT_TO_STREAMS = {".v", ".vips"}  # libvips' own, which it only writes to files of its own
_OPTION = r"\s*(?!(?:in|target|profile)\b)[A-Za-z][\w-]*\s*(?:=[\w.+ -]*)?"
_FORMAT = re.compile(rf"(\.\w+)(?:\[(?:\s*|{_OPTION}(?:,{_OPTION})*)\])?", re.ASCII)


def check_format(text: str) -> str:
    """A suffix that can be saved to a stream, with options or without (`.jpg[Q=90]`).

    Returns:
        The suffix alone.

    Raises:
        UnsupportedFormat: Nothing here writes such files, or its options may name a file.
    """
    suffix = text.partition("[")[0]
    if suffix.lower() in _NOT_TO_STREAMS or not suffix.startswith(".") or not vips.can_save(text):
        raise UnsupportedFormat(f"no saver writes {suffix!r} to a stream")
    if not _FORMAT.fullmatch(text):
        raise UnsupportedFormat(
            f"{text!r}: options are written .jpg[Q=80,interlace]; those that are not numbers"
            " or words, such as profile, go as arguments"
        )
    return suffix


async def checked_format(text: str, pool: MediaPool) -> str:
    """The same; the first time in a thread, where libvips is loaded without holding up the loop."""
    if vips.is_loaded():
        return check_format(text)
    return await pool.run(Run(), lambda: check_format(text))
