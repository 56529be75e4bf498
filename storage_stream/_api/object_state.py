"""Objects brought back, held, dated and labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import object_changes
from storage_stream._protocol.objects import patch_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import ObjectResource

__all__ = ["ObjectState"]


class ObjectState(ApiBase):
    """What keeps an object, or brings it back. Each is one request."""

    async def restore(
        self, bucket: str, object_name: str, generation: int, **options: Unpack[RequestKeywords]
    ) -> ObjectResource:
        """Make a soft-deleted generation the live object again. One request.

        `iter_objects(bucket, soft_deleted=True)` lists them. It is repeated after a failure only
        with `Preconditions(if_generation_match=…)`, 0 where nothing is to be replaced.
        https://cloud.google.com/storage/docs/use-soft-deleted-objects

        Raises:
            NotFound: There is no such soft-deleted generation, or its time is over.
            PreconditionFailed: The live object is not in the state that was named.
        """
        operation = object_changes.restore_object(bucket, object_name, generation)
        return await self._send(operation, options)

    async def set_holds(
        self,
        bucket: str,
        object_name: str,
        *,
        temporary: bool | None = None,
        event_based: bool | None = None,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Keep an object from being deleted or replaced, or let it go. One request.

        https://cloud.google.com/storage/docs/object-holds

        Args:
            bucket: The bucket.
            object_name: The object.
            temporary: Set (True) or release (False) the temporary hold; None leaves it.
            event_based: The same for the event-based hold, whose release starts the retention.
            generation: Of the object; None for the live one.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: Neither is said.
            NotFound: There is no such object or generation.
        """
        change = object_changes.holds_change(temporary=temporary, event_based=event_based)
        return await self._patch(bucket, object_name, change, generation, options)

    async def set_custom_time(
        self,
        bucket: str,
        object_name: str,
        moment: datetime,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Set an object's custom time, which can only grow. One request.

        Raises:
            TypeError: It is no `datetime`.
            InvalidArgument: The time has no zone.
            NotFound: There is no such object or generation.
        """
        change = object_changes.custom_time_change(moment)
        return await self._patch(bucket, object_name, change, generation, options)

    async def set_contexts(
        self,
        bucket: str,
        object_name: str,
        contexts: Mapping[str, str | None],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Merge contexts into an object's; None deletes one. One request.

        https://cloud.google.com/storage/docs/object-contexts

        Raises:
            NotFound: There is no such object or generation.
        """
        change = object_changes.contexts_change(contexts)
        return await self._patch(bucket, object_name, change, generation, options)

    async def _patch(
        self,
        bucket: str,
        object_name: str,
        change: dict[str, Any],
        generation: int | None,
        options: RequestKeywords,
    ) -> ObjectResource:
        return await self._send(patch_object(bucket, object_name, change, generation), options)
