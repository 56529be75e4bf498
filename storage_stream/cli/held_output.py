"""What a command prints, held until it ends, so that what others print meanwhile does not mix in.

What went to standard output and what was said keep their order. It is in memory while it is small,
and then in a temporary file.
"""

import io
import tempfile
from typing import Any, TextIO

from storage_stream.cli.standard_output import StandardOutput

__all__ = ["HeldOutput"]

_IN_MEMORY = 1 << 20
_PIECE = 256 * 1024


class HeldOutput:
    """Two streams whose content stays here until `release`."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `release`
        self._spans: list[tuple[bool, int]] = []  # whether it is talk, and how many bytes
        self.stdout = _Bytes(self)
        self.stderr: TextIO = _Talk(self)

    def add(self, data: Any, *, is_talk: bool) -> int:
        """Hold these bytes, too."""
        size = self._file.write(data)
        if self._spans and self._spans[-1][0] is is_talk:
            size_before = self._spans.pop()[1]
            self._spans.append((is_talk, size_before + size))
        else:
            self._spans.append((is_talk, size))
        return size

    async def release(self, stdout: StandardOutput, stderr: TextIO) -> None:
        """Print all of it, in its order; nothing can be held any more.

        Raises:
            BrokenPipeError: Nobody reads standard output any more.
        """
        with self._file as file:
            file.seek(0)
            for is_talk, size in self._spans:
                if is_talk:
                    stderr.write(file.read(size).decode("utf-8", "replace"))
                    stderr.flush()
                    continue
                for start in range(0, size, _PIECE):
                    await stdout.write(file.read(min(_PIECE, size - start)))
                stdout.flush()


class _Bytes(io.RawIOBase):
    def __init__(self, held: HeldOutput) -> None:
        super().__init__()
        self._held = held

    def write(self, data: Any, /) -> int:
        return self._held.add(data, is_talk=False)


class _Talk(io.StringIO):
    def __init__(self, held: HeldOutput) -> None:
        super().__init__()
        self._held = held

    def write(self, text: str, /) -> int:
        self._held.add(text.encode("utf-8", "backslashreplace"), is_talk=True)
        return len(text)
