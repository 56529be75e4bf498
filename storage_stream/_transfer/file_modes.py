"""Who may read a file while it is not whole: whoever downloads it, and nobody else.

A part lies beside its target under a hidden name, perhaps for days, and the target may be
somebody's alone. So it is made for its owner, and gets the permissions that the target has, or
that a new file would have, only when it takes the target's name.
"""

from __future__ import annotations

import os
import secrets
import stat
from typing import Final

__all__ = ["PRIVATE", "mode_of_new", "open_private"]

PRIVATE: Final = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """As an `opener` of `open`: what it makes is its owner's alone."""
    return os.open(path, flags, PRIVATE)


def mode_of_new(folder: str | os.PathLike[str]) -> int:
    """The permissions of a new file there: the umask's, or what the folder hands down. Blocks.

    One is made to be looked at. Asking for the umask would mean to set it, for other threads too.

    Raises:
        OSError: None can be made.
    """
    path = os.path.join(folder, f".{secrets.token_hex(12)}.part")  # noqa: PTH118 - half the time
    descriptor = os.open(path, _NEW, 0o666)
    try:
        return stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
        os.unlink(path)  # noqa: PTH108 - the same
