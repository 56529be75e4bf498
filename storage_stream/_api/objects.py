"""Objects as resources: look at them, list them, change them, delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import objects
from storage_stream._transfer.listing import iter_pages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from storage_stream._protocol.options import RequestKeywords
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
        self,
        bucket: str,
        *,
        prefix: str = "",
        match_glob: str = "",
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> AsyncGenerator[ObjectResource, None]:
        """All objects of a bucket, in the order of their names; the next page is fetched ahead.

        One request for each page. Leaving the loop early ends the request under way: at once with
        `contextlib.aclosing`, with a plain `break` a moment later.

        Args:
            bucket: The bucket.
            prefix: Only names that begin so.
            match_glob: Only names that match, `**/*.csv`.
            page_size: Objects a page; None for the service's 1,000.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: There is no such bucket.
        """
        chosen = {"prefix": prefix, "matchGlob": match_glob, "maxResults": page_size}
        query = tuple((name, str(value)) for name, value in chosen.items() if value)
        settled = self._options(options)
        pages = iter_pages(
            self._sender, lambda token: objects.list_page(bucket, query, token), settled
        )
        try:
            async for page in pages:
                for resource in page.items:
                    yield resource
        finally:
            await pages.aclose()

    async def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Change fields of an object's resource; None deletes one. One request."""
        return await self._send(objects.patch_object(bucket, object_name, metadata), options)

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
