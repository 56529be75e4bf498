"""What one client is to do in one process: a value that goes there as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.servers.object_names import object_name, upload_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Job"]


@dataclass(frozen=True, slots=True)
class Job:
    """One workload for one client.

    Attributes:
        kind: What is done: the name of a function that clients have.
        root: The server's address.
        authority: A file with the certificate that TLS is checked with.
        size_bytes: Of each object.
        count: Objects.
        concurrency: Objects under way at once.
        read_bytes: What a stream's `read` is asked for.
        connections: Connections that one object may be cut over, where a client has to be told.
        source: The file that is uploaded, or whose bytes are.
        folder: Where downloaded files go.
        tag: A part of the names of new objects, so that one run's are not taken for another's.
    """

    kind: str
    root: str
    authority: str
    size_bytes: int
    count: int
    concurrency: int
    read_bytes: int
    connections: int
    source: str
    folder: str
    tag: str = "timed"

    @property
    def names(self) -> Iterator[str]:
        """The objects to download, one by one: a list of many would be measured as memory."""
        return (object_name(self.size_bytes, number) for number in range(self.count))

    @property
    def new_names(self) -> Iterator[str]:
        """The objects to upload, one by one."""
        return (upload_name(self.tag, self.size_bytes, number) for number in range(self.count))

    @property
    def targets(self) -> list[tuple[str, str]]:
        """Objects, and the files that they go to."""
        return [(name, str(Path(self.folder) / name)) for name in self.names]

    @property
    def total_bytes(self) -> int:
        """What is transferred."""
        return self.size_bytes * self.count

    def body(self) -> bytes:
        """The bytes of an object to upload; for small ones."""
        return Path(self.source).read_bytes()

    def with_count(self, count: int) -> Job:
        """The same with fewer or more objects."""
        return replace(self, count=count)

    def to_json(self) -> str:
        """Its form on a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Job:
        """Read it there."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields)
