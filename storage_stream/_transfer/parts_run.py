"""One run of an upload in parts: what it sends, joins, compares, and takes away when it fails.

What is to be made, of what, and whether a journal is of the same, was settled before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from storage_stream._protocol.checksums import Crc32c, combine
from storage_stream._protocol.objects import get_object
from storage_stream._protocol.retry import is_transient
from storage_stream._shielding import to_its_end
from storage_stream._transfer.composite_target import CompositeUpload
from storage_stream._transfer.parts_target import (
    KeptPart,
    PartsTarget,
    created_of,
    key_headers_only,
)
from storage_stream._transfer.upload_journal import JournalEntry, UploadJournal
from storage_stream._transfer.workers import run_workers
from storage_stream.errors import (
    Forbidden,
    IntegrityError,
    NotFound,
    ProtocolError,
    ServerError,
    StorageError,
    TransportError,
)

if TYPE_CHECKING:
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.part_plan import Part
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.parallel_input import ExpectedChecksum
    from storage_stream._transfer.part_source import PartSource
    from storage_stream._transfer.upload_identity import UploadIdentity
    from storage_stream._transport.sender import Sender

__all__ = ["PartsRun"]

_CLEANING_SECONDS = 30.0  # for removing what was sent, when the upload is given up


class PartsRun:
    """One run: parts sent by workers, joined, compared; whatever fails, none stays."""

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        options: RequestOptions,
        place: PartsTarget,
        source: PartSource,
        journal: UploadJournal | None,
        identity: UploadIdentity,
        expected: ExpectedChecksum,
    ) -> None:
        self._sender = sender
        self._target = target
        self._options = options
        self._place = place
        self._source = source
        self._journal = journal
        self._identity = identity
        self._expected = expected
        self._resumes = False
        self._was_joined = False  # the other process was removing what was temporary
        self._is_unverified = False
        self._crcs: dict[int, Crc32c] = {}

    async def run(
        self, plan: list[Part], workers: int, entry: JournalEntry | None
    ) -> ObjectResource:
        """From its beginning, or from where another process left it, to the end."""
        self._resumes = entry is not None
        is_composite = isinstance(self._place, CompositeUpload)
        self._was_joined = is_composite and entry is not None and entry.started is not None
        try:
            resource = await self._make(plan, workers)
        except BaseException as error:
            await to_its_end(self._give_up(error))
            raise
        await to_its_end(self._tidy())
        return resource

    async def _make(self, plan: list[Part], workers: int) -> ObjectResource:
        kept = await self._place.kept() if self._resumes else {}
        if self._resumes and (not kept or self._was_joined):
            made = await self._made_already(plan, workers)
            if made is not None:
                return made
        if self._resumes and not kept:
            # Before the journal names another: nobody would find it again.
            await to_its_end(self._place.remove(), grace=_CLEANING_SECONDS)
        if not kept:
            self._resumes = False
            await to_its_end(self._begin(), grace=_CLEANING_SECONDS)

        async def send(part: Part) -> None:
            await self._send(part, kept.get(part.number))

        if self._options.meter is not None:
            self._options.meter.expect(self._source.length)
        await run_workers(plan, send, workers)
        whole = self._whole(plan)
        resource = await self._join(whole)
        return await self._check(whole, resource)

    async def _check(self, whole: Crc32c, resource: ObjectResource) -> ObjectResource:
        named = self._place.is_named
        try:
            return await self._target.check(
                whole, resource, self._sender, self._options, is_ours=named
            )
        except IntegrityError as error:
            if self._place.is_made and not named:
                error.add_note(
                    "the object was made, but the service did not say which generation it is: what"
                    " is there now may be another writer's"
                )
            raise

    async def _begin(self) -> None:
        """Not broken off lightly: what was begun must be known, to be removed."""
        await self._place.begin()
        await self._write_journal()

    async def _write_journal(self) -> None:
        if self._journal is not None and self._place.handle is not None:
            entry = JournalEntry(self._identity, self._place.handle, self._place.started)
            await self._journal.write(entry)

    async def _send(self, part: Part, kept: KeptPart | None) -> None:
        with_md5 = kept is not None and kept.md5_hex is not None
        digest = await self._source.digest(part, with_md5=with_md5)
        self._crcs[part.number] = digest.crc
        if kept is not None and kept.holds(digest):
            self._place.keep(part, kept)
        else:
            await self._place.send(part, self._source.content(part), digest)
            if self._options.meter is not None:
                self._options.meter.moved(part.size)
        if self._options.meter is not None:
            self._options.meter.gained(part.size)

    def _whole(self, plan: list[Part]) -> Crc32c:
        """The checksum of the object, made of those of its parts, and what the caller said it is.

        Raises:
            IntegrityError: It is not.
        """
        whole = Crc32c()
        for part in plan:
            crc = self._crcs[part.number]
            value = combine(whole.value, crc.value, crc.length)
            whole = Crc32c(value, whole.length + crc.length)
        self._expected.compare(whole, self._target.subject)
        return whole

    async def _join(self, whole: Crc32c) -> ObjectResource:
        try:
            return await self._place.join()
        except StorageError as error:
            # Refused because an earlier attempt, whose answer was lost, did it already?
            is_open = isinstance(error, TransportError | ServerError | ProtocolError)
            if is_open or (error.attempts or 1) > 1 or self._resumes:
                with suppress(StorageError):  # the error that made us look is the one that counts
                    made = await self._found(whole)
                    if made is not None:
                        return made
            self._is_unverified = self._place.is_made
            raise

    async def _found(self, whole: Crc32c | None) -> ObjectResource | None:
        """The object, if it is ours: made after we began, and of these bytes.

        Raises:
            StorageError: It cannot be told.
        """
        asked = get_object(self._target.bucket, self._target.name)
        try:
            found = await self._sender.send(asked, key_headers_only(self._options))
        except NotFound:
            return None
        created, started = created_of(found), self._place.started
        if created is None or started is None or created < started:
            return None
        if found.get("size") != str(self._source.length):
            return None
        return found if whole is None or found.get("crc32c") == whole.encoded else None

    async def _made_already(self, plan: list[Part], workers: int) -> ObjectResource | None:
        """The object, where another process made it and was killed before it said so.

        Raises:
            StorageError: It cannot be told, and all would be sent again to make it twice. The
                journal is kept.
        """
        try:
            return await self._asked_for(plan, workers)
        except Forbidden:
            return None  # an account that may write and not read, and never will be told
        except StorageError:
            self._is_unverified = True
            raise

    async def _asked_for(self, plan: list[Part], workers: int) -> ObjectResource | None:
        if await self._found(None) is None:
            return None

        async def digest(part: Part) -> None:
            self._crcs[part.number] = (await self._source.digest(part)).crc

        await run_workers(plan, digest, workers)
        return await self._found(self._whole(plan))

    async def _tidy(self) -> None:
        """After the object was made: components are removed, and then the journal."""
        await self._source.leave_at_end()
        if isinstance(self._place, CompositeUpload):
            try:
                await self._write_journal()  # who is killed now need not send all again
                await self._place.remove()
            except (StorageError, OSError) as failure:
                failure.add_note(f"the object was made; left may be {self._place.leftovers}")
                raise
        if self._journal is not None:
            await self._journal.remove()

    async def _give_up(self, error: BaseException) -> None:
        """Remove what was sent, unless a journal tells of it and it may go on later."""
        if self._is_unverified:
            if self._journal is not None:
                error.add_note(
                    "the journal is kept: the same call with it compares the object and sends"
                    " nothing, clean_upload() removes the journal"
                )
        elif self._place.handle is not None and self._may_go_on(error):
            error.add_note(
                "what was sent is kept: the same call with the same journal goes on from there,"
                " clean_upload() removes it"
            )
        elif self._place.handle is not None:
            await self._remove(error)
        try:
            await self._source.put_back()
        except (OSError, ValueError) as failure:
            error.add_note(f"the file does not stand where it stood: {failure}")

    def _may_go_on(self, error: BaseException) -> bool:
        """Whether it is worth to keep what was sent: what makes no sense may come of a proxy."""
        if self._journal is None or not isinstance(error, StorageError):
            return False
        return is_transient(error) or isinstance(error, ProtocolError)

    async def _remove(self, error: BaseException) -> None:
        place, journal = self._place, self._journal
        try:
            async with asyncio.timeout(_CLEANING_SECONDS):
                await place.remove()
            if journal is not None and not place.is_unsettled:
                await journal.remove()
        except (StorageError, TimeoutError, OSError) as failure:
            why = str(failure) or type(failure).__name__
            error.add_note(f"temporary parts, or a journal of them, are left: {why}")
            error.add_note(f"look for {place.leftovers}")
            return
        if place.is_unsettled:
            kept = "" if journal is None else "; the journal is kept, for clean_upload()"
            error.add_note(
                f"a part whose answer did not come may yet come to be: {place.leftovers}{kept}"
            )
