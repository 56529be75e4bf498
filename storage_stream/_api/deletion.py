"""Many objects deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from storage_stream._api.base import ApiBase
from storage_stream._protocol.arguments import check_text
from storage_stream._protocol.names import check_bucket
from storage_stream._transfer.deletion import Deletion, delete_listed, delete_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping

    from storage_stream._protocol.options import RequestKeywords

__all__ = ["Deletions"]


class Deletions(ApiBase):
    """A hundred objects in a request, in memory that does not grow with their number."""

    def delete_many(
        self,
        bucket: str,
        names: Iterable[str | Mapping[str, Any]] | AsyncIterable[str | Mapping[str, Any]],
        *,
        missing_ok: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete objects of a bucket.

            summary = await storage.delete_many("bucket", ["a", "b"])
            async for result in storage.delete_many("bucket", names): ...

        One request for each hundred. An object whose deleting met a passing error is tried again
        only if its generation is known, since a repeat might delete a newer one. Cancelling
        breaks off the requests under way; the result's `unsettled` tells which objects these were
        about.

        Args:
            bucket: The bucket.
            names: Names, or resources as `iter_objects` gives them, of which only the generation
                that they name is deleted; from any iterable or async iterable.
            missing_ok: An object that is not there is no failure.
            concurrency: Requests under way at the same time.
            **options: See `RequestKeywords`.

        Returns:
            What is iterated for the results as they come, or awaited for a summary. Nothing is
            sent before.

        Raises:
            InvalidName: It is no bucket's name. A wrong object name is its result's `error`.
            InvalidArgument: One text in place of several names, or no concurrency.
            Exception: What `names` itself raises, after the results of all before it.
        """
        return delete_named(
            self._sender,
            check_bucket(bucket),
            names,
            self._options(options),
            concurrency=concurrency,
            missing_ok=missing_ok,
        )

    def delete_prefix(
        self,
        bucket: str,
        prefix: str,
        *,
        versions: bool = False,
        concurrency: int = 8,
        **options: Unpack[RequestKeywords],
    ) -> Deletion:
        """Delete all objects whose names begin so; `""` means every object of the bucket.

        One request for each page of 1,000, and one for each hundred objects. An object that is
        overwritten meanwhile stays, and its result's `error` is `PreconditionFailed`. Cancelling
        as in `delete_many`.

        Args:
            bucket: The bucket.
            prefix: What the names begin with: text; `""` deletes everything.
            versions: Delete every generation for good, not only the live objects.
            concurrency: Requests under way at the same time, besides the list's.
            **options: See `RequestKeywords`.

        Raises:
            NotFound: When it runs: there is no such bucket.
            TypeError: The prefix is no text; None is never taken for everything.
            InvalidName: It is no bucket's name.
            InvalidArgument: No concurrency; a precondition on the generation, which the list names.
        """
        return delete_listed(
            self._sender,
            check_bucket(bucket),
            check_text("the prefix", prefix),
            self._options(options),
            concurrency=concurrency,
            versions=versions,
        )
