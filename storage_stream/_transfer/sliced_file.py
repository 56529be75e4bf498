"""A download into a file: over one connection, or over several where that is worth it.

The first request is that of any download. What its answer says of the object decides: a small
one is poured into the file as it comes; of a large one, this answer brings the first slice, and
other connections the others. What is unfinished when the process dies or the network fails stays
beside the target, with a journal, and the next call goes on with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream._log import log
from storage_stream._protocol.download_position import DownloadPosition
from storage_stream._protocol.retry import is_transient
from storage_stream._protocol.slice_plan import (
    DEFAULT_SLICE_BYTES,
    DEFAULT_WORKERS,
    Slice,
    SlicePlan,
    check_slicing,
)
from storage_stream._transfer.download_journal import DownloadIdentity, DownloadJournal
from storage_stream._transfer.files import Place, pour, replacing
from storage_stream._transfer.output_file import OutputFile, in_thread
from storage_stream._transfer.part_file import PartFile
from storage_stream._transfer.sliced import (
    can_be_sliced,
    check_whole,
    fetch_slices,
    is_stored,
)
from storage_stream.errors import (
    ClientClosed,
    CredentialsError,
    RangeNotSatisfiable,
    StorageError,
    Unauthorized,
    UntrustedCertificate,
)

if TYPE_CHECKING:
    import os

    from storage_stream._protocol.slice_plan import Filled
    from storage_stream._transfer.download import Download
    from storage_stream._transport.clock import Clock

__all__ = ["SliceHow", "download_to_file"]


@dataclass(frozen=True, slots=True)
class SliceHow:
    """How a large object is fetched.

    Attributes:
        slice_bytes: What a connection brings at least; of two slices or more, several are used.
        workers: How many connections; 1 never slices.
        resume: Go on with what an earlier call left, and leave such for a later one.
    """

    slice_bytes: int = DEFAULT_SLICE_BYTES
    workers: int = DEFAULT_WORKERS
    resume: bool = True

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            InvalidArgument: Too small a slice, or no worker.
        """
        check_slicing(self.slice_bytes, self.workers)


async def download_to_file(
    download: Download, target: str | os.PathLike[str], how: SliceHow, clock: Clock
) -> None:
    """Bring an object into a file.

    Args:
        download: What is wanted; nothing of it was sent yet. Closed in the end.
        target: The file.
        how: Over how many connections.
        clock: Measures what takes long.

    Raises:
        StorageError: It cannot be had.
        OSError: It cannot be written.
    """
    place = await asyncio.to_thread(Place.of, target)
    await _FileDownload(download, place, how, clock).run()


class _FileDownload:
    """A file that becomes whole; the sink of its slices."""

    def __init__(self, download: Download, place: Place, how: SliceHow, clock: Clock) -> None:
        self._download = download
        self._first = download  # brings the first bytes; another one where there is a part
        self._place = place
        self._how = how
        self._clock = clock
        self._part: PartFile | None = None
        self._file: OutputFile | None = None
        self._plan: SlicePlan | None = None
        self._filled: list[Filled] = []
        self._start = self._stop = 0  # the offsets in the object where the file begins and ends
        self._unsaved = 0  # bytes in the file that the journal does not know
        self._is_saving = False

    async def run(self) -> None:
        """Do it."""
        try:
            await self._open()
            if self._filled or self._can_be_sliced():
                await self._fetch_slices()
            else:
                await self._pour()
        except BaseException as error:
            self._leave(error)
            raise
        finally:
            self._first.close()
            self._download.close()

    def _can_be_sliced(self) -> bool:
        how = self._how
        is_worth = can_be_sliced(self._download, how.slice_bytes, how.workers)
        return is_worth and self._place.is_regular

    async def _pour(self) -> None:
        if self._part is not None:  # of an object that was larger
            part, self._part = self._part, None
            await in_thread(part.remove)
        async with replacing(self._place, self._clock.now) as file:
            await pour(self._download.next_piece, file)

    # -- what an earlier process left --------------------------------------------------------

    async def _open(self) -> None:
        """Open the download, where possible behind what is in a part already."""
        if self._how.resume and self._how.workers > 1 and self._place.is_regular:
            await in_thread(self._find)
        if self._part is None or not await self._go_on(self._part):
            await self._download.open()

    def _find(self) -> None:
        self._part = PartFile.find(self._place)

    async def _go_on(self, part: PartFile) -> bool:
        journal = await in_thread(part.journal)
        if journal is not None and journal.identity == self._identity:
            filled = await in_thread(part.intact, journal.filled, journal.start)
            if filled and await self._rejoin(journal, filled):
                return True
        await in_thread(part.empty)
        return False

    async def _rejoin(self, journal: DownloadJournal, filled: list[Filled]) -> bool:
        """Ask for the first bytes that are missing; False when the object is another one now."""
        missing = _plan(journal.start, journal.stop, self._how, filled).claim()
        if missing is None:  # killed at the very end: ask for something, to see what is live now
            last = filled.pop()
            missing = Slice(last.start, last.stop)
        self._first = self._download.part(missing.start, missing.stop)
        try:
            await self._first.open()
        except RangeNotSatisfiable:
            is_same = False
        else:
            is_same = self._is_of(journal) and is_stored(self._first)
        if is_same:
            self._filled, self._start = filled, journal.start
            self._stop = journal.stop
            self._tell_what_is_there()
        else:
            self._first.close()
            self._first = self._download
        return is_same

    def _is_of(self, journal: DownloadJournal) -> bool:
        """Whether the journal is about this very object, and about all that is wanted of it.

        Its own numbers say which bytes the file is to have: wrong ones would make a file that is
        too short, and a file that seems to be a range has no checksum to be held to.
        """
        machine = self._first.machine
        if machine.generation != journal.generation or machine.total is None:
            return False
        position = DownloadPosition(self._download.machine.wanted, total=machine.total)
        return (journal.start, journal.stop) == (position.start, position.end)

    def _tell_what_is_there(self) -> None:
        """The first answer told of its own bytes only."""
        meter = self._first.meter
        if meter is not None:
            meter.expect(self._stop - self._start - (self._first.content_length or 0))
            meter.gained(sum(part.stop - part.start for part in self._filled))

    @property
    def _identity(self) -> DownloadIdentity:
        machine = self._download.machine
        wanted = machine.wanted
        return DownloadIdentity(self._download.subject, wanted.start, wanted.stop, machine.raw)

    # -- slices ------------------------------------------------------------------------------

    async def _fetch_slices(self) -> None:
        if not self._filled:
            machine = self._download.machine
            self._start = machine.offset
            self._stop = machine.offset + (self._download.content_length or 0)
        if self._part is None:
            await in_thread(self._make)
        part = self._part
        assert part is not None  # noqa: S101 - it was made
        await in_thread(part.reserve, self._stop - self._start)
        self._file = OutputFile(part.descriptor, self._clock.now)
        plan = self._plan = _plan(self._start, self._stop, self._how, self._filled)
        await fetch_slices(self._first, plan, self, self._clock, self._how.workers)
        check_whole(self._first, plan)
        await in_thread(part.put_in_place)

    def _make(self) -> None:
        self._part = PartFile.make(self._place, keep=self._how.resume)

    async def write(self, data: bytes | memoryview, offset: int) -> None:
        """See `Sink.write`."""
        assert self._file is not None  # noqa: S101 - it was opened before any slice was
        if self._unsaved >= self._how.slice_bytes and not self._is_saving:
            await self._save()  # before: these bytes are in their place only when this returns
        await self._file.write(data, offset - self._start)
        self._unsaved += len(data)

    async def _save(self) -> None:
        """Write the journal, one at a time: the one that is written later must know more."""
        part = self._part
        if part is None or not part.can_be_kept:
            return
        self._unsaved, self._is_saving = 0, True
        try:
            await in_thread(part.save, self._journal())
        except OSError as error:  # a full disk: the object's own bytes have their room already
            log.debug("the journal of a download is not written: %s", error.strerror)
        finally:
            self._is_saving = False

    def _journal(self) -> DownloadJournal:
        assert self._plan is not None  # noqa: S101 - bytes came of it
        generation = self._first.machine.generation or 0
        filled = tuple(self._plan.filled())
        return DownloadJournal(self._identity, generation, self._start, self._stop, filled)

    def _leave(self, error: BaseException) -> None:
        """Keep what a later call can go on with, remove all else.

        Synchronous, so that a second cancel cannot come between.
        """
        part = self._part
        if part is None or part.is_in_place:
            return
        try:
            if not part.can_be_kept or not _may_pass(error) or not self._keep(part):
                part.remove()
        except OSError as problem:  # what ended the download is what its caller has to be told
            log.debug("an unfinished download cannot be removed: %s", problem.strerror)
        finally:
            part.close()

    def _keep(self, part: PartFile) -> bool:
        """Have a journal say what is there; False when there is none, or nothing to be said."""
        if self._plan is None:
            return part.has_journal  # as it was found
        if not self._plan.filled():
            return False
        try:
            part.save(self._journal())
        except OSError as error:
            log.debug("the journal of a download is not written: %s", error.strerror)
            return part.has_journal  # one that knows less
        return True


def _plan(start: int, stop: int, how: SliceHow, filled: list[Filled]) -> SlicePlan:
    return SlicePlan(
        start,
        stop,
        slice_bytes=how.slice_bytes,
        workers=how.workers,
        filled=filled,
        begins_alone=True,
    )


def _may_pass(error: BaseException) -> bool:
    """Whether the same call may well succeed later."""
    if isinstance(error, StorageError):
        passing = (ClientClosed, CredentialsError, Unauthorized, UntrustedCertificate)
        return is_transient(error) or isinstance(error, passing)
    return not isinstance(error, Exception)  # cancelled, interrupted
