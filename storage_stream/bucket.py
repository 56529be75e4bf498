"""`Bucket`: a client and a bucket's name, so that neither has to be said again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._protocol.names import check_bucket
from storage_stream._protocol.options import DEFAULT_TIMEOUT
from storage_stream._protocol.pages import name_of
from storage_stream.blob import Blob
from storage_stream.errors import Gone, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from storage_stream._protocol.handle_keywords import (
        BlobExistsKeywords,
        BucketMetadataKeywords,
        GetBlobKeywords,
        ListBlobsKeywords,
    )
    from storage_stream._protocol.list_options import ListChoice
    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import BucketResource, ObjectResource
    from storage_stream._transfer.deletion import Deletion
    from storage_stream.client import Storage

__all__ = ["Bucket"]


class Bucket:
    """A bucket of a client; made by `Storage.get_bucket`.

    Args:
        storage: The client.
        name: The bucket's name.

    Raises:
        InvalidName: It is no bucket's name.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage = storage
        self.name = check_bucket(name)

    async def get_blob(
        self,
        blob_name: str,
        timeout: float | None = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - gcloud-aio-storage's
        session: Any = None,
        **options: Unpack[GetBlobKeywords],
    ) -> Blob:
        """An object with its metadata. One request.

        Raises:
            NotFound: There is no such object, or generation of it.
        """
        resource = await self.storage.download_metadata(
            self.name, blob_name, timeout=timeout, session=session, **options
        )
        return Blob(self, blob_name, resource)

    async def blob_exists(
        self, blob_name: str, session: Any = None, **options: Unpack[BlobExistsKeywords]
    ) -> bool:
        """Whether there is such an object, or generation of one. One request."""
        try:
            await self.storage.download_metadata(self.name, blob_name, session=session, **options)
        except (NotFound, Gone):
            return False
        return True

    async def list_blobs(
        self,
        prefix: str = "",
        match_glob: str = "",
        delimiter: str = "",
        session: Any = None,
        **options: Unpack[ListBlobsKeywords],
    ) -> list[str]:
        """The names of objects, and with a delimiter the "folders" behind them.

        One request for each page.
        """
        pages = self.storage.iter_object_pages(
            self.name,
            prefix=prefix,
            match_glob=match_glob,
            delimiter=delimiter,
            session=session,
            **options,
        )
        names: list[str] = []
        async for page in pages:
            names += [name_of(item) for item in page.items]
            names += page.prefixes
        return names

    def iter_objects(
        self, prefix: str = "", **options: Unpack[ListChoice]
    ) -> AsyncGenerator[ObjectResource, None]:
        """The objects' resources; see `Storage.iter_objects`."""
        return self.storage.iter_objects(self.name, prefix=prefix, **options)

    def delete_prefix(
        self,
        prefix: str,
        *,
        versions: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete all objects whose names begin so; see `Storage.delete_prefix`."""
        return self.storage.delete_prefix(
            self.name, prefix, versions=versions, concurrency=concurrency, **options
        )

    def new_blob(self, blob_name: str) -> Blob:
        """A handle on an object that may not exist yet. No request."""
        return Blob(self, blob_name, {"size": 0})

    async def get_metadata(
        self,
        params: Mapping[str, Any] | None = None,
        session: Any = None,
        **options: Unpack[BucketMetadataKeywords],
    ) -> BucketResource:
        """The bucket's resource. One request."""
        return await self.storage.get_bucket_metadata(
            self.name, params=params, session=session, **options
        )

    def __repr__(self) -> str:
        return f"<Bucket gs://{self.name}>"
