"""How text stands in bytes: encoding, what to do about errors, line ends."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass

from storage_stream.errors import InvalidArgument

__all__ = ["TextFormat"]

_ANY_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class TextFormat:
    r"""The arguments of Python's own `open` for text, checked.

    Attributes:
        encoding: A text encoding that Python knows.
        errors: What happens with what cannot be decoded or encoded: `strict`, `replace`, …
        newline: When reading: None takes `\n`, `\r` and `\r\n` for line ends and gives `\n` for
            each; "" takes the same and gives them as they are; else only this one ends a line.
            When writing: None, "" and `\n` write `\n` as it is, on every system; else it is
            written in place of `\n`.

    Raises:
        InvalidArgument: One of them is none.
    """

    encoding: str = "utf-8"
    errors: str = "strict"
    newline: str | None = None

    def __post_init__(self) -> None:
        if self.newline not in {None, "", "\n", "\r", "\r\n"}:
            raise InvalidArgument(f"{self.newline!r} is no line end")
        try:
            self.encoder()
            codecs.lookup_error(self.errors)
            "".encode(self.encoding)  # what is no encoding of text, such as base64, fails here
        except (LookupError, TypeError) as error:
            raise InvalidArgument(f"text cannot be read or written so: {error}") from None

    def decoder(self) -> codecs.IncrementalDecoder | io.IncrementalNewlineDecoder:
        """A decoder that brings line ends to the form they are wanted in."""
        decoder = codecs.getincrementaldecoder(self.encoding)(self.errors)
        if self.newline:
            return decoder
        return io.IncrementalNewlineDecoder(decoder, translate=self.newline is None)

    def encoder(self) -> codecs.IncrementalEncoder:
        """An encoder; it leaves line ends alone."""
        return codecs.getincrementalencoder(self.encoding)(self.errors)

    def with_ends(self, text: str) -> str:
        r"""Text with the line ends that are to be written in place of `\n`."""
        return text.replace("\n", self.newline) if self.newline else text

    def line_end(self, text: str, start: int) -> int | None:
        """Behind the first line end at or after `start`; None where there is none."""
        if self.newline == "":
            match = _ANY_END.search(text, start)
            return None if match is None else match.end()
        found = text.find(self.newline or "\n", start)
        return None if found < 0 else found + len(self.newline or "\n")
