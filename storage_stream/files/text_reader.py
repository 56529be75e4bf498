"""`TextReader`: an object as a text file."""

from __future__ import annotations

import io
import operator
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream._transfer.turn import Turn
from storage_stream.errors import InvalidArgument
from storage_stream.files.base import ReadableFile

if TYPE_CHECKING:
    from storage_stream.files.reader import ObjectReader
    from storage_stream.files.text_format import TextFormat

__all__ = ["TextReader"]

_DECODE_BYTES = 64 * 1024  # for a line that goes on: its length at least, so that all is linear
_POSITION_BITS = 64
_FLAG_BITS = 128  # the longest state of Python's own decoders has 65


@dataclass(slots=True)
class _Place:
    """Where decoding can begin anew: a byte, what the decoder knew there, characters from there.

    In text that is held `characters` is how many were decoded from here; in a position that is
    told, how many of them were read.
    """

    byte: int
    flags: int
    characters: int

    def cookie(self) -> int:
        """One number, and that of the byte where there is nothing else to tell."""
        skipped = self.characters << (_POSITION_BITS + _FLAG_BITS)
        return self.byte | self.flags << _POSITION_BITS | skipped

    @classmethod
    def of(cls, cookie: int) -> _Place:
        flags = (cookie >> _POSITION_BITS) & ((1 << _FLAG_BITS) - 1)
        byte = cookie & ((1 << _POSITION_BITS) - 1)
        return cls(byte, flags, cookie >> (_POSITION_BITS + _FLAG_BITS))


class TextReader(ReadableFile[str]):
    """An object as a text file: characters and lines.

    Not made by hand: `async with storage.open("bucket", "name", "r") as file:`.

    It reads as `ObjectReader` does, which is its `buffer`: the same requests, the same checks.
    What is decoded and not read yet, some 100 KiB, is held besides.

    One task at a time may use it. Cancelling a read loses no character.

    Attributes:
        buffer: The binary file.
        mode: As it was opened, `r` or `rt`.
        encoding: The encoding.
        errors: What happens with bytes that cannot be decoded.
    """

    def __init__(self, buffer: ObjectReader, how: TextFormat, mode: str) -> None:
        self.buffer = buffer
        self.mode = mode
        self.encoding = how.encoding
        self.errors = how.errors
        self._format = how
        self._decoder = how.decoder()
        self._text = ""
        self._used = 0  # behind a seek it may lie behind the text: as much is to be left out
        self._places: deque[_Place] = deque()  # the pieces of bytes that the text was decoded from
        self._turn = Turn(f"gs://{buffer.bucket}/{buffer.name}")

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.buffer.bucket

    @property
    def name(self) -> str:
        """The object's name."""
        return self.buffer.name

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._turn.closed

    # -- reading ---------------------------------------------------------------------------

    async def read(self, size: int | None = -1) -> str:
        """Read characters, as many as asked for.

        Args:
            size: How many; fewer come only at the end. -1 (or None) reads all the rest.

        Returns:
            Text; `""` at the end.

        Raises:
            UnicodeDecodeError: Bytes that are not of the encoding came, perhaps behind what was
                asked for; nothing is read.
            StorageError: As in `ObjectReader.read`.
        """
        with self._turn:
            if size is None or size < 0:
                await self._decode(await self.buffer.read(), final=True)
                return self._take(len(self._text))
            while (missing := self._used + size - len(self._text)) > 0:
                if not await self._decode_some(missing):
                    break
            return self._take(self._used + size)

    async def readline(self, limit: int | None = -1) -> str:
        """Read to the end of the line, which is part of what is returned, or of the object.

        Args:
            limit: At most so many characters; -1 (or None) for no limit: a line is held in memory.

        Raises:
            UnicodeDecodeError: As in `read`.
            StorageError: As in `ObjectReader.read`.
        """
        with self._turn:
            most = None if limit is None or limit < 0 else limit
            scanned = 0  # characters of the line that hold no whole line end
            while (end := self._line_end(scanned, most)) is None:
                held = len(self._text) - self._used
                scanned = max(0, held - 1)
                if not await self._decode_some(held):
                    end = len(self._text)
                    break
            return self._take(end)

    # -- positions -------------------------------------------------------------------------

    async def tell(self) -> int:
        """A number to `seek` to; it counts neither characters nor bytes."""
        self._turn.check_open()
        return self._here().cookie()

    async def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position: to the beginning, to the end, or to what `tell` gave.

        No request, but for the first one where the size has to be known.

        Args:
            offset: 0, or from the beginning what `tell` gave.
            whence: As in `ObjectReader.seek`.

        Returns:
            The new position, as `tell` gives it.

        Raises:
            TypeError: An offset that is no whole number.
            InvalidArgument: A negative offset from the beginning, or another `whence`.
            io.UnsupportedOperation: Another place than those.
            StorageError: As in `ObjectReader.seek`.
        """
        offset = operator.index(offset)
        with self._turn:
            if whence == io.SEEK_SET:
                if offset < 0:
                    raise InvalidArgument(f"a file has no position {offset}")
                place = _Place.of(offset)
            elif offset != 0:
                raise io.UnsupportedOperation("text has no places that bytes could be counted to")
            elif whence == io.SEEK_CUR:
                place = self._here()
            else:
                place = _Place(await self.buffer.seek(0, whence), 0, 0)
            await self.buffer.seek(place.byte)
            self._begin_at(place)
            return place.cookie()

    # -- ending ----------------------------------------------------------------------------

    async def close(self) -> None:
        """Let go of the connection and of what is held. Idempotent."""
        self._turn.closed = True
        self._text, self._used = "", 0
        self._places.clear()
        await self.buffer.close()

    def __repr__(self) -> str:
        return f"<TextReader {self.encoding} {self.buffer!r}>"

    # -- inside ----------------------------------------------------------------------------

    def _check_open(self) -> None:
        self._turn.check_open()

    async def _decode_some(self, size: int) -> bool:
        """Decode more: about `size` bytes where that is much, else what comes; False at the end."""
        much = size > _DECODE_BYTES
        data = await (self.buffer.read(size) if much else self.buffer.read1(_DECODE_BYTES))
        await self._decode(data, final=not data)
        return bool(data)

    async def _decode(self, data: bytes, *, final: bool) -> None:
        """Take in bytes; those that cannot be decoded are given back."""
        self._forget_used()
        state, begin = self._decoder.getstate(), self.buffer.position - len(data)
        try:
            text = self._decoder.decode(data, final)
        except UnicodeError:
            self._decoder.setstate(state)
            await self.buffer.seek(begin)  # this does not wait
            raise
        if text:
            self._text += text
            self._places.append(_Place(begin - len(state[0]), state[1], len(text)))

    def _forget_used(self) -> None:
        """Let go of text that is read, in the pieces in which it was decoded."""
        gone = 0
        while self._places and self._places[0].characters <= self._used - gone:
            gone += self._places.popleft().characters
        if gone:
            self._text = self._text[gone:]
            self._used -= gone

    def _here(self) -> _Place:
        self._forget_used()
        if self._places:
            first = self._places[0]
            return _Place(first.byte, first.flags, self._used)
        pending, flags = self._decoder.getstate()
        return _Place(self.buffer.position - len(pending), flags, self._used)

    def _begin_at(self, place: _Place) -> None:
        if place.byte or place.flags:
            self._decoder.setstate((b"", place.flags))
        else:
            self._decoder.reset()
        self._text, self._used = "", place.characters
        self._places.clear()

    def _line_end(self, scanned: int, most: int | None) -> int | None:
        end = self._format.line_end(self._text, self._used + scanned)
        limit = None if most is None else self._used + most
        if limit is not None and limit <= (len(self._text) if end is None else end):
            return limit
        return end

    def _take(self, stop: int) -> str:
        text = self._text[self._used : stop]
        self._used += len(text)
        return text
