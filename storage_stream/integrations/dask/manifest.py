"""What a run has done, in objects of a bucket: from it a lost run goes on.

`manifest.json` says what is asked, which ranges of names are left, and what was done so far. It is
written now and then, each time under the generation that was read, so that two runs cannot write
it in turns. In between, each unit is a line in a segment, a small object that is made only if
there is none of its name. Once their lines are in `manifest.json`, 32 segments are composed into
one. Objects that failed are lines of segments of their own, which are kept.

Who goes on writes the head, and then an empty segment, of the number that the one before would use
next: it may live still, and must not be able to take that number from who goes on.

The head grows with the ranges that are open, some for each worker, and the segments by a line for
each unit: not by one for each object. It holds names, numbers and messages of errors, which hold
no secret; nothing of how the client was made.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from storage_stream import Preconditions
from storage_stream.errors import InvalidArgument, NotFound, PreconditionFailed
from storage_stream.integrations.dask.errors import ManifestTaken
from storage_stream.integrations.dask.listing import MOST_PAGE, PagePlace, objects_of
from storage_stream.integrations.dask.names import NameRange, merged, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from storage_stream import Storage
    from storage_stream.integrations.dask.order import FailedObject, Order, Report, Unit

__all__ = ["Manifest", "Totals"]

_HEAD = "manifest.json"
_KIND = "storage-stream cluster manifest"
_VERSION = 1
_DIGITS = re.compile(r"[0-9]{1,18}")
_TOGETHER = 32  # segments that are composed into one: as many as one request takes


@dataclass
class Totals:
    """What a run has done, those included that it went on from."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    units: int = 0

    def add(self, counts: Mapping[str, int]) -> None:
        """Of one unit more."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)


_COUNTED = tuple(asdict(Totals()))


@dataclass
class Standing:
    """Where a run stands.

    Attributes:
        run: Its name; its segments are in a folder that is called so.
        writer: Which process went on with it last.
        left: The ranges that are to be done.
        totals: What was done.
        folded: Segments whose lines are in the two above.
        errors: Segments of errors.
        is_complete: Whether all is done.
    """

    run: str
    writer: str
    left: list[NameRange]
    totals: Totals = field(default_factory=Totals)
    folded: int = 0
    errors: int = 0
    is_complete: bool = False


class Manifest:
    """The manifest of one order.

    Args:
        storage: Reads and writes it.
        bucket: Its bucket.
        folder: What its objects' names begin with; ends with a slash.
        order: What is asked.
        options: For each request.
    """

    def __init__(
        self, storage: Storage, bucket: str, folder: str, order: Order, options: Mapping[str, Any]
    ) -> None:
        self.bucket = bucket
        self.folder = folder
        self._storage = storage
        self._order = order
        self._options = dict(options)
        self._generation = 0
        self._segments = 0
        self._lines: list[dict[str, Any]] = []
        self._failures: list[FailedObject] = []
        self.standing = Standing(_new_run(), secrets.token_hex(8), [NameRange(order.prefix)])
        self.bytes_written = 0

    async def open(self, *, resume: bool) -> bool:
        """Begin, or go on; whoever wrote it until now is told so at its next write.

        Returns:
            Whether it goes on.

        Raises:
            InvalidArgument: There is one of another order.
            ManifestTaken: Somebody else begins at this moment.
        """
        said = await self._read()
        goes_on = False
        if said is not None:
            self._check(said)
            goes_on = resume and not said.get("complete")
        if goes_on and said is not None:
            self.standing = _standing_of(said, self.standing.writer)
            self._segments = self.standing.folded
            await self._replay()
        await self._write_head()
        if goes_on:
            await self._fence()
            await self._tidy()
        return goes_on

    def note(self, unit: Unit, report: Report) -> None:
        """A unit was done; `flush` writes it down."""
        end = unit.end if report.rest is None else report.rest
        counts = {name: getattr(report, name) for name in ("done", "skipped", "failed", "bytes")}
        counts["units"] = 1
        self._lines.append({"start": unit.start, "end": end, **counts})
        self._failures += report.failures
        self.standing.totals.add(counts)

    async def flush(self) -> None:
        """Write down what was noted. At most two requests.

        Raises:
            ManifestTaken: Another run writes it.
        """
        if self._failures:
            lines = [asdict(failure) for failure in self._failures]
            # Nobody reads them in turn: so their names are this writer's, and no other's.
            name = f"{self.standing.errors + 1:08}.{self.standing.writer}"
            await self._segment("errors", name, lines)
            self.standing.errors += 1
            self._failures = []
        if self._lines:
            await self._segment("units", f"{self._segments + 1:08}", self._lines)
            self._segments += 1
            self._lines = []

    async def fold(self, left: Sequence[NameRange], *, is_complete: bool = False) -> None:
        """Write the head; then compose the segments that it makes superfluous.

        Args:
            left: What is to be done, at the time of the last `flush`.
            is_complete: Whether nothing is.

        Raises:
            ManifestTaken: Another run writes it.
        """
        self.standing.left = merged(left)
        self.standing.folded = self._segments
        self.standing.is_complete = is_complete
        await self._write_head()
        await self._tidy()

    @property
    def open_segments(self) -> int:
        """How many would be read by who goes on."""
        return self._segments - self.standing.folded

    # -- inside ----------------------------------------------------------------------------

    async def _read(self) -> dict[str, Any] | None:
        try:
            async with self._storage.download_stream(
                self.bucket, self.folder + _HEAD, **self._options
            ) as stream:
                data = await stream.read()
                self._generation = int(stream.metadata.generation or 0)
        except NotFound:
            return None
        try:
            said: Any = json.loads(data)
        except ValueError:
            said = None
        # Any: what JSON gives; its fields are looked at one by one where they are read.
        document: dict[str, Any] = cast("Any", said) if isinstance(said, dict) else {}
        if document.get("kind") != _KIND:
            raise InvalidArgument(f"gs://{self.bucket}/{self.folder}{_HEAD} is no manifest")
        return document

    def _check(self, said: Mapping[str, Any]) -> None:
        if said.get("version") != _VERSION:
            raise InvalidArgument(f"a manifest of version {said.get('version')}, not {_VERSION}")
        if said.get("order") != self._order.words():
            raise InvalidArgument(
                f"gs://{self.bucket}/{self.folder} is the manifest of another run: name another"
                " place, or delete it"
            )

    async def _fence(self) -> None:
        """Keep the one before from writing more; what it wrote since is read first."""
        while True:
            try:
                await self._segment("units", f"{self._segments + 1:08}", [])
            except ManifestTaken:
                before = self._segments
                await self._replay()
                if self._segments == before:
                    raise
            else:
                self._segments += 1
                return

    async def _replay(self) -> None:
        """The segments that the head does not know yet."""
        standing = self.standing
        for number, name in await self._numbered("units"):
            if number <= self._segments:
                continue
            for done, counts in await self._lines_of(name):
                standing.left = without(standing.left, done)
                standing.totals.add(counts)
            self._segments = number
        standing.folded = self._segments
        numbers = [number for number, _ in await self._numbered("errors")]
        standing.errors = max([standing.errors, *numbers])

    async def _lines_of(self, name: str) -> list[tuple[NameRange, dict[str, int]]]:
        data = await self._storage.download(self.bucket, name, **self._options)
        try:
            lines = [json.loads(line) for line in data.splitlines()]
            return [
                (_range(line["start"], line["end"]), {key: int(line[key]) for key in _COUNTED})
                for line in lines
            ]
        except (KeyError, TypeError, ValueError) as error:
            what = f"gs://{self.bucket}/{name} is no segment of a manifest: {error!r}"
            raise InvalidArgument(what) from error

    async def _numbered(self, kind: str) -> list[tuple[int, str]]:
        folder = f"{self.folder}{self.standing.run}/{kind}/"
        place = PagePlace(self.bucket, folder, folder, None, "name")
        listing = objects_of(self._storage, place, MOST_PAGE, self._options)
        numbered = [
            (item["name"][len(folder) :].partition("."), item["name"]) async for item in listing
        ]
        return [(int(said[0]), name) for said, name in numbered if _DIGITS.fullmatch(said[0])]

    async def _segment(self, kind: str, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
        name = f"{self.folder}{self.standing.run}/{kind}/{name}.jsonl"
        text = "".join(_json(line) + "\n" for line in lines)
        await self._create(name, text, 0)

    async def _write_head(self) -> None:
        standing = self.standing
        document = {
            "kind": _KIND,
            "version": _VERSION,
            "order": self._order.words(),
            "run": standing.run,
            "writer": standing.writer,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "complete": standing.is_complete,
            "totals": asdict(standing.totals),
            "folded": standing.folded,
            "errors": standing.errors,
            "left": [[one.start, one.end] for one in standing.left],
        }
        self._generation = await self._create(
            self.folder + _HEAD, _json(document), self._generation
        )

    async def _create(self, name: str, text: str, expected: int) -> int:
        try:
            made: Any = await self._storage.upload(
                self.bucket,
                name,
                text,
                content_type="application/json",
                preconditions=Preconditions(if_generation_match=expected),
                **self._options,
            )
        except PreconditionFailed as refusal:
            raise ManifestTaken(
                "another run writes this manifest, or has gone on with it",
                subject=f"gs://{self.bucket}/{name}",
            ) from refusal
        self.bytes_written += len(text)
        return int(made["generation"])

    async def _tidy(self) -> None:
        """Compose what is folded, so many segments at a time. Idempotent, after a crash too."""
        composed = max([number for number, _ in await self._numbered("history")], default=0)
        segments = [found for found in await self._numbered("units") if self._is_folded(found)]
        done = [name for number, name in segments if number <= composed]
        left = [found for found in segments if found[0] > composed]
        while len(left) >= _TOGETHER:
            now, left = left[:_TOGETHER], left[_TOGETHER:]
            # Named by the last of them: who finds it knows which it holds.
            name = f"{self.folder}{self.standing.run}/history/{now[-1][0]:08}.jsonl"
            names = [name for _, name in now]
            await self._storage.compose(
                *(self.bucket, name, names),
                content_type="application/json",
                preconditions=Preconditions(if_generation_match=0),
                **self._options,
            )
            done += names
        if done:
            await self._storage.delete_many(self.bucket, done, missing_ok=True, **self._options)

    def _is_folded(self, found: tuple[int, str]) -> bool:
        return found[0] <= self.standing.folded


def _standing_of(said: Mapping[str, Any], writer: str) -> Standing:
    try:
        return Standing(
            str(said["run"]),
            writer,
            [_range(start, end) for start, end in said["left"]],
            Totals(**{key: int(said["totals"][key]) for key in _COUNTED}),
            int(said["folded"]),
            int(said["errors"]),
            bool(said["complete"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidArgument(f"the manifest cannot be understood: {error!r}") from error


def _range(start: object, end: object) -> NameRange:
    if not isinstance(start, str) or not (end is None or isinstance(end, str)):
        raise TypeError("a range is two names")
    return NameRange(start, end)


def _new_run() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
