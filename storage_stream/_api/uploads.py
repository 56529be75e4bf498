"""Uploads: whatever holds bytes becomes an object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import UPLOAD_TIMEOUT, ApiBase
from storage_stream._protocol.arguments import check_mapping, fields_of
from storage_stream._protocol.resumable_upload import DEFAULT_CHUNK_BYTES
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.resuming import resume
from storage_stream._transfer.upload import StreamUpload, UploadHow, upload
from storage_stream._transfer.upload_at_once import is_small, upload_at_once
from storage_stream._transfer.upload_state import UploadState
from storage_stream._transfer.zipping import GzipWriter
from storage_stream.writer import StreamWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestKeywords, RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._protocol.upload_keywords import UploadKeywords

__all__ = ["Uploads"]


class Uploads(ApiBase):
    """New objects."""

    async def upload(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        content_type: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        force_resumable_upload: bool | None = None,
        zipped: bool = False,
        chunk_bytes: int = DEFAULT_CHUNK_BYTES,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make an object of whatever holds bytes, or replace it; compared with the answer.

        One request up to `chunk_bytes` where the length is known, else a resumable session: one
        request to begin it, one for each chunk (a source that can be read again goes out in one),
        and one more for each time it breaks. A single request is repeated after a failure only
        when that is safe: with a precondition (`Preconditions(if_generation_match=…)`), or with
        `RetryPolicy(always=True)`; a session goes on from what the service confirms.

        Cancelling gives the upload up: the object is there as a whole, where its last byte had gone
        out already, or not at all. A session that is just being begun is waited for, at most some
        seconds, so that it can be ended; a second cancel does not wait.

        A source that can be read again is left where it stood when the upload fails. One that is
        read only once is not: what was taken of it, up to a chunk, is gone, also where the bucket
        is not there. An iterable that is not async is iterated on the event loop; one that waits
        for something (a disk, a network) holds up all else, and belongs into an object with
        `read(size)`, which is called in a thread.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: bytes, bytearray or memoryview; text (sent as UTF-8); a path
                (`pathlib.Path`); a binary or text file, read from where it stands and left open;
                anything with `read(size)`, sync or async; an iterable or async iterable of bytes;
                a download, open or not.
            content_type: MIME type; None takes a download's own, and guesses it from the name for
                everything else. Of a download that gives all bytes as they are stored
                (`raw=True`), the content encoding is taken over, too.
            parameters: Query parameters, as `params` elsewhere (gcloud-aio-storage's name).
            metadata: Other fields of the object resource; custom ones in its `metadata`.
            force_resumable_upload: True for a session always, False for one request where the
                length is known.
            zipped: Compress with gzip on the way; the object says so in its content encoding.
            chunk_bytes: See above; also the most that is held in memory of a source that cannot
                be read again. A multiple of 256 KiB.
            kms_key_name: The Cloud KMS key (CMEK) it is encrypted with,
                `projects/…/locations/…/keyRings/…/cryptoKeys/…`; None for the bucket's default.
            **options: See `RequestKeywords`; `timeout` is 30 seconds here unless it is given.

        Returns:
            The new object's resource.

        Raises:
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            StorageError: It could not be ended; its `state`, if there is one, can be given to
                `resume_upload`.
            TypeError: `file_data` is nothing that can be sent, or the metadata is no mapping.
            OSError: It cannot be read; `io.UnsupportedOperation` where it is open for writing.
            InvalidArgument: A path to what does not say how long it is: a pipe, a device, a file in
                `/proc`. Opened, it can be sent.
        """
        target = NewObject(bucket, object_name, content_type, fields_of(metadata))
        in_one_request = not force_resumable_upload and chunk_bytes == DEFAULT_CHUNK_BYTES
        settled = self._upload_options(options, parameters).with_kms_key(kms_key_name)
        if in_one_request and not zipped and not settled.headers and is_small(file_data):
            return await upload_at_once(self._sender, target, file_data, settled)
        how = UploadHow(force_resumable_upload, chunk_bytes, zipped=zipped)
        return await upload(self._sender, target.checked(), file_data, settled, how)

    async def upload_from_filename(
        self,
        bucket: str,
        object_name: str,
        filename: str | os.PathLike[str],
        **options: Unpack[UploadKeywords],
    ) -> ObjectResource:
        """Upload a file by its name, read while it is sent; the rest as in `upload`.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            filename: The file; a plain str is a path here, and text in `upload`.
            **options: See `UploadKeywords`.
        """
        return await self.upload(bucket, object_name, Path(filename), **options)

    def upload_stream(
        self,
        bucket: str,
        object_name: str,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        zipped: bool = False,
        chunk_bytes: int = DEFAULT_CHUNK_BYTES,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> StreamWriter:
        """An object to be written piece by piece; see `StreamWriter`. No request is made yet.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            content_type: MIME type; None guesses it from the name.
            metadata: Other fields of the object resource.
            zipped: Compress what is written with gzip; the object says so in its content encoding.
            chunk_bytes: Bytes of one request, and what is held in memory. A multiple of 256 KiB.
            kms_key_name: See `upload`.
            **options: See `RequestKeywords`.

        Raises:
            InvalidName: A name that cannot be.
        """
        target = NewObject(bucket, object_name, content_type, fields_of(metadata)).checked()
        how = UploadHow(chunk_bytes=chunk_bytes, zipped=zipped)
        settled = self._upload_options(options).with_kms_key(kms_key_name)
        gzip = GzipWriter() if zipped else None
        stream = StreamUpload(self._sender, target, settled, how, gzip=gzip)
        return StreamWriter(stream, target.subject, settled.meter)

    async def resume_upload(
        self, state: Mapping[str, Any], file_data: Any, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Go on with an upload that another process, or an earlier call, did not end.

        The source's beginning is compared with what was sent before; what the service has is not
        sent again. One request to ask where it stands, then as in `upload`. Cancelling or failing
        gives nothing up: the state stays good until the service forgets it (a week), and then it
        is begun anew, as the state says: with its metadata, parameters and preconditions, but
        without headers, which no state holds. An encryption key has to be given again in any case.
        What was to be compressed is compressed again. Where it was finished before, one more
        request looks whether the object is still there.

        Args:
            state: What `StreamWriter.state()` gave, or an error's `state`.
            file_data: The same bytes from their beginning, in any form that `upload` takes; those
                before compression.
            **options: See `RequestKeywords`.

        Raises:
            ObjectChanged: The source does not begin with what was sent before.
            NotFound: It was finished before, and the object was deleted or replaced since.
            IntegrityError: The object is not what this source holds; it was deleted, unless it was
                made before, of bytes that did not come from here.
            SessionExpired: The session was lost when bytes of a source that is read only once were
                gone already.
            InvalidArgument: It is no state, or an edited one; or the source has another length
                than was declared.
            UsageError: Another upload is reading the same file.
        """
        read = UploadState.of(state)
        target = NewObject(read.bucket, read.name).checked()
        return await resume(self._sender, target, read, file_data, self._upload_options(options))

    def _upload_options(
        self, keywords: RequestKeywords, parameters: Mapping[str, Any] | None = None
    ) -> RequestOptions:
        if parameters is not None:
            own = check_mapping("params", keywords.get("params") or {})
            keywords["params"] = {**check_mapping("parameters", parameters), **own}
        return self._options(keywords, timeout=UPLOAD_TIMEOUT)
