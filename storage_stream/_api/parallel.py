"""Uploads of one large object over several connections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from storage_stream._api.base import UPLOAD_TIMEOUT, ApiBase
from storage_stream._protocol.arguments import fields_of
from storage_stream._protocol.part_plan import DEFAULT_PART_BYTES
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.parallel_upload import ParallelHow, clean_upload, upload_parallel
from storage_stream._transfer.upload_journal import UploadJournal

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import ObjectResource

__all__ = ["ParallelUploads"]


class ParallelUploads(ApiBase):
    """Parts, and what is left of them after a crash."""

    async def upload_parallel(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        part_bytes: int = DEFAULT_PART_BYTES,
        workers: int = 8,
        method: Literal["multipart", "composite"] = "multipart",
        journal: str | os.PathLike[str] | None = None,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make a large object, several parts of it at a time; compared with what was made.

        `"multipart"` sends the parts of a multipart upload: one request to begin, one for each
        part, one to join them, which may take the service minutes, and one for the resource. It
        takes no preconditions, and no metadata that headers cannot say (capitals in a custom key,
        holds, retention, ACLs): https://cloud.google.com/storage/docs/multipart-uploads.
        `"composite"` takes all of these. It makes temporary objects under
        `.storage-stream/upload/`, one for each part, composes them (in levels, for more than 32)
        and removes them by a list and a request for each hundred; do not use it where a retention
        policy keeps what it makes, or a storage class bills early deletion:
        https://cloud.google.com/storage/docs/parallel-composite-uploads. What fits into one part
        goes out as an ordinary upload, whatever the method: two requests.

        Parts are repeated by themselves, always safely. When it fails or is cancelled, all that
        was sent is removed again, for which it takes up to 30 seconds; an error whose notes say
        that something is left could not reach the service. With a journal, a passing failure
        (the network, a 503) keeps what was sent, and the same call goes on from there, as it does
        after the process was killed; so does one with bytes that changed: the parts that differ
        are sent again. A start whose answer was lost may leave an upload without parts, which
        costs nothing.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: What can be read in several places: a path (`pathlib.Path`), a binary file
                that can seek, from where it stands, or what is in memory. Each byte is read
                twice: for the checksum that the service compares, and when it is sent. Memory:
                some MiB for each worker, whatever `part_bytes`.
            part_bytes: Bytes of a part, 5 MiB to 5 GiB; more where there would be over 10,000.
            workers: Parts under way at the same time.
            method: See above.
            journal: A file that remembers what was begun, until nothing temporary is left. If it
                is there, that upload is gone on with. It is locked meanwhile (not on Windows): one
                upload at a time has it.
            content_type: MIME type; None takes that of the metadata, or guesses it from the name.
            metadata: Other fields of the object resource; custom ones in its `metadata`. A
                `crc32c` is compared before the object is made.
            kms_key_name: See `upload`.
            **options: See `RequestKeywords`; `timeout` is 30 seconds here unless it is given.

        Returns:
            The new object's resource.

        Raises:
            InvalidArgument: A part size, a method or metadata that cannot be (an `md5Hash`, for
                more than one part), preconditions with `"multipart"`, or a journal of another
                upload, of one with other options, or one that another upload is using.
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            StorageError: It was refused, or there was no answer.
            TransferError: The source was changed while it was sent.
            TypeError: `file_data` can be read only once; `upload` takes it.
            UsageError: Another upload is reading the same file.
            OSError: The source cannot be read, or the journal not be written.
        """
        target = NewObject(bucket, object_name, content_type, fields_of(metadata)).checked()
        how = ParallelHow(part_bytes, workers, method)
        book = None if journal is None else UploadJournal(Path(journal))
        settled = self._options(options, timeout=UPLOAD_TIMEOUT).with_kms_key(kms_key_name)
        return await upload_parallel(self._sender, target, file_data, settled, how, book)

    async def clean_upload(
        self, journal: str | os.PathLike[str], **options: Unpack[RequestKeywords]
    ) -> int:
        """Remove what a killed `upload_parallel` left behind, and its journal.

        One request for a multipart upload, which drops all its parts; a list and one for each
        hundred components for a composite one. Safe to repeat. Cancelling leaves the journal.

        Args:
            journal: The file.
            **options: See `RequestKeywords`.

        Returns:
            How many unfinished uploads or temporary objects were removed; 0 when nothing was left.

        Raises:
            FileNotFoundError: There is no such file.
            InvalidArgument: It is no journal, or an upload is using it.
            StorageError: Something is left, and so is the journal.
        """
        book = UploadJournal(Path(journal))
        settled = self._options(options, timeout=UPLOAD_TIMEOUT)
        return await clean_upload(self._sender, book, settled)
