"""Parts as those of a multipart upload of the XML API: no temporary objects, one to join them.

https://cloud.google.com/storage/docs/multipart-uploads
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from storage_stream._protocol.objects import get_object
from storage_stream._protocol.xml_metadata import metadata_headers, parameter_headers
from storage_stream._protocol.xml_multipart import (
    MultipartTarget,
    abort_upload,
    complete_upload,
    list_parts,
    start_upload,
    upload_part,
)
from storage_stream._transfer.parts_target import KeptPart, key_headers_only
from storage_stream.errors import NotFound, ProtocolError, StorageError

if TYPE_CHECKING:
    from datetime import datetime

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.part_plan import Part
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.part_source import Digest, PartContent
    from storage_stream._transport.sender import Sender

__all__ = ["MultipartUpload"]

_JOIN_SECONDS = 600.0  # "several minutes": .../docs/xml-api/post-object-complete


class MultipartUpload:
    """See `PartsTarget`.

    Raises:
        InvalidArgument: Preconditions, or metadata that no header can say.
    """

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        options: RequestOptions,
        handle: str | None = None,
        started: datetime | None = None,
    ) -> None:
        self._sender = sender
        self._target = target
        said = parameter_headers(options.params)
        self._headers = metadata_headers(target.resource(), target.resolved_type()) + said
        payer = parameter_headers(options.only_connection().params)
        keys = key_headers_only(options)
        self._json_options = keys
        self._start_options = replace(options, params=())
        self._options = replace(keys, params=(), headers=(*keys.headers, *payer))
        self._list_options = replace(self._options, headers=tuple(payer))
        self._etags: dict[int, str] = {}
        self.handle = handle
        self.started = started
        self.is_made = False
        self.is_named = False
        self.is_unsettled = False  # a part that arrives after the upload was aborted is refused

    @property
    def leftovers(self) -> str:
        """See `PartsTarget.leftovers`."""
        return f"an unfinished multipart upload of {self._target.subject}"

    @property
    def _upload(self) -> MultipartTarget:
        return MultipartTarget(self._target.bucket, self._target.name, self.handle or "")

    async def begin(self) -> None:
        """See `PartsTarget.begin`."""
        operation = start_upload(self._target.bucket, self._target.name, self._headers)
        begun = await self._sender.send(operation, self._start_options)
        self.handle, self.started = begun.upload_id, begun.started

    async def kept(self) -> dict[int, KeptPart]:
        """See `PartsTarget.kept`."""
        found: dict[int, KeptPart] = {}
        after: int | None = None
        while True:
            try:
                operation = list_parts(self._upload, after)
                page = await self._sender.send(operation, self._list_options)
            except NotFound:
                return {}
            for part in page.parts:
                found[part.number] = KeptPart(part.size, part.md5_hex, None, part.etag)
            if page.next_marker is None:
                return found
            if page.next_marker <= (after or 0):
                raise ProtocolError("the list of the parts does not come forward: a marker again")
            after = page.next_marker

    def keep(self, part: Part, kept: KeptPart) -> None:
        """See `PartsTarget.keep`."""
        self._etags[part.number] = kept.reference

    async def send(self, part: Part, content: PartContent, digest: Digest) -> None:
        """See `PartsTarget.send`; what is on its way when the upload is aborted fails there."""
        operation = upload_part(self._upload, part.number, content, digest.crc.value)
        self._etags[part.number] = await self._sender.send(operation, self._options)

    async def join(self) -> ObjectResource:
        """See `PartsTarget.join`; the resource is asked for, since the answer is XML.

        An account that may write and not read cannot ask: the error says that the object is made.
        """
        operation = complete_upload(self._upload, sorted(self._etags.items()))
        timeout = self._options.timeout
        patient = timeout if timeout is None else max(timeout, _JOIN_SECONDS)
        generation = await self._sender.send(operation, replace(self._options, timeout=patient))
        self.is_made, self.is_named = True, generation is not None
        asked = get_object(self._target.bucket, self._target.name, generation)
        try:
            return await self._sender.send(asked, self._json_options)
        except StorageError as error:
            which = "" if generation is None else f" (generation {generation})"
            error.add_note(
                f"the object is made{which}, but it could not be asked for, and so is not compared"
                " with what was sent"
            )
            raise

    async def remove(self) -> int:
        """See `PartsTarget.remove`."""
        try:
            await self._sender.send(abort_upload(self._upload), self._list_options)
        except NotFound:
            return 0  # ended, or aborted by an earlier attempt
        return 1
