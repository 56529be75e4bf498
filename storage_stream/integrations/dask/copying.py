"""Objects copied by the service, so that no byte comes to a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream import Preconditions
from storage_stream.errors import (
    IntegrityError,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    StorageError,
)
from storage_stream.integrations.dask.doing import Doing
from storage_stream.integrations.dask.known_targets import FIELDS, known_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Copying"]


class Copying(Doing):
    """Copies."""

    async def prepare(self, listed: Sequence[dict[str, Any]], end: str | None) -> None:
        """See `Doing.prepare`. One request for each page of the target's list."""
        self._known = await known_targets(self.storage, self.order, listed, end)

    def is_there(self, item: dict[str, Any]) -> bool:
        """See `Doing.is_there`: the same bytes are there, or any where none are replaced."""
        known = self._known.get(item["name"])
        return known is not None and (is_same(item, known) or not self.order.overwrite)

    async def one(self, item: dict[str, Any]) -> None:
        """See `Doing.one`. One request, or what `Storage.copy` needs for a large one."""
        known = self._known.get(item["name"])
        try:
            copy = await self._copied(item, 0 if known is None else int(known["generation"]))
        except PreconditionFailed as refusal:
            # Another worker had this unit, too: it counts as done if what is there is the same.
            if self.order.overwrite and not await self._is_there(item, refusal):
                raise
            self.skipped()
            return
        _check(item, copy)
        self.done(int(item["size"]))

    async def _copied(self, item: Mapping[str, Any], expected: int) -> Mapping[str, Any]:
        order, name = self.order, item["name"]
        try:
            answer: Any = await self.storage.copy(
                order.bucket,
                name,
                order.target_bucket or "",
                new_name=order.target_name(name),
                generation=int(item["generation"]),
                preconditions=Preconditions(if_generation_match=expected),
                **order.request_options,
            )
        except NotFound as error:
            raise changed(order.bucket, name) from error
        resource: Mapping[str, Any] = answer["resource"]
        return resource

    async def _is_there(self, item: Mapping[str, Any], refusal: PreconditionFailed) -> bool:
        order = self.order
        try:
            found: Any = await self.storage.download_metadata(
                order.target_bucket or "",
                order.target_name(item["name"]),
                params={"fields": FIELDS},
                **order.request_options,
            )
        except NotFound:
            raise refusal from None  # somebody else writes and deletes there
        except StorageError as error:
            raise error from refusal
        return is_same(item, found)


def is_same(source: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Whether two hold the same bytes, as far as the service tells."""
    crc32c = source.get("crc32c")
    return (
        crc32c is not None
        and crc32c == target.get("crc32c")
        and source.get("size") == target.get("size")
    )


def changed(bucket: str, name: str) -> ObjectChanged:
    """The generation that was listed is not there any more."""
    text = "it was overwritten or deleted since it was listed"
    return ObjectChanged(text, method="GET", subject=f"gs://{bucket}/{name}")


def _check(source: Mapping[str, Any], copy: Mapping[str, Any]) -> None:
    said, made = source.get("crc32c"), copy.get("crc32c")
    if said is not None and made is not None and said != made:
        raise IntegrityError("the copy has other bytes", expected=said, actual=made)
