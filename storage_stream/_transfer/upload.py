"""Uploads: in one request where that is enough, in a resumable session where it is not.

What is held in memory goes out with its checksum, so that the service itself refuses it when it
arrives changed. A file's checksum is known only when it has gone out; there the answer is
compared, and an object that is not what was sent is deleted again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.checksums import Crc32c, crc32c, encode_crc32c
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.objects import insert_media, insert_multipart
from storage_stream._protocol.resumable_upload import (
    DEFAULT_CHUNK_BYTES,
    ResumableUpload,
    check_chunk,
)
from storage_stream._protocol.upload_actions import Stored
from storage_stream._transfer.opened_source import opened_source
from storage_stream._transfer.outgoing import (
    FramedContent,
    HeldBytes,
    RewindableBytes,
    RewindableSlice,
    metered,
)
from storage_stream._transfer.source import MemorySource, Rewindable
from storage_stream._transfer.upload_session import UploadSession
from storage_stream.errors import BadRequest, PreconditionFailed

if TYPE_CHECKING:
    from storage_stream._protocol.http import Content
    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.asked import Asked
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.zipping import GzipWriter
    from storage_stream._transport.sender import Sender
    from storage_stream.pipeline.source import Input

__all__ = ["StreamUpload", "UploadHow", "send_whole", "upload"]

_JOINED_BYTES = 128 * 1024  # a copy of these costs less than to send them in three pieces
_HELD_BYTES = 64 * 1024  # of a file: to read it once saves more than these cost in memory


@dataclass(frozen=True, slots=True)
class UploadHow:
    """How the bytes go out.

    Attributes:
        resumable: True for a session always, False for one request where the length is known,
            None to decide by the length.
        chunk_bytes: What goes in one request; also the most that is held of a source that cannot
            be read again. A multiple of 256 KiB.
        zipped: Compress on the way, and say so in the object's content encoding.
    """

    resumable: bool | None = None
    chunk_bytes: int = DEFAULT_CHUNK_BYTES
    zipped: bool = False

    def __post_init__(self) -> None:
        """Refuse what the service would, also where no session comes of it.

        Raises:
            InvalidArgument: A chunk size that is no positive multiple of 256 KiB.
        """
        check_chunk(self.chunk_bytes)


async def upload(
    sender: Sender, target: NewObject, data: Any, options: RequestOptions, how: UploadHow
) -> ObjectResource:
    """Make an object of whatever holds bytes, and check what the service made of it.

    Cancelling gives the upload up: nothing of it becomes visible.

    Returns:
        The new object's resource.

    Raises:
        IntegrityError: The service keeps something else than was sent; it was deleted again.
        StorageError: It was refused, or there was no answer.
        TypeError: The data is nothing that can be sent.
        UsageError: Another upload is reading it.
    """
    async with opened_source(data, zipped=how.zipped) as opened:
        target = target.as_said_by(opened.data, zipped=how.zipped)
        return await _upload_source(sender, target, opened.source, options, how)


async def _upload_source(
    sender: Sender,
    target: NewObject,
    source: bytes | Rewindable | Input,
    options: RequestOptions,
    how: UploadHow,
) -> ObjectResource:
    if isinstance(source, bytes) and _fits(len(source), how):
        return await send_whole(sender, target, source, options)
    if isinstance(source, bytes):
        target = target.with_checksum(Crc32c(crc32c(source), len(source)))
        source = MemorySource(source)
    if not isinstance(source, Rewindable):
        return await StreamUpload(sender, target, options, how).send_all(source)
    if _fits(source.length, how) and source.length <= _HELD_BYTES:
        # Once, and what was summed up is what goes out, in each attempt.
        return await send_whole(sender, target, await _whole(source), options)
    outgoing = RewindableBytes(source)
    if _fits(source.length, how):
        # Read once more, so that the service refuses other bytes: it would be too late to take
        # them away again where this process ends before it hears what the service keeps.
        await outgoing.prepare(source.length)
        target = target.with_checksum(outgoing.crc)
        return await send_whole(sender, target, outgoing.content(0, source.length), options)
    machine = ResumableUpload(
        total=source.length, can_rewind=True, chunk_bytes=None, policy=options.retry
    )
    machine.offer(source.length, ended=True)
    return await _to_the_end(UploadSession(sender, target, outgoing, options, machine))


async def _whole(source: Rewindable) -> bytes:
    """All of its bytes."""
    pieces = [chunk async for chunk in source.chunks(0, source.length)]
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], bytes) else b"".join(pieces)


class StreamUpload:
    """An object that is made while its bytes come, piece by piece.

    Up to `chunk_bytes` are held and sent at once when they are full; an object that is smaller
    than that goes out in one request.

    Args:
        sender: Makes the requests.
        target: The object to make.
        options: The caller's.
        how: How the bytes go out; zipped ones are written so, or `gzip` makes them so.
        machine: Another process's session, to go on with.
        known: Its checksum of the source's beginning.
        gzip: Compresses what is written.
    """

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        options: RequestOptions,
        how: UploadHow,
        machine: ResumableUpload | None = None,
        known: Crc32c | None = None,
        gzip: GzipWriter | None = None,
    ) -> None:
        if how.zipped:
            target = target.with_metadata(contentEncoding="gzip")
        self._sender = sender
        self._target = target
        self._options = options
        self._how = how
        self._held = HeldBytes()
        self._gzip = gzip
        self._machine = machine or ResumableUpload(
            chunk_bytes=how.chunk_bytes, policy=options.retry
        )
        self.session = UploadSession(
            sender, target, self._held, options, self._machine, zipped=how.zipped, known=known
        )

    @property
    def received(self) -> int:
        """Bytes that were written so far."""
        return self._held.end if self._gzip is None else self._gzip.received

    async def write(self, data: bytes) -> None:
        """Take in the next bytes; returns when less than a chunk is waiting to be sent.

        Cancelling loses nothing: the bytes are held, and the next call sends them.
        """
        if self._gzip is not None:
            self._gzip.feed(data)
            data = await self._gzip.compressed()
        await self._send(data)

    async def _send(self, data: bytes) -> None:
        is_made = isinstance(self._machine.next_action(), Stored)
        if data:
            self._held.append(data)
            self._held.confirmed(self._held.end if is_made else self._machine.confirmed)
            self._machine.offer(self._held.end, ended=False)
        if is_made:  # by another process: only whether it is of all these bytes is still to be told
            return
        if self._held.end - self._machine.confirmed > self._how.chunk_bytes:
            await self.session.run()

    async def finish(self) -> ObjectResource:
        """Make the object of what was written."""
        if self._gzip is not None:
            self._gzip.end()
            self._held.append(await self._gzip.compressed())
        untried = self._machine.budget.attempts == 0 and self._machine.session_uri is None
        if untried and not self._how.resumable:
            whole = self._held.joined()
            return await send_whole(self._sender, self._target, whole, self._options)
        self._machine.offer(self._held.end, ended=True)
        resource = await self.session.run()
        assert resource is not None  # noqa: S101 - nothing more is to come
        return resource

    async def pour(self, source: Input) -> ObjectResource:
        """Write all of a source, and make the object of it."""
        while chunk := await source.read_chunk():
            await self.write(chunk)
        return await self.finish()

    async def send_all(self, source: Input) -> ObjectResource:
        """Write all of a source, and make the object of it, or give up."""
        try:
            return await self.pour(source)
        except BaseException as error:
            if not self.session.is_handed_out(error):
                await self.session.cancel()
            raise


async def _to_the_end(session: UploadSession) -> ObjectResource:
    try:
        resource = await session.run()
    except BaseException as error:
        if not session.is_handed_out(error):
            await session.cancel()
        raise
    assert resource is not None  # noqa: S101 - all of the source was offered
    return resource


async def send_whole(
    sender: Sender,
    target: NewObject,
    content: bytes | RewindableSlice,
    options: RequestOptions,
    asked: Asked | None = None,
) -> ObjectResource:
    """One request; once more where the service refused it as damaged on its way.

    Args:
        sender: Makes it.
        target: The object to make.
        content: All of its bytes.
        options: The caller's.
        asked: What came of it, where it was made already.

    Raises:
        IntegrityError: It was damaged both times, or is not what was made of it.
    """
    if (meter := options.meter) is not None and asked is None:  # else it was told by who asked
        meter.expect(_size(content))
    for is_last in (False, True):
        try:
            return await _send_once(sender, target, content, options, asked)
        except BadRequest as refusal:
            asked = None
            damage = target.damage(refusal, _checksum(content))
            if damage is None:
                raise
            if is_last:
                raise damage from refusal
    raise AssertionError  # pragma: no cover - the second turn returns or raises


async def _send_once(
    sender: Sender,
    target: NewObject,
    content: bytes | RewindableSlice,
    options: RequestOptions,
    asked: Asked | None,
) -> ObjectResource:
    """One request; one more to look where a repeat is refused by what it may have made itself."""
    meter, is_held, size = options.meter, isinstance(content, bytes), _size(content)
    try:
        resource = await sender.send(_insertion(target, content, meter), options, asked)
    except PreconditionFailed as refusal:
        resource = await target.made_before(refusal, _checksum(content), sender, options)
    else:
        resource = await target.check(_checksum(content), resource, sender, options)
    if meter is not None:
        meter.moved(size if is_held else 0)  # what is read as it goes out was counted then
        meter.gained(size)
    return resource


def _size(content: bytes | RewindableSlice) -> int:
    return len(content) if isinstance(content, bytes) else content.length


def _checksum(content: bytes | RewindableSlice) -> Crc32c:
    """Of what was sent; of a source that is read while it is sent, of what was read so far."""
    return Crc32c(crc32c(content), len(content)) if isinstance(content, bytes) else content.crc


def _insertion(
    target: NewObject, content: bytes | Content, meter: Meter | None
) -> Operation[ObjectResource]:
    if not isinstance(content, bytes):
        content = metered(content, meter)
    resource = {**target.resource(), "name": target.name}
    content_type = target.resolved_type()
    if isinstance(content, bytes):
        resource.setdefault("crc32c", encode_crc32c(crc32c(content)))
    elif len(resource) == 1:
        return insert_media(target.bucket, target.name, content, content_type)
    resource["contentType"] = content_type
    frame = MultipartFrame.around(resource, content_type, secrets.token_hex(16))
    framed: bytes | Content
    if isinstance(content, bytes) and len(content) <= _JOINED_BYTES:
        framed = b"".join((frame.head, content, frame.tail))
    else:
        framed = FramedContent(frame, content)
    return insert_multipart(target.bucket, target.name, framed, frame.content_type)


def _fits(length: int, how: UploadHow) -> bool:
    """Whether one request is enough."""
    return length <= how.chunk_bytes if how.resumable is None else not how.resumable
