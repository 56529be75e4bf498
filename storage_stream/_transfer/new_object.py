"""The object that an upload is to make, and whether it became that."""

from __future__ import annotations

import mimetypes
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from storage_stream._log import tell_failure
from storage_stream._protocol.arguments import check_text
from storage_stream._protocol.http import parse_number
from storage_stream._protocol.media_head import ObjectHead
from storage_stream._protocol.names import check_bucket, check_object, gs_name
from storage_stream._protocol.objects import api_resource, delete_object, get_object
from storage_stream.errors import IntegrityError, InvalidArgument, ProtocolError, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender
    from storage_stream.errors import BadRequest, PreconditionFailed

__all__ = ["NewObject"]

_DEFAULT_TYPE = "application/octet-stream"
_NO_METADATA: Final[Mapping[str, Any]] = MappingProxyType({})


class NewObject(NamedTuple):
    """What is to be made.

    Attributes:
        bucket: The bucket.
        name: The object's name.
        content_type: MIME type, or None for that of the metadata, or else to guess it from the
            name.
        metadata: The object resource's other fields.
    """

    bucket: str
    name: str
    content_type: str | None = None
    metadata: Mapping[str, Any] = _NO_METADATA

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
        return self._replace(metadata={**self.metadata, **fields})

    def with_checksum(self, crc: Crc32c) -> NewObject:
        """The same, of which the service refuses other bytes; a checksum of the caller's stays."""
        is_said = "crc32c" in self.resource()
        return self if is_said else self.with_metadata(crc32c=crc.encoded)

    def as_said_by(self, source: Any, *, zipped: bool) -> NewObject:
        """The same; where the caller said no MIME type and the source is a download, with its own.

        With its content encoding, too, where the bytes come as they are stored, and all of them:
        gzip that is not called so is read by nobody. Nothing else of an object is taken over;
        `copy` does that.
        """
        head = getattr(source, "metadata", None)
        if not isinstance(head, ObjectHead):
            return self
        said, target = self.resource(), self
        theirs = head.content_type or ""
        is_said = self.content_type is not None or "contentType" in said
        if theirs and not is_said and theirs.isprintable() and theirs.isascii():
            target = target._replace(content_type=theirs)
        is_as_stored = head.size is not None and source.content_length == head.size
        if head.content_encoding and is_as_stored and "contentEncoding" not in said and not zipped:
            target = target.with_metadata(contentEncoding=head.content_encoding)
        return target

    def resolved_type(self) -> str:
        """The MIME type; a line break in one is refused.

        Raises:
            TypeError: It is no text.
            InvalidArgument: It cannot stand in a header.
        """
        given = self.content_type
        if given is None and self.metadata:  # there it is the same field
            given = self.resource().get("contentType")
        said = None if given is None else check_text("content_type", given)
        chosen = said or self._guessed_type() or _DEFAULT_TYPE
        if not chosen.isprintable() or not chosen.isascii():
            raise InvalidArgument(f"{chosen!r} is no content type")
        return chosen

    def _guessed_type(self) -> str | None:
        has_sign = "." in self.name or ":" in self.name  # of a suffix, or a URL that says a type
        return mimetypes.guess_type(self.name)[0] if has_sign else None

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

    def check_named(self, resource: ObjectResource) -> None:
        """It is this object that was made, and not the one of an edited state's session.

        Raises:
            InvalidArgument: It is another one.
        """
        bucket, name = resource.get("bucket", self.bucket), resource.get("name", self.name)
        if (bucket, name) != (self.bucket, self.name):
            raise InvalidArgument(
                f"the state's session is another object's: it made gs://{bucket}/{name}",
                subject=self.subject,
            )

    def damage(self, refusal: BadRequest, sent: Crc32c) -> IntegrityError | None:
        """What a refusal means when it is of bytes that do not have the checksum that was said.

        The service's reason is the same for whatever it calls invalid, and prose may change. But
        it repeats the checksum that it was given, as it does no other value: where one that was
        said stands in the message, that one is what it refuses.
        """
        fields = self.resource()
        for said in (fields.get("crc32c"), fields.get("md5Hash"), sent.encoded):
            if said and str(said) in refusal.message:
                return IntegrityError(
                    f"the service refused what arrived: {refusal.message}",
                    expected=str(said),
                    actual="",
                    method=refusal.method,
                    subject=self.subject,
                )
        return None

    async def check(
        self,
        sent: Crc32c,
        resource: ObjectResource,
        sender: Sender,
        options: RequestOptions,
        *,
        is_ours: bool = True,
    ) -> ObjectResource:
        """Compare what the service made with what was sent; take it away again if it differs.

        Args:
            sent: The checksum of what was sent.
            resource: What the service says that it made.
            sender: Makes the request that deletes.
            options: The upload's.
            is_ours: Whether bytes of this source went into it. An object that another process
                made is left: that this source is another one does not make it a wrong one.

        Raises:
            IntegrityError: It differs; the generation that was made is deleted.
            StorageError: Another process's object had to be looked at, and is not there any more.
            ProtocolError: The answer says neither size nor checksum, and was not asked to be short.
        """
        said: dict[str, Any] = {key: resource.get(key) for key in ("crc32c", "size")}
        if said["crc32c"] is None and not is_ours:  # nothing of it was compared by the service
            said |= await self.look(resource, sender, options)
        if said == {"crc32c": None, "size": None} and "fields" not in dict(options.params):
            raise ProtocolError("the answer does not say what is stored", subject=self.subject)
        kept = sent.encoded if said["crc32c"] is None else str(said["crc32c"])
        size = str(sent.length if said["size"] is None else said["size"])
        if kept == sent.encoded and size == str(sent.length):
            return resource
        error = IntegrityError(
            f"{sent.length} bytes were sent, and the service keeps {size} others",
            expected=sent.encoded,
            actual=kept,
            method="POST",
            subject=self.subject,
        )
        tell_failure(error, self.subject)
        if is_ours:
            await self._take_away(resource, error, sender, options)
        else:
            error.add_note("the object was made before, by another process, and is left as it is")
        raise error

    async def look(
        self, resource: ObjectResource, sender: Sender, options: RequestOptions
    ) -> ObjectResource:
        """All of the resource of a generation that was made.

        Raises:
            NotFound: It is not there any more.
        """
        generation = parse_number(str(resource.get("generation")))
        look = get_object(self.bucket, self.name, generation)
        return await sender.send(look, options.only_connection())

    async def _take_away(
        self,
        resource: ObjectResource,
        error: IntegrityError,
        sender: Sender,
        options: RequestOptions,
    ) -> None:
        """Delete the generation that was made, and no other; the error says where that fails."""
        generation = parse_number(str(resource.get("generation")))
        if generation is None:
            error.add_note("the wrong object could not be deleted: its generation is not known")
            return
        undo = delete_object(self.bucket, self.name, generation)
        try:
            await sender.send(undo, options.only_connection())
        except StorageError as failure:
            error.add_note(f"the wrong object could not be deleted: {failure}")
