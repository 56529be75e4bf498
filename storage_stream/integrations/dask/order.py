"""What is asked of the cluster, and what comes back of it. Values that travel, and no secrets."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Callable, Mapping  # noqa: TC003 - fields are looked up
from dataclasses import dataclass, field
from typing import Any

from storage_stream.errors import InvalidName

__all__ = ["FailedObject", "Order", "Report", "SourceObject", "Unit", "Verb"]


class Verb(enum.Enum):
    """What is done with each object."""

    COPY = "copy"
    DOWNLOAD = "download"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object as it was listed; no other generation of it is read.

    Attributes:
        bucket: Its bucket.
        name: Its name.
        generation: Which one.
        size: Bytes that are stored.
        crc32c: Of these, base64; None where the service says none.
    """

    bucket: str
    name: str
    generation: int
    size: int
    crc32c: str | None = None


@dataclass(frozen=True, slots=True)
class FailedObject:
    """An object that could not be done.

    Attributes:
        source: Its `gs://` name.
        error: The error's class.
        message: What it says.
    """

    source: str
    error: str
    message: str


@dataclass(frozen=True)
class Order:
    """What is to be done; workers are given it with each unit.

    Attributes:
        verb: What.
        bucket: Of the sources.
        prefix: What their names begin with.
        target_bucket: None for a folder, or for results that come back.
        target: What the new names begin with; for downloads the folder.
        match_glob: Which of them, or None for all.
        overwrite: False leaves alone what is there.
        leave_out: Names that begin so are not taken: those of manifests.
        kept: Names at the target that begin so are not written: those of this run's manifest.
        client_key: What the worker's client is known by.
        function: For `MAP`.
        storage_options: For the client of each worker process.
        request_options: For each request.
        concurrency: Objects under way at once in a unit.
        unit_bytes: A unit ends where it has so many.
        most_object_bytes: Of what is given to a function whole.
        most_result_bytes: Of what comes back of one object, pickled.
    """

    verb: Verb
    bucket: str
    prefix: str
    target_bucket: str | None = None
    target: str = ""
    match_glob: str | None = None
    overwrite: bool = True
    leave_out: tuple[str, ...] = ()
    kept: str | None = None
    function: Callable[..., Any] | None = None
    client_key: str = ""
    storage_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    request_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    concurrency: int = 32
    unit_bytes: int = 0
    most_object_bytes: int = 0
    most_result_bytes: int = 0

    @property
    def strip(self) -> str:
        """What is taken off a name: all up to the last slash of the prefix."""
        return self.prefix[: self.prefix.rfind("/") + 1]

    @property
    def writes_objects(self) -> bool:
        """Whether the service counts each object as a write."""
        return self.target_bucket is not None

    def target_name(self, name: str) -> str:
        """What an object is called at the target."""
        return self.target + name.removeprefix(self.strip)

    def check_target(self, name: str) -> None:
        """See that an object's place is not the manifest's.

        Raises:
            InvalidName: It is.
        """
        if self.kept is not None and self.target_name(name).startswith(self.kept):
            raise InvalidName(
                f"gs://{self.target_bucket}/{self.target_name(name)} is the manifest's"
            )

    def words(self) -> dict[str, Any]:
        """What tells it from other orders; the manifest shows it."""
        function = self.function
        return {
            "verb": self.verb.value,
            "source": f"gs://{self.bucket}/{self.prefix}",
            "match_glob": self.match_glob,
            "target": self.target
            if self.target_bucket is None
            else f"gs://{self.target_bucket}/{self.target}",
            "overwrite": self.overwrite,
            "function": None if function is None else _name_of(function),
        }

    def fingerprint(self) -> str:
        """The same, short."""
        text = json.dumps(self.words(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work: the first objects of a range of names.

    Attributes:
        number: Which one of the run.
        start: The first name that may be one of it.
        end: The first one behind the range; None: there is no end.
        most_objects: So many at most.
        per_second: So many may begin in a second; None: any number.
    """

    number: int
    start: str
    end: str | None
    most_objects: int
    per_second: float | None = None


@dataclass(slots=True)
class Report:
    """What became of a unit.

    Attributes:
        rest: The first name of its range that is left to do; None: all of it is done.
        done: Objects that were transferred, or given to the function.
        skipped: Objects that need not be.
        failed: Objects that could not be.
        bytes: That were transferred.
        failures: Why, of each that failed.
        results: What a function gave that has no target, with the object's name.
    """

    rest: str | None = None
    done: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    failures: list[FailedObject] = field(default_factory=list[FailedObject])
    results: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])


def _name_of(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", "")
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{module}.{name}"
