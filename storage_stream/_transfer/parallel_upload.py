"""One large object over several connections: parts sent by workers, joined by the service.

A part is read where it stands in the source when it is sent, so that memory does not depend on its
size. Each goes out with its checksum; the checksum of the whole is made of theirs and compared
with the object's. Whatever fails, no part stays; a killed process leaves a journal of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.part_plan import DEFAULT_PART_BYTES, Part, plan_parts
from storage_stream._shielding import to_its_end
from storage_stream._transfer.composite_target import CompositeUpload
from storage_stream._transfer.multipart_target import MultipartUpload
from storage_stream._transfer.new_object import NewObject
from storage_stream._transfer.parallel_input import (
    ExpectedChecksum,
    with_encoding_said_once,
    without_checksums,
)
from storage_stream._transfer.part_source import PartSource
from storage_stream._transfer.parts_run import PartsRun
from storage_stream._transfer.source import alone
from storage_stream._transfer.upload import UploadHow, upload
from storage_stream._transfer.upload_identity import UploadIdentity
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.upload_journal import JournalEntry, UploadJournal
    from storage_stream._transport.sender import Sender

__all__ = ["ParallelHow", "clean_upload", "upload_parallel"]

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
    target, options = with_encoding_said_once(target, options)
    with alone(data):
        made = await _in_parts(sender, target, data, options, how, journal)
    if made is None:
        made = await upload(sender, target, data, options, UploadHow(resumable=True))
    return made


async def _in_parts(
    sender: Sender,
    target: NewObject,
    data: Any,
    options: RequestOptions,
    how: ParallelHow,
    journal: UploadJournal | None,
) -> ObjectResource | None:
    """The object; None where it is one part, and an ordinary upload."""
    entry = None if journal is None else await journal.read()
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
        return None
    run = PartsRun(sender, plain, options, place, source, journal, identity, expected)
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
