"""What `Storage.open` takes besides bucket, name and mode: for each mode what makes sense there."""

from __future__ import annotations

from storage_stream._protocol.options import RequestKeywords
from storage_stream._protocol.upload_keywords import NewObjectKeywords

__all__ = ["ReadKeywords", "ReadTextKeywords", "WriteKeywords", "WriteTextKeywords"]


class ReadKeywords(RequestKeywords, total=False):
    """Keywords of files that are read, besides those of every request.

    generation: The generation to read; None for the one that is live at the first request.
    decode: Read an object that is stored as gzip decompressed. Default False, which reads what
        is stored. gzip can only be read from its beginning: a seek that takes a new request reads
        from there, and the size is not known before the end.
    max_decoded_bytes: With `decode`, see `DownloadKeywords`.
    """

    generation: int | None
    decode: bool
    max_decoded_bytes: int | None


class WriteKeywords(RequestKeywords, NewObjectKeywords, total=False):
    """Keywords of files that are written, besides those of every request.

    content_type: MIME type; None guesses it from the name.
    metadata: Other fields of the object resource; custom ones in its `metadata`.
    chunk_bytes: Bytes of one request, and what is held in memory. A multiple of 256 KiB.
    kms_key_name: The Cloud KMS key (CMEK) the object is encrypted with; None for the bucket's.
    """

    content_type: str | None


class ReadTextKeywords(ReadKeywords, total=False):
    r"""Keywords of text files that are read, besides.

    encoding: Default `utf-8`, on every system.
    errors: Default `strict`: what cannot be decoded is a `UnicodeDecodeError`.
    newline: None (the default) gives `\n` for every line end; "" gives them as they are; `\n`,
        `\r` or `\r\n`: only this ends a line.
    """

    encoding: str | None
    errors: str | None
    newline: str | None


class WriteTextKeywords(WriteKeywords, total=False):
    r"""Keywords of text files that are written, besides.

    encoding: Default `utf-8`, on every system.
    errors: Default `strict`: what cannot be encoded is a `UnicodeEncodeError`.
    newline: None (the default), "" and `\n` write `\n` as it is, on every system; `\r` or `\r\n`
        is written in its place.
    """

    encoding: str | None
    errors: str | None
    newline: str | None
