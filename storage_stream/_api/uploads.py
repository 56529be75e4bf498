"""Uploads: whatever holds bytes becomes an object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._transfer.source import content_of
from storage_stream._transfer.upload import NewObject, upload

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import ObjectResource

__all__ = ["Uploads"]


class Uploads(ApiBase):
    """New objects."""

    async def upload(
        self,
        bucket: str,
        object_name: str,
        file_data: Any,
        *,
        content_type: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> ObjectResource:
        """Make an object, or replace it. One request, compared with the service's answer.

        It is repeated after a failure only when that is safe: with a precondition
        (`Preconditions(if_generation_match=…)`), or with `RetryPolicy(always=True)`.
        Cancelling leaves no part of an object, but a whole one if the last byte had gone out.

        Args:
            bucket: The bucket.
            object_name: The object's name.
            file_data: bytes, bytearray or memoryview; text (sent as UTF-8); a path
                (`pathlib.Path`); a binary or text file, read from where it stands and left open.
            content_type: MIME type; None guesses it from the name.
            parameters: Query parameters, as `params` elsewhere (gcloud-aio-storage's name).
            metadata: Other fields of the object resource; custom ones in its `metadata`.
            **options: See `RequestKeywords`.

        Returns:
            The new object's resource.

        Raises:
            IntegrityError: The service keeps something else than was sent; it was deleted.
            PreconditionFailed: The object is not in the state that was named.
            TypeError: `file_data` is nothing that can be sent.
        """
        if parameters:
            options["params"] = {**parameters, **(options.get("params") or {})}
        settled = self._options(options)
        target = NewObject(bucket, object_name, content_type, dict(metadata or {}))
        target.check()
        return await upload(self._sender, target, await content_of(file_data), settled)

    async def upload_from_filename(
        self, bucket: str, object_name: str, filename: str | os.PathLike[str], **options: Any
    ) -> ObjectResource:
        """Upload a file by its name, read while it is sent; the rest as in `upload`."""
        return await self.upload(bucket, object_name, Path(filename), **options)
