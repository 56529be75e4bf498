"""Buckets."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import buckets
from storage_stream._protocol.arguments import check_mapping, check_whole, fields_of
from storage_stream._transfer.listing import iter_items, iter_pages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import BucketResource

__all__ = ["Buckets"]


class Buckets(ApiBase):
    """A project's buckets."""

    async def get_bucket_metadata(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """A bucket's resource. One request.

        Raises:
            NotFound: There is no such bucket.
        """
        return await self._send(buckets.get_bucket(bucket), options)

    async def create_bucket(
        self,
        bucket: str,
        project: str,
        resource: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> BucketResource:
        """Make a bucket. One request.

        Args:
            bucket: Its name.
            project: The project it belongs to.
            resource: Other fields of the bucket resource (`location`, `storageClass`, …).
            **options: See `RequestKeywords`.

        Raises:
            Conflict: There is one of this name. With `attempts` of more than 1 it may be the one
                that was to be made, by an attempt whose answer was lost.
        """
        operation = buckets.insert_bucket(bucket, project, fields_of(resource))
        return await self._send(operation, options)

    async def delete_bucket(self, bucket: str, **options: Unpack[RequestKeywords]) -> None:
        """Delete a bucket that is empty. One request.

        Raises:
            Conflict: It is not empty.
        """
        await self._send(buckets.delete_bucket(bucket), options)

    async def iter_buckets(
        self,
        project: str,
        *,
        prefix: str = "",
        soft_deleted: bool = False,
        page_size: int | None = None,
        **options: Unpack[RequestKeywords],
    ) -> AsyncGenerator[BucketResource, None]:
        """A project's buckets as resources, in the order of their names; one page ahead.

        One request for each page. Leaving early ends the request under way.

        Args:
            project: The project.
            prefix: Only names that begin so.
            soft_deleted: The soft-deleted buckets, and nothing else.
            page_size: Buckets a page; None for the service's 1,000.
            **options: See `RequestKeywords`.

        Raises:
            InvalidArgument: No project, or a page without room.
        """
        page = partial(
            buckets.list_buckets,
            project,
            prefix=prefix,
            soft_deleted=soft_deleted,
            page_size=page_size,
        )
        pages = iter_pages(self._sender, page, self._options(options))
        async with aclosing(iter_items(pages)) as resources:
            async for resource in resources:
                yield resource

    async def patch_bucket(
        self, bucket: str, changes: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Change fields of a bucket's resource; maps are merged, None deletes. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such bucket.
            PreconditionFailed: It is not in the state that was named.
        """
        return await self._send(buckets.patch_bucket(bucket, changes), options)

    async def update_bucket(
        self, bucket: str, resource: Mapping[str, Any], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Replace what can be set of a bucket's resource; the rest is reset. One request.

        It is repeated after a failure only with a precondition on the metageneration.

        Raises:
            NotFound: There is no such bucket.
            PreconditionFailed: It is not in the state that was named.
        """
        return await self._send(buckets.update_bucket(bucket, resource), options)

    async def set_labels(
        self, bucket: str, labels: Mapping[str, str | None], **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Merge labels into a bucket's; None deletes one. One request."""
        said = dict(check_mapping("labels", labels))
        return await self.patch_bucket(bucket, {"labels": said}, **options)

    async def set_lifecycle(
        self,
        bucket: str,
        rules: Iterable[Mapping[str, Any]],
        **options: Unpack[RequestKeywords],
    ) -> BucketResource:
        """Replace a bucket's lifecycle rules; none at all end them. One request.

        https://cloud.google.com/storage/docs/lifecycle

        Raises:
            TypeError: One rule in place of several, or a rule that is no mapping.
        """
        if isinstance(rules, Mapping | str):
            raise TypeError("rules takes several rules, `[{…}]`, not one")
        said = [dict(check_mapping("a lifecycle rule", rule)) for rule in rules]
        return await self.patch_bucket(
            bucket, {"lifecycle": {"rule": said} if said else None}, **options
        )

    async def set_versioning(
        self,
        bucket: str,
        *,
        enabled: bool,
        **options: Unpack[RequestKeywords],
    ) -> BucketResource:
        """Keep what is overwritten and deleted as noncurrent generations, or not. One request."""
        return await self.patch_bucket(bucket, {"versioning": {"enabled": enabled}}, **options)

    async def set_soft_delete(
        self, bucket: str, retention_seconds: int, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Keep what is deleted for so long (7 to 90 days), or not at all (0). One request."""
        seconds = check_whole("retention_seconds", retention_seconds)
        policy = {"retentionDurationSeconds": str(seconds)}
        return await self.patch_bucket(bucket, {"softDeletePolicy": policy}, **options)

    async def lock_retention_policy(
        self, bucket: str, metageneration: int, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """Lock a bucket's retention policy. Nobody can undo this. One request.

        Args:
            bucket: The bucket.
            metageneration: The bucket's, so that the policy locked is the one you looked at.
            **options: See `RequestKeywords`.

        Raises:
            PreconditionFailed: The bucket was changed since.
        """
        return await self._send(buckets.lock_retention_policy(bucket, metageneration), options)
