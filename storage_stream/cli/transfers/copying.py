"""A copy or a move from its words to its end: sources found, target settled, runs done, told.

Ctrl-C keeps the journal, and says how to go on; so does a failure. All done, nothing is left.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from storage_stream import TransferResult
from storage_stream.cli.locations import LocalLocation, Location, ObjectLocation
from storage_stream.cli.progress import Display
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.done_before import DoneBefore
from storage_stream.cli.transfers.estimate import Estimate
from storage_stream.cli.transfers.jobs import Choices, Job, Results, jobs_of
from storage_stream.cli.transfers.leftovers import Leftovers
from storage_stream.cli.transfers.manifest import Manifest
from storage_stream.cli.transfers.naming import Target
from storage_stream.cli.transfers.order import Order, check_apart
from storage_stream.cli.transfers.removal import Removal, remove_empty_folders
from storage_stream.cli.transfers.run_folder import RunFolder, resuming_command, state_folder
from storage_stream.cli.transfers.selection import Selection
from storage_stream.cli.transfers.single import Single
from storage_stream.cli.transfers.sources import (
    Source,
    SourceError,
    is_folder_there,
    resolve,
)
from storage_stream.cli.transfers.telling import Teller
from storage_stream.errors import StorageError

__all__ = ["carry_out"]

# Who is told to stop removes what nobody sees, and what costs.
_PARTS = "What was sent in parts is removed; the same command begins anew."


async def carry_out(run: Run, order: Order) -> None:
    """Copy or move, and tell of it; what fails is told and counted, and ends nothing else.

    Cancelling keeps what is done, and what is needed to go on.

    Raises:
        click.UsageError: It cannot be meant.
        StorageError: The target, or a list, could not be looked at.
        OSError: The manifest or the journal cannot be written.
    """
    order.check()
    state = state_folder(os.environ, Path.home())
    folder = RunFolder(state, order.words(run.config.address.value))
    folder = await asyncio.to_thread(_usable, run, folder)
    is_there = await asyncio.to_thread(lambda: folder.exists)
    if order.resume and not is_there:
        run.output.say("There is nothing to go on with; it begins anew.")
    how_to = _how_to(order, folder)
    verb = "Moved" if order.is_move else "Copied"
    async with AsyncExitStack() as stack:
        manifest = None
        if order.manifest is not None:
            manifest = Manifest(order.manifest, append=order.resume and is_there)
            stack.enter_context(manifest)
        teller = Teller(run, verb, manifest)
        run.go_on = _PARTS if order.parts else how_to
        try:
            await _Copying(run, order, folder, teller).all()
        except (StorageError, OSError, click.UsageError):
            if not teller.has_told and not order.resume:
                await asyncio.to_thread(folder.end)  # nothing was done that would be done again
            raise
    if run.failures and teller.may_go_on and how_to is not None:
        run.output.say(f"Not all of it was done. {how_to}")
    elif folder.is_temporary or not (run.failures and order.resume):
        await asyncio.to_thread(folder.end)


@dataclass
class _Copying:
    run: Run
    order: Order
    folder: RunFolder
    teller: Teller
    leftovers: Leftovers = field(default_factory=lambda: Leftovers(time.time()))

    async def all(self) -> None:
        notes = await asyncio.to_thread(lambda: self.folder.begin(resume=self.order.resume))
        sources = await self._sources()
        if not sources:
            self.teller.conclude()
            return
        # Decided once: whoever goes on finds a target that the first command made.
        into = notes.get("into")
        if not isinstance(into, bool):
            into = await self._goes_into(sources)
            await asyncio.to_thread(lambda: self.folder.note(into=into))
        target = self._target(into=into)
        for source in sources:
            check_apart(source, target)
        try:
            async with Display(
                self.run.output, "Moving" if self.order.is_move else "Copying"
            ) as display:
                await self._transfer(sources, target, display)
            await asyncio.to_thread(self.leftovers.remove)
        finally:
            self.teller.conclude()

    async def _transfer(self, sources: Sequence[Source], target: Target, display: Display) -> None:
        choices = self._choices(display)
        one = Single.of(self.run, self.folder, sources, target, choices, parts=self.order.parts)
        jobs: list[Job] = []
        if one is None:
            jobs = jobs_of(self.run.storage, sources, target, choices, self._refuse)
        async with AsyncExitStack() as stack:
            removal = None
            if self.order.is_move:
                removal = Removal(self.run.storage, self.run.options, self.teller.source_stayed)
                await stack.enter_async_context(removal)
            if one is not None:
                await self._single(one, display, removal)
            else:
                await stack.enter_async_context(self._estimating(sources, display))
                before = DoneBefore(self.run, choices)
                for job in jobs:
                    await self._many(job.start(), removal, before.takes)
                await self._done_before(before, removal)
        if self.order.is_move:
            for job in jobs:
                if job.folder is not None:
                    await asyncio.to_thread(remove_empty_folders, job.folder)

    @asynccontextmanager
    async def _estimating(
        self, sources: Sequence[Source], display: Display
    ) -> AsyncGenerator[None, None]:
        if not display.is_live:
            yield
            return
        how = self.order.choices
        estimate = Estimate(self.run, Selection(how.include, how.exclude))
        counting = asyncio.create_task(estimate.tell(sources, display))
        try:
            yield
        finally:
            counting.cancel()
            await asyncio.wait([counting])

    async def _many(
        self,
        run: Results,
        removal: Removal | None,
        held: Callable[[TransferResult], bool] = lambda _: False,
    ) -> None:
        try:
            async with self.teller.results(run, held) as results:
                async for result in results:
                    if self.order.resume:
                        self.leftovers.add(result)
                    if removal is not None:
                        await removal.add(result)
        except OSError as error:
            if error.filename != str(self.folder.journal):
                raise
            _warn_unkept(self.run, error)  # all is transferred all the same

    async def _done_before(self, before: DoneBefore, removal: Removal | None) -> None:
        """Tell of what an earlier command did; what is gone since is done again."""
        there, gone = await before.sorted()
        for result in there:
            self.teller.tell(result)
            if removal is not None:
                await removal.add(result)
        for run in before.again(gone):
            await self._many(run, removal)

    async def _single(self, one: Single, display: Display, removal: Removal | None) -> None:
        with display.transfer(one.source) as progress:
            try:
                result = await one.transfer(progress)
            except (StorageError, OSError, ValueError) as error:
                result = one.failed(error)
        self.teller.tell(result)
        if removal is not None:
            await removal.add(result)

    async def _sources(self) -> list[Source]:
        found: list[Source] = []
        for location in self.order.sources:
            try:
                recursive = self.order.choices.recursive
                found += await resolve(self.run, location, recursive=recursive)
            except (SourceError, StorageError, OSError) as error:
                self.teller.tell(self._failed(location, error))
        return found

    def _failed(self, location: Location, error: Exception) -> TransferResult:
        """What became of a source that cannot be looked at."""
        is_upload = isinstance(location, LocalLocation)
        to_bucket = isinstance(self.order.target, ObjectLocation)
        action = "upload" if is_upload else "copy" if to_bucket else "download"
        return TransferResult(action, str(location), str(self.order.target), error=error)

    async def _goes_into(self, sources: Sequence[Source]) -> bool:
        place = self.order.target
        is_one = len(self.order.sources) == 1 and len(sources) == 1
        if not is_one or await asyncio.to_thread(_is_wild, self.order.sources[0]):
            return True
        if isinstance(place, ObjectLocation):
            return place.is_folder or await is_folder_there(
                self.run.storage, place.bucket, place.literal_name, self.run.options
            )
        if not isinstance(place, LocalLocation):
            return False
        return place.is_folder or await asyncio.to_thread(os.path.isdir, place.path)

    def _target(self, *, into: bool) -> Target:
        place = self.order.target
        if isinstance(place, ObjectLocation):
            return Target(place.bucket, place.literal_name, into)
        return Target(None, str(place), into)

    def _choices(self, display: Display) -> Choices:
        how = self.order.choices
        extra = {"journal": self.folder.journal, "progress": display.total}
        return replace(how, options={**how.options, **extra}, requests=self.run.options)

    def _refuse(self, source: str, why: str) -> None:
        self.run.fail(SourceError(f"{source}: {why}"), source)


def _how_to(order: Order, folder: RunFolder) -> str | None:
    """How to go on, in a sentence; None where nothing is kept for that."""
    if folder.is_temporary:
        return None
    if order.verb in sys.argv[1:]:  # else it stands in a file of commands
        return f"Go on with: {resuming_command(order.verb, sys.argv[1:])}"
    return "The same command with --resume goes on."


def _usable(run: Run, folder: RunFolder) -> RunFolder:
    """The folder; a temporary one where none can be made: going on is a help, no condition."""
    try:
        folder.check()
    except OSError as error:
        _warn_unkept(run, error)
        return folder.elsewhere(Path(tempfile.mkdtemp(prefix="storage-stream-")))
    return folder


def _warn_unkept(run: Run, error: OSError) -> None:
    why = f"{error.filename}: {error.strerror}"
    run.output.warn(
        f"What --resume needs cannot be kept ({why}); XDG_STATE_HOME names another place."
    )


def _is_wild(location: Location) -> bool:
    """Whether a location may mean several, though it may be one this time."""
    if isinstance(location, ObjectLocation):
        return location.has_wildcards
    if not isinstance(location, LocalLocation):
        return False
    return not location.pattern.is_literal and not os.path.lexists(location.path)
