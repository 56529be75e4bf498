"""Uploads of another process, gone on with: the same bytes, from where the service has them to."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.checksums import Crc32c
from storage_stream._protocol.resumable_upload import DEFAULT_CHUNK_BYTES, ResumableUpload
from storage_stream._transfer.opened_source import opened_source
from storage_stream._transfer.outgoing import RewindableBytes
from storage_stream._transfer.source import MemorySource, Rewindable
from storage_stream._transfer.upload import StreamUpload, UploadHow
from storage_stream._transfer.upload_session import UploadSession

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.upload_state import UploadState
    from storage_stream._transport.sender import Sender
    from storage_stream.pipeline.source import Input

__all__ = ["resume"]


async def resume(
    sender: Sender, target: NewObject, state: UploadState, data: Any, options: RequestOptions
) -> ObjectResource:
    """Go on with an upload of another process.

    It is never given up here: whoever has the state can go on with it.

    Raises:
        ObjectChanged: The source does not begin with what was sent before.
        SessionExpired: The service does not know the upload any more, and the state does not say
            what it was to be, or the source is behind its beginning already.
        InvalidArgument: The source has another length than was declared.
    """
    if state.metadata is not None:  # what a session that is gone is begun anew for
        target = target._replace(content_type=state.content_type, metadata=state.metadata)
    options = replace(options, params=state.params + options.params)
    async with opened_source(data, zipped=state.zipped) as opened:
        return await _go_on(sender, target, state, opened.source, options)


async def _go_on(
    sender: Sender,
    target: NewObject,
    state: UploadState,
    source: bytes | Rewindable | Input,
    options: RequestOptions,
) -> ObjectResource:
    if isinstance(source, bytes):
        source = MemorySource(source)
    can_rewind = isinstance(source, Rewindable)
    machine = ResumableUpload.restore(
        state.machine,
        can_rewind=can_rewind,
        can_restart=state.metadata is not None,
        policy=options.retry,
    )
    if isinstance(source, Rewindable):
        machine.offer(source.length, ended=True)
        outgoing = RewindableBytes(source)
        await outgoing.prepare(min(state.checked.length, source.length))
        state.compare(outgoing.crc)
        session = UploadSession(sender, target, outgoing, options, machine)
        async with _left_or_ended(session):
            resource = await session.run()
        assert resource is not None  # noqa: S101 - all of the source was offered
        return resource
    chunk_bytes = machine.chunk_bytes or DEFAULT_CHUNK_BYTES
    how = UploadHow(resumable=True, chunk_bytes=chunk_bytes, zipped=state.zipped)
    stream = StreamUpload(sender, target, options, how, machine, state.checked)
    async with _left_or_ended(stream.session):
        await stream.session.ask()
        return await stream.pour(_Compared(source, state))


@contextlib.asynccontextmanager
async def _left_or_ended(session: UploadSession) -> AsyncGenerator[None]:
    """Around what goes on with a session: one begun anew here is in no state but an error's.

    The one that it began with is left, whatever comes: whoever has the state can go on with it.
    """
    known = session.uri
    try:
        yield
    except BaseException as error:
        if session.uri != known and not session.is_handed_out(error):
            await session.cancel()
        raise


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
