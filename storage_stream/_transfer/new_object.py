"""The object that an upload is to make, and whether it became that."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_text
from storage_stream._protocol.names import check_bucket, check_object, gs_name
from storage_stream._protocol.objects import api_resource, delete_object, get_object
from storage_stream.errors import IntegrityError, InvalidArgument, ProtocolError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender
    from storage_stream.errors import PreconditionFailed

__all__ = ["NewObject"]

_DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class NewObject:
    """What is to be made.

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

    @property
    def subject(self) -> str:
        """Its `gs://` name."""
        return gs_name(self.bucket, self.name)

    def checked(self) -> NewObject:
        """The same, after what cannot be was refused: before anything is read or sent.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: A content type that cannot stand in a header.
        """
        check_bucket(self.bucket)
        check_object(self.name)
        self.resolved_type()
        return self

    def with_metadata(self, **fields: Any) -> NewObject:
        """The same with more fields of the resource."""
        return replace(self, metadata={**self.metadata, **fields})

    def resolved_type(self) -> str:
        """The MIME type; a line break in one is refused.

        Raises:
            TypeError: It is no text.
            InvalidArgument: It cannot stand in a header.
        """
        said = None if self.content_type is None else check_text("content_type", self.content_type)
        chosen = said or mimetypes.guess_type(self.name)[0] or _DEFAULT_TYPE
        if not chosen.isprintable() or not chosen.isascii():
            raise InvalidArgument(f"{chosen!r} is no content type")
        return chosen

    def resource(self) -> dict[str, Any]:
        """The fields of the resource that the caller gave, in the service's spelling."""
        return api_resource(self.metadata)

    async def made_before(
        self, refusal: PreconditionFailed, sent: Crc32c, sender: Sender, options: RequestOptions
    ) -> ObjectResource:
        """A repeat was refused: by another's object, or by one that the first attempt made.

        An attempt whose answer was lost may have been carried out, and then its own object fails
        the repeat's precondition. Where what is stored is in all what was sent, it was.

        Raises:
            PreconditionFailed: The refusal, where there was no attempt before, or what is stored
                is something else.
        """
        if (refusal.attempts or 1) < 2:  # noqa: PLR2004 - the first attempt has none before it
            raise refusal
        look = get_object(self.bucket, self.name)
        try:
            stored: Any = await sender.send(look, options.only_connection())
        except StorageError:
            raise refusal from None
        wanted = {
            **self.resource(),
            "contentType": self.resolved_type(),
            "crc32c": sent.encoded,
            "size": str(sent.length),
        }
        if any(stored.get(name) != value for name, value in wanted.items()):
            raise refusal
        made: ObjectResource = stored
        return made

    async def check(
        self, sent: Crc32c, resource: ObjectResource, sender: Sender, options: RequestOptions
    ) -> ObjectResource:
        """Compare what the service made with what was sent; take it away again if it differs.

        Raises:
            IntegrityError: It differs; the generation that was made is deleted.
            ProtocolError: The answer says neither size nor checksum, and was not asked to be short.
        """
        if not {"crc32c", "size"} & resource.keys() and "fields" not in dict(options.params):
            raise ProtocolError("the answer does not say what is stored", subject=self.subject)
        kept, size = resource.get("crc32c", sent.encoded), resource.get("size", str(sent.length))
        if kept == sent.encoded and size == str(sent.length):
            return resource
        error = IntegrityError(
            f"{sent.length} bytes were sent, and the service keeps {size} others",
            expected=sent.encoded,
            actual=kept,
            method="POST",
            subject=self.subject,
        )
        generation = resource.get("generation")
        if generation is not None:
            undo = delete_object(self.bucket, self.name, int(generation))
            try:
                await sender.send(undo, options.only_connection())
            except StorageError as failure:
                error.add_note(f"the wrong object could not be deleted: {failure}")
        raise error
