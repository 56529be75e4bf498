"""One large object over several connections: parts sent by workers, joined by the service.

A part is read where it stands in the source when it is sent, so that memory does not depend on its
size. Each goes out with its checksum; the checksum of the whole is made of theirs and compared
with the object's. Whatever fails, no part stays; a killed process leaves a journal of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.checksums import Crc32c, combine
from storage_stream._protocol.objects import get_object
from storage_stream._protocol.part_plan import DEFAULT_PART_BYTES, Part, plan_parts
from storage_stream._protocol.retry import is_transient
from storage_stream._transfer.composite_target import CompositeUpload
from storage_stream._transfer.multipart_target import MultipartUpload
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.parallel_input import (
    ExpectedChecksum,
    with_encoding_said_once,
    without_checksums,
)
from storage_stream._transfer.part_source import PartSource
from storage_stream._transfer.parts_target import (
    KeptPart,
    PartsTarget,
    created_of,
    key_headers_only,
)
from storage_stream._transfer.shielding import to_its_end
from storage_stream._transfer.upload import UploadHow, upload
from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream._transfer.upload_journal import JournalEntry, UploadJournal
from storage_stream._transfer.workers import run_workers
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    ProtocolError,
    ServerError,
    StorageError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender

__all__ = ["ParallelHow", "clean_upload", "upload_parallel"]

_CLEANING_SECONDS = 30.0  # for removing what was sent, when the upload is given up
_METHODS: Mapping[str, type[CompositeUpload | MultipartUpload]] = {
    "composite": CompositeUpload,
    "multipart": MultipartUpload,
}


@dataclass(frozen=True, slots=True)
class ParallelHow:
    """How the bytes go out.

    Attributes:
        part_bytes: Bytes of a part; more where there would be too many parts.
        workers: Parts under way at the same time.
        method: `multipart` or `composite`.
    """

    part_bytes: int = DEFAULT_PART_BYTES
    workers: int = 8
    method: str = "multipart"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            TypeError: A number that is none.
            InvalidArgument: No workers, or a method that is none.
        """
        check_whole("part_bytes", self.part_bytes)
        check_whole("workers", self.workers, 1)
        if self.method not in _METHODS:
            raise InvalidArgument(f"method={self.method!r}: 'multipart' or 'composite'")


async def upload_parallel(
    sender: Sender,
    target: NewObject,
    data: Any,
    options: RequestOptions,
    how: ParallelHow,
    journal: UploadJournal | None = None,
) -> ObjectResource:
    """Make an object, several parts of it at a time.

    Raises:
        InvalidArgument: What the method cannot do, or the journal of another upload, or one that
            another upload is using.
        IntegrityError: The service keeps something else than was sent; it was deleted again.
        StorageError: It was refused, or there was no answer.
        TypeError: The data can be read only once.
    """
    if journal is None:
        return await _upload(sender, target, data, options, how, None)
    try:
        await to_its_end(journal.open())
        return await _upload(sender, target, data, options, how, journal)
    finally:
        await to_its_end(journal.close())


async def _upload(
    sender: Sender,
    target: NewObject,
    data: Any,
    options: RequestOptions,
    how: ParallelHow,
    journal: UploadJournal | None,
) -> ObjectResource:
    entry = None if journal is None else await journal.read()
    target, options = with_encoding_said_once(target, options)
    source = await PartSource.of(data)
    plan = plan_parts(source.length, how.part_bytes)
    identity = UploadIdentity.of(how.method, target, options, source.length, how.part_bytes)
    if entry is not None and entry.identity != identity:
        raise InvalidArgument(
            "the journal is of another upload, of another source, or of one with other options:"
            " clean_upload() removes what that one left"
        )
    handle, started = (None, None) if entry is None else (entry.handle, entry.started)
    plain = without_checksums(target)
    place = _METHODS[how.method](sender, plain, options, handle, started)
    is_one = entry is None and len(plan) == 1
    expected = ExpectedChecksum.of(plain if is_one else target)
    if is_one:
        await _compare_first(source, plan[0], target)
        return await upload(sender, target, data, options, UploadHow(resumable=True))
    run = _ParallelUpload(sender, plain, options, place, source, journal, identity, expected)
    return await run.run(plan, how.workers, entry)


async def _compare_first(source: PartSource, only: Part, target: NewObject) -> None:
    """Hold a small source to the crc32c that was given; its MD5 is the service's to compare."""
    given = target.resource().get("crc32c")
    if given is not None:
        digest = await source.digest(only)
        await source.put_back()
        ExpectedChecksum(given).compare(digest.crc, target.subject)


async def clean_upload(sender: Sender, journal: UploadJournal, options: RequestOptions) -> int:
    """Remove what an upload left, and its journal then.

    Raises:
        FileNotFoundError: There is no journal.
        InvalidArgument: It is no journal, or an upload is using it.
        StorageError: Something is left; so is the journal.
    """
    try:
        await to_its_end(journal.open(make=False))
        entry = await journal.read()
        if entry is None:
            raise FileNotFoundError("there is no journal of an upload")
        return await _clean(sender, journal, entry, options)
    finally:
        await to_its_end(journal.close())


async def _clean(
    sender: Sender, journal: UploadJournal, entry: JournalEntry, options: RequestOptions
) -> int:
    identity = entry.identity
    if identity.method not in _METHODS:
        raise InvalidArgument(f"the journal is of a method {identity.method!r}")
    target = NewObject(identity.bucket, identity.name).checked()
    place = _METHODS[identity.method](sender, target, options, entry.handle, entry.started)
    count = await place.remove()
    await journal.remove()
    return count


class _ParallelUpload:
    """One run."""

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
                made = await self._found(whole)
                if made is not None:
                    return made
            self._is_unverified = self._place.is_made
            raise

    async def _found(self, whole: Crc32c | None) -> ObjectResource | None:
        """The object, if it is ours: made after we began, and of these bytes."""
        asked = get_object(self._target.bucket, self._target.name)
        try:
            found = await self._sender.send(asked, key_headers_only(self._options))
        except StorageError:
            return None  # then the error that made us look is the one that counts
        created, started = created_of(found), self._place.started
        if created is None or started is None or created < started:
            return None
        if found.get("size") != str(self._source.length):
            return None
        return found if whole is None or found.get("crc32c") == whole.encoded else None

    async def _made_already(self, plan: list[Part], workers: int) -> ObjectResource | None:
        """The object, where another process made it and was killed before it said so."""
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
