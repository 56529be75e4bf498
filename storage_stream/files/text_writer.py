"""`TextWriter`: a new object as a text file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage_stream.errors import UsageError
from storage_stream.files.base import WritableFile

if TYPE_CHECKING:
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream.files.text_format import TextFormat
    from storage_stream.files.writer import ObjectWriter

__all__ = ["TextWriter"]


class TextWriter(WritableFile[str]):
    """A new object as a text file, written from its beginning to its end.

    Not made by hand: `async with storage.open("bucket", "name", "w") as file:`.

    It writes as `ObjectWriter` does, which is its `buffer`: closing it makes the object, leaving
    its block by an exception gives it up.

    Attributes:
        buffer: The binary file.
        mode: As it was opened, `w`, `wt`, `x` or `xt`.
        encoding: The encoding.
        errors: What happens with characters that cannot be encoded.
    """

    def __init__(self, buffer: ObjectWriter, how: TextFormat, mode: str) -> None:
        self.buffer = buffer
        self.mode = mode
        self.encoding = how.encoding
        self.errors = how.errors
        self._format = how
        self._encoder = how.encoder()
        self._begun = False

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.buffer.bucket

    @property
    def name(self) -> str:
        """The object's name."""
        return self.buffer.name

    @property
    def resource(self) -> ObjectResource:
        """The object's resource, once it is made; see `ObjectWriter.resource`."""
        return self.buffer.resource

    @property
    def closed(self) -> bool:
        """Whether the object is made, or was given up."""
        return self.buffer.closed

    async def write(self, text: str) -> int:
        r"""Write text; with a `newline` in place of each `\n`.

        Cancelling loses nothing, as in `ObjectWriter.write`.

        Returns:
            How many characters were written: all.

        Raises:
            UnicodeEncodeError: The encoding has no bytes for it; nothing is written.
            StreamClosed: The file was closed.
            StorageError: The upload cannot go on.
        """
        if not isinstance(text, str):
            raise TypeError(f"write() takes text, not {type(text).__name__}")
        if text:  # of nothing some encodings make a byte order mark
            await self._write(text, final=False)
        else:
            await self.buffer.flush()
        return len(text)

    async def flush(self) -> None:
        """Check that it is open: nothing of an object is visible before all of it is."""
        await self.buffer.flush()

    async def tell(self) -> int:
        """How many bytes were written."""
        return await self.buffer.tell()

    async def close(self) -> None:
        """Make the object of what was written; see `ObjectWriter.close`. Idempotent."""
        if not self.closed:
            await self.buffer.write(b"")  # what a write that failed left goes before its end
            if self._begun:
                await self._write("", final=True)  # an encoding may have an end; it has it once
            await self.buffer.close()

    async def abort(self, error: BaseException | None = None) -> None:
        """Give it up: nothing of it becomes visible; see `StreamWriter.abort`. Idempotent."""
        await self.buffer.abort(error)

    def __repr__(self) -> str:
        return f"<TextWriter {self.encoding} {self.buffer!r}>"

    async def _write(self, text: str, *, final: bool) -> None:
        state, begun = self._encoder.getstate(), self._begun
        try:
            data = self._encoder.encode(self._format.with_ends(text), final)
            self._begun = not final
            await self.buffer.write(data)
        except (UnicodeError, UsageError):  # it was not written
            self._encoder.setstate(state)
            self._begun = begun
            raise
