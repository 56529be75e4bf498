"""What a blob's bytes are kept in: the interface, and its two forms on this machine.

`BlobData` and `ServerSideBlobData` are what a program of the caller's may implement, too; what is
awaited of a blob, and is not in them, is done with `content`.
"""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from storage_stream.media.errors import ExtraMissing
from storage_stream.outputs.contents.files import FileContent
from storage_stream.outputs.contents.memory import MemoryContent, bytes_etag

try:
    # Python 3.11's own asks a protocol's properties for their values, which may be a download.
    from typing_extensions import Protocol, runtime_checkable
except ImportError as missing:  # pragma: no cover - the extra is installed where we test
    raise ExtraMissing("blobs need pydantic: install storage-stream[fastapi]") from missing

if TYPE_CHECKING:
    import os
    import uuid

    from starlette.responses import Response

    from storage_stream.outputs.contents.base import Content

__all__ = ["BlobBytes", "BlobData", "BlobFile", "Servable", "ServerSideBlobData"]


@runtime_checkable
class BlobData(Protocol):
    """Bytes of some media type."""

    @property
    def media_type(self) -> str:
        """Their MIME type."""
        ...

    @property
    def content(self) -> bytes:
        """All of them, in memory."""
        ...

    def save(self, filename: str) -> None:
        """Write them to a file."""
        ...

    def open(self) -> IO[bytes]:
        """Read them as a file, which the caller closes."""
        ...


@runtime_checkable
class ServerSideBlobData(BlobData, Protocol):
    """Bytes that a server can send: what a `BlobManager` gives links to."""

    id: uuid.UUID | None
    """What it is called in links; None until a manager has it."""

    def response(self) -> Response:
        """What a FastAPI endpoint returns to send them."""
        ...


class Servable:
    """What our own kinds of data share: an identity, and answers of the planner.

    Copies of a blob share its data, which never changes, and with it the link.
    """

    id: uuid.UUID | None = None

    def answer_content(self) -> Content:
        """The bytes, for one answer."""
        raise NotImplementedError

    def response(self) -> Response:
        """A response for FastAPI that decides when it is sent: ranges, conditions, HEAD.

        Raises:
            ExtraMissing: Starlette is not installed.
        """
        from storage_stream.outputs.asgi import ContentResponse  # noqa: PLC0415 - an extra

        return ContentResponse(self.answer_content, was_linked=True)

    def __getstate__(self) -> dict[str, Any]:
        """Without its id: what is unpickled is another one, and gets a link of its own."""
        state = dict(self.__dict__)
        state.pop("id", None)
        return state

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class BlobBytes(Servable):
    """Bytes in memory.

    Args:
        data: The bytes.
        media_type: Their MIME type.
    """

    def __init__(self, data: bytes, media_type: str) -> None:
        self._bytes = bytes(data)
        self._media_type = media_type
        self._made = datetime.now(UTC)
        self._etag: str | None = None

    @property
    def media_type(self) -> str:
        """Their MIME type."""
        return self._media_type

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self._bytes

    def save(self, filename: str | os.PathLike[str]) -> None:
        """Write them to a file, in place of what it held.

        Raises:
            OSError: It cannot be written.
        """
        Path(filename).write_bytes(self._bytes)

    def open(self) -> IO[bytes]:
        """Read them as a file."""
        return io.BytesIO(self._bytes)

    def answer_content(self) -> Content:
        """The bytes, for one answer."""
        if self._etag is None:
            self._etag = bytes_etag(self._bytes)
        return MemoryContent(self._bytes, self._media_type, self._etag, self._made)


class BlobFile(Servable):
    """A file on this machine's disk; only its path is held.

    Args:
        file_path: The file, which has to be there.
        media_type: Its MIME type.
        **kwargs: What shall live as long as this, as attributes: a `TemporaryDirectory`, say.

    Raises:
        OSError: There is no such file.
    """

    def __init__(self, file_path: str | os.PathLike[str], media_type: str, **kwargs: Any) -> None:
        path = Path(file_path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        self._file_path = path
        self._media_type = media_type
        for name, value in kwargs.items():
            setattr(self, name, value)

    @property
    def media_type(self) -> str:
        """Its MIME type."""
        return self._media_type

    @property
    def path(self) -> Path:
        """The file."""
        return self._file_path

    @property
    def content(self) -> bytes:
        """All that is in it, read now.

        Raises:
            OSError: It cannot be read.
        """
        return self._file_path.read_bytes()

    def save(self, filename: str | os.PathLike[str]) -> None:
        """Copy it.

        Raises:
            OSError: It cannot be read, or the other cannot be written.
        """
        shutil.copyfile(self._file_path, filename)

    def open(self) -> IO[bytes]:
        """Open it.

        Raises:
            OSError: It cannot be read.
        """
        return self._file_path.open("rb")

    def answer_content(self) -> Content:
        """The file, for one answer."""
        return FileContent(self._file_path, self._media_type)
