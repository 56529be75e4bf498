"""What sources and targets have in common: a name, and one for messages."""

from __future__ import annotations

import os

__all__ = ["DEFAULT_TIMEOUT", "Connection", "path_text"]

DEFAULT_TIMEOUT = 30.0
"""Seconds that libvips waits for bytes to come or to go."""


class Connection:
    """One end of a stream of pictures.

    Args:
        filename: What is read or written, where it has a name.
        nick: What it is called where it has none.
    """

    def __init__(self, filename: str = "", nick: str = "") -> None:
        self._filename = filename
        self._nick = nick

    def filename(self) -> str:
        """What is read or written: `gs://bucket/name`, a path, or `""` where there is no name."""
        return self._filename

    def nick(self) -> str:
        """A name for messages: the same, or `memory`, `descriptor` or `custom`."""
        return self._filename or self._nick

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.nick()}>"


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as libvips takes it.

    Raises:
        TypeError: It is no path of text.
    """
    text: object = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is text here, not {type(text).__name__}")
    return text
