"""Objects as resources: look at them, list them, change them, delete them."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import object_changes, objects
from storage_stream._protocol.list_options import ListKeywords, split_list_keywords
from storage_stream._protocol.object_stat import ObjectStat
from storage_stream._protocol.options import RequestKeywords, RequestOptions
from storage_stream._transfer.listing import iter_items, iter_pages
from storage_stream.errors import Gone, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from storage_stream._protocol.pages import Page
    from storage_stream._protocol.resources import ListObjectsResponse, ObjectResource

__all__ = ["Objects"]


class Objects(ApiBase):
    """What is said about objects, not their bytes."""

    async def download_metadata(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """An object's resource. One request.

        Raises:
            NotFound: There is no such bucket, object or generation.
        """
        operation = objects.get_object(bucket, object_name, generation)
        return await self._send(operation, options)

    async def list_objects(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> ListObjectsResponse:
        """One page of a bucket's objects, as the service sends it; `params` says which.

        `iter_objects` goes through all pages.
        """
        return await self._send(objects.list_raw(bucket), options)

    async def iter_objects(
        self, bucket: str, **options: Unpack[ListKeywords]
    ) -> AsyncGenerator[ObjectResource, None]:
        """All objects of a bucket, in the order of their names; the next page is fetched ahead.

        One request for each page. Leaving the loop early ends the request under way: at once with
        `contextlib.aclosing`, with a plain `break` a moment later.

        Args:
            bucket: The bucket.
            **options: See `ListKeywords`; what `delimiter` leaves out gives `iter_object_pages`.

        Raises:
            NotFound: There is no such bucket.
            InvalidArgument: A page size that is none, or versions and soft-deleted ones at once.
        """
        async with aclosing(iter_items(self.iter_object_pages(bucket, **options))) as found:
            async for resource in found:
                yield resource

    async def iter_object_pages(
        self, bucket: str, **options: Unpack[ListKeywords]
    ) -> AsyncGenerator[Page[ObjectResource], None]:
        """The same page by page: `items`, and with a delimiter the "folders" as `prefixes`.

        One request for each page; leaving early as in `iter_objects`.

        Raises:
            NotFound: There is no such bucket.
            InvalidArgument: A page size that is none, or versions and soft-deleted ones at once.
        """
        query, keywords = split_list_keywords(options)
        settled = RequestOptions.of(keywords, self._defaults)
        self._check_open()
        pages = iter_pages(
            self._sender, lambda token: objects.list_page(bucket, query, token), settled
        )
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def stat(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectStat:
        """What `download_metadata` gives, as a typed value. One request.

        Raises:
            NotFound: There is no such bucket, object or generation.
        """
        operation = objects.get_object(bucket, object_name, generation)
        return ObjectStat.of(await self._send(operation, options))

    async def exists(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> bool:
        """Whether there is such an object, or generation of one. One request.

        Raises:
            Forbidden: These credentials may not know.
        """
        operation = objects.get_object(bucket, object_name, generation)
        try:
            await self._send(operation.with_query((("fields", "name"),)), options)
        except (NotFound, Gone):
            return False
        return True

    async def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields of an object's resource; None deletes one. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such object or generation.
            PreconditionFailed: It is not in the state that was named.
        """
        operation = objects.patch_object(bucket, object_name, metadata, generation)
        return await self._send(operation, options)

    async def update_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Replace the fields of an object's resource that can be set; the rest is reset.

        One request, repeated only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such object or generation.
            PreconditionFailed: It is not in the state that was named.
        """
        operation = object_changes.update_object(bucket, object_name, metadata, generation)
        return await self._send(operation, options)

    async def delete(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> str:
        """Delete an object. One request; repeated only when `generation` is named.

        Returns:
            The answer's text, which is empty.

        Raises:
            NotFound: There is no such object.
        """
        return await self._send(objects.delete_object(bucket, object_name, generation), options)
