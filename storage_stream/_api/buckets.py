"""Buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol import buckets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import BucketResource

__all__ = ["Buckets"]


class Buckets(ApiBase):
    """A project's buckets."""

    async def get_bucket_metadata(
        self, bucket: str, **options: Unpack[RequestKeywords]
    ) -> BucketResource:
        """A bucket's resource. One request."""
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
            Conflict: There is one of this name.
        """
        return await self._send(buckets.insert_bucket(bucket, project, resource or {}), options)

    async def delete_bucket(self, bucket: str, **options: Unpack[RequestKeywords]) -> None:
        """Delete a bucket that is empty. One request.

        Raises:
            Conflict: It is not empty.
        """
        await self._send(buckets.delete_bucket(bucket), options)
