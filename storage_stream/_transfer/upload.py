"""Uploads: in one request where that is enough, in a resumable session where it is not.

What is held in memory goes out with its checksum, so that the service itself refuses it when it
arrives changed. A file's checksum is known only when it has gone out; there the answer is
compared, and an object that is not what was sent is deleted again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage_stream import pipeline
from storage_stream._protocol.checksums import Crc32c, crc32c, encode_crc32c
from storage_stream._protocol.multipart import MultipartFrame
from storage_stream._protocol.objects import insert_media, insert_multipart
from storage_stream._protocol.resumable_upload import (
    DEFAULT_CHUNK_BYTES,
    ResumableUpload,
    check_chunk,
)
from storage_stream._transfer.outgoing import (
    FramedContent,
    HeldBytes,
    RewindableBytes,
    RewindableSlice,
    metered,
)
from storage_stream._transfer.source import FileSource, MemorySource, Rewindable, alone, source_of
from storage_stream._transfer.upload_session import UploadSession
from storage_stream.errors import PreconditionFailed, StorageError
from storage_stream.pipeline.source import Input, open_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage_stream._protocol.http import Content
    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.upload_state import UploadState
    from storage_stream._transport.sender import Sender

__all__ = ["StreamUpload", "UploadHow", "resume", "upload"]


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
    if _is_unopened(data):
        async with data as opened:
            return await upload(sender, target, _given(opened, data), options, how)
    with alone(data):
        source = await source_of(data)
        try:
            return await _upload_source(sender, target, source, options, how)
        except BaseException:
            if isinstance(source, FileSource):
                await source.put_back()
            raise


async def _upload_source(
    sender: Sender,
    target: NewObject,
    source: bytes | Rewindable | Input,
    options: RequestOptions,
    how: UploadHow,
) -> ObjectResource:
    if how.zipped:
        target = target.with_metadata(contentEncoding="gzip")
        async with pipeline.gzip(_pieces(source)) as stage:
            return await StreamUpload(sender, target, options, how).send_all(open_source(stage))
    if isinstance(source, bytes) and _fits(len(source), how):
        return await _send_whole(sender, target, source, options)
    if isinstance(source, bytes):
        target = target.with_metadata(crc32c=encode_crc32c(crc32c(source)))
        source = MemorySource(source)
    if not isinstance(source, Rewindable):
        return await StreamUpload(sender, target, options, how).send_all(source)
    outgoing = RewindableBytes(source)
    if _fits(source.length, how):
        return await _send_whole(sender, target, outgoing.content(0, source.length), options)
    machine = ResumableUpload(
        total=source.length, can_rewind=True, chunk_bytes=None, policy=options.retry
    )
    machine.offer(source.length, ended=True)
    return await _to_the_end(UploadSession(sender, target, outgoing, options, machine))


class StreamUpload:
    """An object that is made while its bytes come, piece by piece.

    Up to `chunk_bytes` are held and sent at once when they are full; an object that is smaller
    than that goes out in one request.
    """

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        options: RequestOptions,
        how: UploadHow,
        machine: ResumableUpload | None = None,
    ) -> None:
        self._sender = sender
        self._target = target
        self._options = options
        self._how = how
        self._held = HeldBytes()
        self._machine = machine or ResumableUpload(
            chunk_bytes=how.chunk_bytes, policy=options.retry
        )
        self.session = UploadSession(sender, target, self._held, options, self._machine)

    @property
    def received(self) -> int:
        """Bytes that were written so far."""
        return self._held.end

    async def write(self, data: bytes) -> None:
        """Take in the next bytes; returns when less than a chunk is waiting to be sent.

        Cancelling loses nothing: the bytes are held, and the next call sends them.
        """
        if data:
            self._held.append(data)
            self._held.confirmed(self._machine.confirmed)
            self._machine.offer(self._held.end, ended=False)
        if self._held.end - self._machine.confirmed > self._how.chunk_bytes:
            await self.session.run()

    async def finish(self) -> ObjectResource:
        """Make the object of what was written."""
        untried = self._machine.budget.attempts == 0 and self._machine.session_uri is None
        if untried and not self._how.resumable:
            whole = self._held.joined()
            return await _send_whole(self._sender, self._target, whole, self._options)
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
        except StorageError as error:
            if error.state is None:
                await self.session.cancel()  # the source failed; else the state can go on
            raise
        except BaseException:
            await self.session.cancel()
            raise


async def resume(
    sender: Sender, target: NewObject, state: UploadState, data: Any, options: RequestOptions
) -> ObjectResource:
    """Go on with an upload of another process.

    It is never given up here: whoever has the state can go on with it.

    Raises:
        ObjectChanged: The source does not begin with what was sent before.
        SessionExpired: The service does not know the upload any more.
        InvalidArgument: The source has another length than was declared.
    """
    if _is_unopened(data):
        async with data as opened:
            return await resume(sender, target, state, _given(opened, data), options)
    with alone(data):
        return await _resume(sender, target, state, await source_of(data), options)


async def _resume(
    sender: Sender,
    target: NewObject,
    state: UploadState,
    source: bytes | Rewindable | Input,
    options: RequestOptions,
) -> ObjectResource:
    if isinstance(source, bytes):
        source = MemorySource(source)
    can_rewind = isinstance(source, Rewindable)
    machine = ResumableUpload.restore(state.machine, can_rewind=can_rewind, policy=options.retry)
    if isinstance(source, Rewindable):
        machine.offer(source.length, ended=True)
        outgoing = RewindableBytes(source)
        await outgoing.prepare(min(state.checked.length, source.length))
        state.compare(outgoing.crc)
        resource = await UploadSession(sender, target, outgoing, options, machine).run()
        assert resource is not None  # noqa: S101 - all of the source was offered
        return resource
    how = UploadHow(resumable=True, chunk_bytes=machine.chunk_bytes or DEFAULT_CHUNK_BYTES)
    stream = StreamUpload(sender, target, options, how, machine)
    await stream.session.ask()
    return await stream.pour(_Compared(source, state))


def _is_unopened(data: Any) -> bool:
    """Whether it is a download that has not begun: opened here, closed here."""
    return not callable(getattr(data, "read", None)) and hasattr(data, "__aenter__")


def _given(opened: Any, manager: Any) -> Any:
    """What a block gives to read from.

    Raises:
        TypeError: Nothing: a lock's block gives None, which by itself would mean no bytes.
    """
    if opened is None:
        raise TypeError(f"cannot upload {type(manager).__name__}: its block gives nothing to read")
    return opened


class _Compared:
    """A source whose beginning is compared with what another process sent of it."""

    def __init__(self, source: Input, state: UploadState) -> None:
        self._source = source
        self._state = state
        self._crc = Crc32c()

    async def read_chunk(self) -> bytes:
        chunk = await self._source.read_chunk()
        left = self._state.checked.length - self._crc.length
        if left > 0:
            self._crc.update(chunk[:left])
            if len(chunk) >= left or not chunk:
                self._state.compare(self._crc)
        return chunk

    async def aclose(self) -> None:
        """The source stays the caller's."""


async def _to_the_end(session: UploadSession) -> ObjectResource:
    try:
        resource = await session.run()
    except StorageError:
        raise  # with the state to go on from
    except BaseException:
        await session.cancel()
        raise
    assert resource is not None  # noqa: S101 - all of the source was offered
    return resource


async def _send_whole(
    sender: Sender, target: NewObject, content: bytes | RewindableSlice, options: RequestOptions
) -> ObjectResource:
    """One request; one more to look where a repeat is refused by what it may have made itself."""
    meter, is_held = options.meter, isinstance(content, bytes)
    size = len(content) if isinstance(content, bytes) else content.length
    if meter is not None:
        meter.expect(size)
    try:
        resource = await sender.send(_insertion(target, content, meter), options)
    except PreconditionFailed as refusal:
        resource = await target.made_before(refusal, _checksum(content), sender, options)
    else:
        resource = await target.check(_checksum(content), resource, sender, options)
    if meter is not None:
        meter.moved(size if is_held else 0)  # what is read as it goes out was counted then
        meter.gained(size)
    return resource


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
    framed = FramedContent(frame, content)
    return insert_multipart(target.bucket, target.name, framed, frame.content_type)


def _fits(length: int, how: UploadHow) -> bool:
    """Whether one request is enough."""
    return length <= how.chunk_bytes if how.resumable is None else not how.resumable


async def _pieces(source: bytes | Rewindable | Input) -> AsyncIterator[bytes]:
    """A source read once; closing this does not close what the caller opened."""
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, Rewindable):
        async for chunk in source.chunks(0, source.length):
            yield bytes(chunk)
    else:
        while chunk := await source.read_chunk():
            yield chunk
