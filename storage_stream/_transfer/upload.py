"""Uploads in one request, compared with what the service says it keeps.

Bytes in memory are sent with their crc32c, so that the service itself refuses them when they
arrive changed. A file's checksum is known only when it has gone out; there the answer is
compared, and an object that is not what was sent is deleted again.
"""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.checksums import Crc32c, crc32c
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.names import check_bucket, check_object
from storage_stream._protocol.objects import (
    api_resource,
    delete_object,
    insert_media,
    insert_multipart,
)
from storage_stream._transfer.source import FramedContent, HashedContent
from storage_stream.errors import IntegrityError, InvalidArgument, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.http import Content
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender

__all__ = ["NewObject", "upload"]

_DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class NewObject:
    """The object that an upload is to make.

    Attributes:
        bucket: The bucket.
        name: The object's name.
        content_type: MIME type, or None to guess it from the name.
        metadata: The object resource's other fields.
    """

    bucket: str
    name: str
    content_type: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def check(self) -> None:
        """Refuse what cannot be, before anything is read or sent.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A content type that cannot stand in a header.
        """
        check_bucket(self.bucket)
        check_object(self.name)
        self.resolved_type()

    def resolved_type(self) -> str:
        """The MIME type; a line break in one is refused.

        Raises:
            InvalidArgument: It cannot stand in a header.
        """
        chosen = self.content_type or mimetypes.guess_type(self.name)[0] or _DEFAULT_TYPE
        if not chosen.isprintable() or not chosen.isascii():
            raise InvalidArgument(f"{chosen!r} is no content type")
        return chosen


async def upload(
    sender: Sender, target: NewObject, content: bytes | Content, options: RequestOptions
) -> ObjectResource:
    """Send an object in one request, and check what the service made of it.

    Cancelling closes the connection; an incomplete body leaves no object.

    Returns:
        The new object's resource.

    Raises:
        IntegrityError: The service keeps something else than was sent; it was deleted again.
        ResponseError: The service refused.
        TransportError: No answer: whether there is an object now is not known.
    """
    hashed = content if isinstance(content, bytes) else HashedContent(content)
    resource = await sender.send(_operation(target, hashed), options)
    sent = Crc32c(crc32c(hashed), len(hashed)) if isinstance(hashed, bytes) else hashed.crc
    await _check(sender, target, sent, resource, options)
    return resource


def _operation(target: NewObject, content: bytes | HashedContent) -> Operation[ObjectResource]:
    resource = {**api_resource(target.metadata), "name": target.name}
    content_type = target.resolved_type()
    if isinstance(content, bytes):
        resource.setdefault("crc32c", Crc32c(crc32c(content)).encoded)
    elif len(resource) == 1:
        return insert_media(target.bucket, target.name, content, content_type)
    resource["contentType"] = content_type
    frame = MultipartFrame.around(resource, content_type, secrets.token_hex(16))
    framed = FramedContent(frame, content)
    return insert_multipart(target.bucket, target.name, framed, frame.content_type)


async def _check(
    sender: Sender,
    target: NewObject,
    sent: Crc32c,
    resource: ObjectResource,
    options: RequestOptions,
) -> None:
    """Compare the new object with what was sent; take it away again if it is not that."""
    kept, size = resource.get("crc32c", sent.encoded), resource.get("size", str(sent.length))
    if kept == sent.encoded and size == str(sent.length):
        return
    error = IntegrityError(
        f"{sent.length} bytes were sent, and the service keeps {size} others",
        expected=sent.encoded,
        actual=kept,
        method="POST",
        subject=f"gs://{target.bucket}/{target.name}",
    )
    generation = resource.get("generation")
    if generation is not None:
        undo = delete_object(target.bucket, target.name, int(generation))
        try:
            await sender.send(undo, options.only_connection())
        except StorageError as failure:
            error.add_note(f"the wrong object could not be deleted: {failure}")
    raise error
