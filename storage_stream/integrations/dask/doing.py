"""What all ways to do a unit's objects have in common: they count, and note what failed."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from storage_stream.integrations.dask.order import FailedObject, SourceObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage_stream import Storage
    from storage_stream.integrations.dask.order import Order, Report

__all__ = ["Doing", "words_of"]

_LONGEST_WORDS = 1000  # characters; a thousand of them come back with a unit


class Doing(abc.ABC):
    """Does the objects of one unit.

    Args:
        storage: Transfers.
        order: What is to be done.
        report: Takes what becomes of it.
    """

    def __init__(self, storage: Storage, order: Order, report: Report) -> None:
        self.storage = storage
        self.order = order
        self.report = report

    async def prepare(  # noqa: B027 - most look, and who does not need not say so
        self, listed: Sequence[dict[str, Any]], end: str | None
    ) -> None:
        """Look at the target, before the first object.

        Args:
            listed: All objects of the unit, in order.
            end: The first name behind the unit; None: there is none.
        """

    def is_there(self, item: dict[str, Any]) -> bool:
        """Whether one need not be done: known since `prepare`, without a request."""
        del item
        return False

    @property
    def is_full(self) -> bool:
        """Whether no more of the unit should be begun: what comes back of it is enough."""
        return False

    @abc.abstractmethod
    async def one(self, item: dict[str, Any]) -> None:
        """Do one.

        Raises:
            StorageError: The service, or the way there.
            OSError: A file.
        """

    async def finish(self) -> None:  # noqa: B027 - the same
        """Do what is left at the end."""

    def done(self, size: int) -> None:
        """One was done."""
        self.report.done += 1
        self.report.bytes += size

    def skipped(self) -> None:
        """One need not be."""
        self.report.skipped += 1

    def failed(self, name: str, error: BaseException) -> None:
        """One could not be."""
        self.report.failed += 1
        source = f"gs://{self.order.bucket}/{name}"
        self.report.failures.append(FailedObject(source, type(error).__name__, words_of(error)))

    def source_of(self, item: dict[str, Any]) -> SourceObject:
        """The object that a list's item is about."""
        return SourceObject(
            *(self.order.bucket, item["name"], int(item["generation"]), int(item["size"])),
            item.get("crc32c"),
        )


def words_of(error: BaseException) -> str:
    """What an error says, in so few characters that many can travel, each of which is Unicode."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - somebody else's, and what matters is that it was raised
        text = "what it says cannot be shown"
    if len(text) > _LONGEST_WORDS:
        text = f"{text[: _LONGEST_WORDS - 1]}\u2026"
    return text.encode("utf-8", "backslashreplace").decode()
