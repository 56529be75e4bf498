"""What a caller may say about a run of many, told apart from what is about each request."""

from __future__ import annotations

import os  # noqa: TC003 - a TypedDict's fields are looked up
from collections.abc import Iterable, Mapping  # noqa: TC003 - the same
from typing import Any, TypedDict

from storage_stream._protocol.options import RequestKeywords
from storage_stream._transfer.many_filter import NameFilter
from storage_stream.errors import InvalidArgument

__all__ = ["ManyKeywords", "RunOptions"]

_CONNECTION = frozenset(
    {"headers", "timeout", "stall_timeout", "session", "user_project", "retry", "retries"}
)


class _RunKeywords(TypedDict, total=False):
    concurrency: int
    processes: int
    journal: str | os.PathLike[str] | None
    ramp_up: bool
    include: Iterable[str] | None
    exclude: Iterable[str] | None


class ManyKeywords(_RunKeywords, RequestKeywords):
    """Keywords of every run of many, besides those of every request.

    concurrency: At most so many objects at once (64); how many it really are is found out: more
        while that gives more throughput, fewer when the service answers 429 or 503.
    processes: So many other processes do the transfers, each on a core of its own; 0, the
        default: this one does.
    journal: An SQLite file that remembers what is done: the same run with the same file goes on
        where a killed one was. Objects and files that changed since are done again.
    ramp_up: False does not keep to the service's guideline for the request rates of a bucket:
        1,000 writes and 5,000 reads a second in the beginning, twice as many every 20 minutes.
        https://cloud.google.com/storage/docs/request-rate
    include: Only names that one of these patterns matches (`*.jpg`), below the prefix or folder;
        `*` matches slashes, too.
    exclude: No names that one of these patterns matches.
    """


class RunOptions:
    """The keywords of a run, checked and told apart."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        said = dict(options)
        self.concurrency: int = said.pop("concurrency", 64)
        self.processes: int = said.pop("processes", 0)
        self.journal: str | os.PathLike[str] | None = said.pop("journal", None)
        self.ramp_up: bool = said.pop("ramp_up", True)
        self.names = NameFilter(said.pop("include", None), said.pop("exclude", None))
        self.progress: Any = said.pop("progress", None)
        self.keywords = said
        if self.concurrency < 1 or self.processes < 0:
            raise InvalidArgument(
                f"concurrency={self.concurrency}, processes={self.processes}: at least 1 and 0"
            )

    @property
    def listing(self) -> dict[str, Any]:
        """What of them is about lists, too."""
        return {name: value for name, value in self.keywords.items() if name in _CONNECTION}
