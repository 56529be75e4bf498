"""`open`: objects as files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack, overload

from storage_stream._api.downloads import Downloads
from storage_stream._api.uploads import Uploads
from storage_stream._protocol.arguments import fields_of
from storage_stream._protocol.names import gs_name
from storage_stream._protocol.options import Preconditions, RequestKeywords
from storage_stream._protocol.resumable_upload import DEFAULT_CHUNK_BYTES
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.upload import StreamUpload, UploadHow
from storage_stream.errors import InvalidArgument
from storage_stream.files.keywords import (
    ReadKeywords,
    ReadTextKeywords,
    WriteKeywords,
    WriteTextKeywords,
)
from storage_stream.files.mode import FileMode, ReadBinary, ReadText, WriteBinary, WriteText
from storage_stream.files.pinned_object import PinnedObject
from storage_stream.files.reader import ObjectReader
from storage_stream.files.request import FileRequest
from storage_stream.files.text_format import TextFormat
from storage_stream.files.text_reader import TextReader
from storage_stream.files.text_writer import TextWriter
from storage_stream.files.writer import ObjectWriter
from storage_stream.writer import StreamWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage_stream.streams import DownloadRequest

__all__ = ["Files"]


class Files(Downloads, Uploads):
    """Objects as files; they stand on downloads and uploads as streams do."""

    @overload
    def open(
        self,
        bucket: str,
        object_name: str,
        mode: ReadBinary = "rb",
        **options: Unpack[ReadKeywords],
    ) -> FileRequest[ObjectReader]: ...

    @overload
    def open(
        self,
        bucket: str,
        object_name: str,
        mode: WriteBinary,
        **options: Unpack[WriteKeywords],
    ) -> FileRequest[ObjectWriter]: ...

    @overload
    def open(
        self,
        bucket: str,
        object_name: str,
        mode: ReadText,
        **options: Unpack[ReadTextKeywords],
    ) -> FileRequest[TextReader]: ...

    @overload
    def open(
        self,
        bucket: str,
        object_name: str,
        mode: WriteText,
        **options: Unpack[WriteTextKeywords],
    ) -> FileRequest[TextWriter]: ...

    @overload
    def open(
        self, bucket: str, object_name: str, mode: str, **options: Any
    ) -> FileRequest[Any]: ...

    def open(
        self, bucket: str, object_name: str, mode: str = "rb", **options: Any
    ) -> FileRequest[Any]:
        """An object as a file, as Python's own `open` and aiofiles give files.

            async with storage.open("bucket", "name") as file: ...
            file = await storage.open("bucket", "name")   # then close it yourself

        Reading makes one request, and one more for each seek that goes far; the first is made by
        the first read, so an object that is not there is told by that. Writing makes those of
        `upload_stream`, and one more with `x`.

        Args:
            bucket: The bucket.
            object_name: The object.
            mode: `rb` (the default) to read bytes, `wb` to write them, `xb` to write them where
                there is no such object yet; `r`, `w` and `x`, also with a `t`, for text.
            **options: See `ReadKeywords` and `ReadTextKeywords`, or `WriteKeywords` and
                `WriteTextKeywords`, and `RequestKeywords`.

        Returns:
            What `async with` or `await` turns into an `ObjectReader`, `ObjectWriter`,
            `TextReader` or `TextWriter`.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: There is no such mode, encoding or line end; a Range header; a
                generation to write over, and `x` besides.
            TypeError: A keyword that the mode does not take.
        """
        wanted = FileMode.of(mode)
        subject = gs_name(bucket, object_name)
        how = None if wanted.is_binary else _text_format(options)
        if wanted.reads:
            reader = self._reader_of(bucket, object_name, wanted, options)
            if how is None:
                return FileRequest(reader, subject)
            return FileRequest(lambda: TextReader(reader(), how, mode), subject)
        writer = self._writer_of(bucket, object_name, wanted, options)
        if how is None:
            return FileRequest(writer, subject)
        return FileRequest(lambda: TextWriter(writer(), how, mode), subject)

    def _reader_of(
        self, bucket: str, name: str, mode: FileMode, options: dict[str, Any]
    ) -> Callable[[], ObjectReader]:
        decode = bool(options.pop("decode", False))
        generation: int | None = options.pop("generation", None)
        _check_names(options, ReadKeywords.__annotations__.keys())
        if any(str(header).lower() == "range" for header in options.get("headers") or ()):
            raise InvalidArgument("a file asks for the ranges that are read: no Range header")

        def open_stream(*, start: int, generation: int | None) -> DownloadRequest:
            return self.download_stream(
                bucket, name, start=start, generation=generation, raw=not decode, **options
            )

        open_stream(start=0, generation=generation)  # sends nothing; says now what is wrong
        subject = gs_name(bucket, name)
        pinned = PinnedObject(open_stream, generation, decodes=decode, subject=subject)
        return lambda: ObjectReader(pinned, bucket, name, mode.text)

    def _writer_of(
        self, bucket: str, name: str, mode: FileMode, options: dict[str, Any]
    ) -> Callable[[], ObjectWriter]:
        _check_names(options, WriteKeywords.__annotations__.keys())
        create = self._creating_stream if mode.creates else self.upload_stream
        stream = create(bucket, name, **options)
        subject = gs_name(bucket, name)
        return lambda: ObjectWriter(stream, bucket, name, mode=mode.text, subject=subject)

    def _creating_stream(
        self,
        bucket: str,
        name: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        chunk_bytes: int = DEFAULT_CHUNK_BYTES,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> StreamWriter:
        """As `upload_stream`, but always a session, which is asked when its last answer is lost.

        A single request would be made again, and then find the object that it made itself.
        """
        options["preconditions"] = _only_create(options.get("preconditions"))
        target = NewObject(bucket, name, content_type, fields_of(metadata)).checked()
        how = UploadHow(resumable=True, chunk_bytes=chunk_bytes)
        settled = self._upload_options(options).with_kms_key(kms_key_name)
        upload = StreamUpload(self._sender, target, settled, how)
        return StreamWriter(upload, target.subject, settled.meter)


def _text_format(options: dict[str, Any]) -> TextFormat:
    named = {key: options.pop(key, None) for key in ("encoding", "errors", "newline")}
    return TextFormat(**{key: value for key, value in named.items() if value is not None})


def _check_names(options: dict[str, Any], known: Any) -> None:
    unknown = options.keys() - known
    if unknown:
        raise TypeError(f"this mode takes no keyword argument {min(unknown)!r}")


def _only_create(given: Preconditions | None) -> Preconditions:
    if given is not None and given.if_generation_match not in {None, 0}:
        raise InvalidArgument("mode 'x' means if_generation_match=0, and another is given")
    return replace(given or Preconditions(), if_generation_match=0)
