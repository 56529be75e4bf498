"""Objects made of other objects: copies, compositions, moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import object_changes
from storage_stream._protocol.arguments import check_text, fields_of
from storage_stream._protocol.compose import sources_of
from storage_stream._protocol.names import check_bucket, check_object
from storage_stream._protocol.rewrite import Rewrite
from storage_stream._transfer.compose import Composition, compose
from storage_stream._transfer.move import move_between_buckets
from storage_stream._transfer.rewrite import copy_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from storage_stream._protocol.compose import ComposeSource
    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import ObjectResource, RewriteResponse

__all__ = ["Copies"]

_KEY_OF_COPY = "destinationKmsKeyName"  # the other calls say kmsKeyName
_REWRITE_TIMEOUT = 60.0  # seconds; one call may copy for longer than any other takes to answer


class Copies(ApiBase):
    """The service copies; no byte comes here."""

    async def copy(
        self,
        bucket: str,
        object_name: str,
        destination_bucket: str,
        *,
        new_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        generation: int | None = None,
        max_bytes_per_call: int | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> RewriteResponse:
        """Copy an object, of any size, to any place and storage class.

        One request where the service can do it at once, else one for each part of it. Each is
        repeated after a failure only with `Preconditions(if_generation_match=…)`, which is about
        the copy. `timeout` holds for each request; its default here is 60 seconds.

        Args:
            bucket: Of the source.
            object_name: The source.
            destination_bucket: Of the copy.
            new_name: Of the copy; None for the same name.
            metadata: Fields of the copy's resource in place of all of the source's.
            generation: Of the source; None for the live one.
            max_bytes_per_call: At most so many bytes in each request, a multiple of 1 MiB.
            kms_key_name: The Cloud KMS key (CMEK) the copy is encrypted with,
                `projects/…/locations/…/keyRings/…/cryptoKeys/…`; None for its bucket's default.
            **options: See `RequestKeywords`.

        Returns:
            The last answer; its `resource` is the copy.

        Raises:
            NotFound: There is no such source, or no such bucket.
            PreconditionFailed: Source or copy are not in the state that was named.
            StorageError: Any of them after the first request; its `state` is for `resume_copy`.
        """
        target = new_name or object_name
        rewrite = Rewrite(
            *(bucket, object_name, destination_bucket, target),
            generation=generation,
            metadata=fields_of(metadata) or None,
            max_bytes_per_call=max_bytes_per_call,
        )
        settled = self._options(options, timeout=_REWRITE_TIMEOUT).with_kms_key(
            kms_key_name, _KEY_OF_COPY
        )
        return await copy_object(self._sender, rewrite, settled)

    async def resume_copy(
        self,
        state: Mapping[str, Any],
        *,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> RewriteResponse:
        """Go on with a copy that failed, here or in another process, within a week.

        Args:
            state: The error's `state`; JSON can hold it.
            kms_key_name: The same as was given to `copy`.
            **options: The same as were given to `copy`.

        Raises:
            InvalidArgument: It is not the state of a copy.
        """
        rewrite = Rewrite.of_state(state)
        settled = self._options(options, timeout=_REWRITE_TIMEOUT).with_kms_key(
            kms_key_name, _KEY_OF_COPY
        )
        return await copy_object(self._sender, rewrite, settled)

    async def compose(
        self,
        bucket: str,
        object_name: str,
        source_object_names: Iterable[str | ComposeSource | Mapping[str, Any]],
        *,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        kms_key_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Join objects of a bucket to a new one there; any number of them.

        One request for up to 32. More are joined in levels of 32, by way of temporary objects
        under `.storage-stream/compose/`: one request for each, and two or more to remove them,
        which happens also when it fails or is cancelled.

        Args:
            bucket: The bucket.
            object_name: The new object.
            source_object_names: What it is made of, in order: names, `ComposeSource`s with a
                generation or precondition, or resources, whose generation counts.
            content_type: MIME type of the new object.
            metadata: Other fields of its resource.
            kms_key_name: The Cloud KMS key (CMEK) it is encrypted with; None for the bucket's.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No sources.
            NotFound: A source is not there.
            PreconditionFailed: The new object or a source is not in the state that was named.
        """
        check_bucket(bucket)
        check_object(object_name)
        said = fields_of(metadata)
        if content_type is not None:
            said["contentType"] = check_text("content_type", content_type)
        composition = Composition(bucket, object_name, sources_of(source_object_names), said)
        settled = self._options(options).with_kms_key(kms_key_name)
        return await compose(self._sender, composition, settled)

    async def rename(
        self, bucket: str, object_name: str, new_name: str, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Give an object another name in its bucket, at once. One request.

        It is repeated after a failure only when a precondition names the generation of the source
        or of what it replaces.

        Raises:
            InvalidArgument: It is the same name.
            NotFound: There is no such object; or there was, and the answer of an attempt that
                moved it was lost (`attempts` is more than 1): the new name is there then.
            PreconditionFailed: Source or target are not in the state that was named.
        """
        operation = object_changes.move_object(bucket, object_name, new_name)
        return await self._send(operation, options)

    async def move(
        self,
        bucket: str,
        object_name: str,
        destination_bucket: str,
        *,
        new_name: str | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Move an object. Within a bucket it is `rename`; else it is copied, then deleted.

        Between buckets: one request for the generation of the source unless a precondition names
        it, those of `copy`, and one to delete what was copied, which is refused if it was
        overwritten meanwhile. Cancelling in between leaves the source where it was.

        Raises:
            InvalidArgument: It is the same bucket and name.
            NotFound: There is no such object, or no such bucket.
            PreconditionFailed: The target is not in the state that was named, or the source was
                overwritten while it was copied; then both are there.
        """
        target = new_name or object_name
        if destination_bucket == bucket:
            return await self.rename(bucket, object_name, target, **options)
        rewrite = Rewrite(bucket, object_name, destination_bucket, target)
        return await move_between_buckets(
            self._sender, rewrite, self._options(options, timeout=_REWRITE_TIMEOUT)
        )
