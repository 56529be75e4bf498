"""What an interrupted command had done, looked at again before it is believed.

A journal says what was sent, and not what became of it since: somebody may have deleted or
replaced it. One list of the targets tells, a request for each thousand.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from storage_stream import TransferResult
from storage_stream.cli.locations import gs_url
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.jobs import Choices, Results
from storage_stream.cli.transfers.sources import LISTED_FIELDS

__all__ = ["DoneBefore"]

K = TypeVar("K")

_BEFORE = "it was done before"  # as the library calls it; it looks at files by itself
_MTIME = "goog-reserved-file-mtime"


@dataclass
class DoneBefore:
    """Uploads and copies of an earlier run.

    Attributes:
        run: The command.
        choices: How they were made.
        results: What the journal says of them.
    """

    run: Run
    choices: Choices
    results: list[TransferResult] = field(default_factory=list[TransferResult])

    def takes(self, result: TransferResult) -> bool:
        """Whether a result has to be looked at; then it is kept here."""
        is_one = result.skipped == _BEFORE and result.action in {"upload", "copy"}
        if is_one:
            self.results.append(result)
        return is_one

    async def sorted(self) -> tuple[list[TransferResult], list[TransferResult]]:
        """Those that are there as they were made, and those that are not.

        Raises:
            StorageError: The targets cannot be listed.
        """
        there: list[TransferResult] = []
        gone: list[TransferResult] = []
        for bucket, results in _by_target(self.results):
            wanted = {_name(result.target): result for result in results}
            prefix = os.path.commonprefix(list(wanted))  # noqa: RUF071 - of characters, indeed
            listing = self.run.storage.iter_objects(
                bucket, prefix=prefix, fields=LISTED_FIELDS, **self.run.options
            )
            async with aclosing(listing) as resources:
                async for resource in resources:
                    result = wanted.get(resource["name"])
                    if result is not None and self._is_as_made(result, resource):
                        there.append(wanted.pop(resource["name"]))
            gone += wanted.values()
        return there, gone

    def again(self, results: Sequence[TransferResult]) -> Iterator[Results]:
        """The runs that make them once more."""
        how = self.choices
        options = {name: value for name, value in how.run.items() if name != "journal"}
        uploads = [result for result in results if result.action == "upload"]
        for bucket, some in _by_target(uploads):
            files = [(Path(result.source), _name(result.target)) for result in some]
            yield self.run.storage.upload_many(bucket, files, **how.of_uploads, **options)
        copies = [result for result in results if result.action == "copy"]
        metadata = how.metadata or None
        for (source, target), some in _grouped(
            copies, lambda result: (_bucket(result.source), _bucket(result.target))
        ):
            pairs = [(_name(result.source), _name(result.target)) for result in some]
            yield self.run.storage.copy_many(source, pairs, target, metadata=metadata, **options)

    def _is_as_made(self, result: TransferResult, resource: Any) -> bool:
        if result.action == "copy":
            return result.crc32c in {None, resource.get("crc32c")} or bool(self.choices.metadata)
        try:
            found = os.stat(result.source)  # noqa: PTH116 - texts; the disk was just looked at
        except OSError:
            return True  # there is nothing to be sent in its place
        is_same_size = self.choices.zipped or int(resource["size"]) == found.st_size
        metadata: dict[str, str] = resource.get("metadata") or {}
        return is_same_size and metadata.get(_MTIME) == str(int(found.st_mtime))


def _grouped(
    results: Sequence[TransferResult], key: Callable[[TransferResult], K]
) -> Iterator[tuple[K, list[TransferResult]]]:
    groups: dict[K, list[TransferResult]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    yield from groups.items()


def _by_target(results: Sequence[TransferResult]) -> Iterator[tuple[str, list[TransferResult]]]:
    return _grouped(results, lambda result: _bucket(result.target))


def _bucket(url: str) -> str:
    return url.removeprefix(gs_url("")).partition("/")[0]


def _name(url: str) -> str:
    return url.removeprefix(gs_url("")).partition("/")[2]
