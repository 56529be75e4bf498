"""What somebody asked for: sources, a target, and how. Checked before anything is looked at."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from storage_stream import Preconditions  # noqa: TC001 - looked up
from storage_stream.cli.locations import Location, ObjectLocation, StandardStream, gs_url
from storage_stream.cli.transfers.jobs import Choices
from storage_stream.cli.transfers.naming import Target, leaf_of
from storage_stream.cli.transfers.sources import ObjectsMatching, OneObject, RemoteFolder, Source

__all__ = ["Order", "check_apart"]


@dataclass(frozen=True)
class Order:
    """What is to be copied or moved.

    Attributes:
        verb: `cp` or `mv`.
        sources: Where from.
        target: Where to.
        choices: How.
        resume: Go on with what an earlier command left.
        manifest: The list of what was done, or None.
        parts: Upload a large file in parts, several at a time.
    """

    verb: str
    sources: Sequence[Location]
    target: Location
    choices: Choices
    resume: bool = False
    manifest: Path | None = None
    parts: bool = False

    @property
    def is_move(self) -> bool:
        """Whether sources are deleted."""
        return self.verb == "mv"

    def words(self, endpoint: str | None) -> dict[str, Any]:
        """What tells it from other orders: who goes on wants the same, at the same service."""
        how = self.choices
        return {
            "command": self.verb,
            "folder": os.getcwd(),  # noqa: PTH109 - a text is wanted
            "sources": [str(source) for source in self.sources],
            "target": str(self.target),
            "how": [how.recursive, how.zipped, how.metadata, *how.include, "", *how.exclude],
            "endpoint": endpoint,
        }

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            click.UsageError: It cannot.
        """
        if any(isinstance(place, StandardStream) for place in (*self.sources, self.target)):
            raise click.UsageError("- is standard input or output, and goes with one other place")
        remote = [isinstance(source, ObjectLocation) for source in self.sources]
        if any(remote) and not all(remote):
            raise click.UsageError("the sources have to be all here, or all in buckets")
        if isinstance(self.target, ObjectLocation):
            if self.target.has_wildcards or self.target.generation is not None:
                raise click.UsageError(f"{self.target}: a target is one place, without wildcards")
        elif not any(remote):
            raise click.UsageError("sources or target have to be in a bucket: gs://bucket/name")
        said: Preconditions | None = self.choices.options.get("preconditions")
        is_one = len(self.sources) == 1 and not self.choices.recursive
        if said is not None and said.if_generation_match and not is_one:
            raise click.UsageError("--if-generation-match is about one object")


def check_apart(source: Source, target: Target) -> None:
    """Refuse to copy something onto itself, which a move would then delete.

    Raises:
        click.UsageError: It is asked for.
    """
    if not isinstance(source, OneObject | RemoteFolder | ObjectsMatching):
        return
    if source.bucket != target.bucket:
        return
    if isinstance(source, OneObject):
        name = source.name
        is_same = name == target.prefix + target.name_of(leaf_of(name))
    elif isinstance(source, RemoteFolder):
        name = source.prefix
        is_same = target.prefix_of(leaf_of(name) or source.bucket).startswith(name)
    else:
        name = source.pattern.text
        folder = source.pattern.prefix[: source.pattern.prefix.rfind("/") + 1]
        is_same = source.pattern.within_folder and target.prefix == folder
    if is_same:
        raise click.UsageError(f"{gs_url(source.bucket, name)} would be copied onto or into itself")
