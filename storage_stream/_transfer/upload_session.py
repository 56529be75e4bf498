"""The driver of a resumable upload: it does what the machine decides.

`resumable_upload` knows what to send and what to believe; here the requests are made, the waits
waited, and the object that comes of it is compared with what was sent.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from storage_stream._log import log, tell_failure, tell_restart, tell_resume
from storage_stream._protocol.encryption import key_lines
from storage_stream._protocol.http import Headers, Reply, Request
from storage_stream._protocol.objects import start_resumable
from storage_stream._protocol.replies import is_success, parse_json
from storage_stream._protocol.upload_actions import Fill, Pause, Query, Send, Start, Stored
from storage_stream._shielding import ended
from storage_stream._transfer.outgoing import metered
from storage_stream._transfer.upload_state import UploadState
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    Forbidden,
    NotFound,
    PreconditionFailed,
    ProtocolError,
    StorageError,
    StreamClosed,
)

if TYPE_CHECKING:
    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.http import Content, ReplyHead
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._protocol.resumable_upload import ResumableUpload
    from storage_stream._transfer.new_object import NewObject
    from storage_stream._transfer.outgoing import Outgoing
    from storage_stream._transport.base import ReplyStream
    from storage_stream._transport.sender import Sender

__all__ = ["UploadSession"]


_RESUME_INCOMPLETE = 308
_NAMING_SECONDS = 3.0  # what a cancel waits for the name of a session that is being begun
_CANCEL_SECONDS = 5.0  # for telling the service that nothing more will come
_LONGEST_RESOURCE = 4 * 1024 * 1024  # bytes; an object's metadata and access list are far smaller


class UploadSession:
    """One resumable upload.

    Args:
        sender: Makes the requests.
        target: The object to make.
        outgoing: Its bytes.
        options: The caller's; its parameters and headers go with the request that begins.
        machine: Decides.
        zipped: Whether the bytes are the source's compressed; a state says so.
        known: Another process's checksum of the source's beginning, as its state said it.
    """

    def __init__(
        self,
        sender: Sender,
        target: NewObject,
        outgoing: Outgoing,
        options: RequestOptions,
        machine: ResumableUpload,
        *,
        zipped: bool = False,
        known: Crc32c | None = None,
    ) -> None:
        self._sender = sender
        self._target = target
        self._outgoing = outgoing
        self._options = options
        self.machine = machine
        self._begun = sender.clock.now()
        self._told = 0  # bytes that the caller's meter knows to be confirmed
        if machine.session_uri is not None and options.meter is not None:
            options.meter.expect(machine.total)  # it began in another process
        self._zipped = zipped
        self._known = known
        self._is_resumed = self._has_begun = machine.session_uri is not None
        self._beginning: asyncio.Task[None] | None = None
        self._given_up = False

    @property
    def confirmed(self) -> int:
        """Bytes that the service said it keeps."""
        return self.machine.confirmed

    @property
    def uri(self) -> str | None:
        """Where the service takes the bytes, once the session has begun."""
        return self.machine.session_uri

    def state(self) -> dict[str, Any]:
        """Where it stands, as JSON can hold it; see `Storage.resume_upload`."""
        checked, known, target = self._outgoing.checked(self.confirmed), self._known, self._target
        if known is not None and checked.length < known.length <= self.confirmed:
            checked = known
        return UploadState(
            target.bucket,
            target.name,
            self.machine.snapshot(),
            checked,
            self._zipped,
            target.resolved_type(),
            target.resource(),
            self._options.params,
        ).write()

    def is_handed_out(self, error: BaseException | None) -> bool:
        """Whether an error holds this session's state: another's is no reason to leave it open."""
        state = error.state if isinstance(error, StorageError) else None
        return state is not None and state.get("session_uri") == self.uri

    async def ask(self) -> None:
        """Let an upload of another process find out where it stands.

        Raises:
            StorageError: It cannot be told.
        """
        while isinstance(action := self.machine.next_action(), Query | Pause):
            try:
                await self._act(action)
            except StorageError as error:
                raise self._enriched(error) from error.__cause__

    async def run(self) -> ObjectResource | None:
        """Go on until the object is made, or more of the source is needed.

        Cancelling closes the connection; a further call asks the service where it stands.

        Returns:
            The object's resource, compared with what was sent; None when more is needed.

        Raises:
            IntegrityError: The object is not what was sent; it was deleted.
            StorageError: It cannot go on; `state` tells from where another could.
            StreamClosed: It was given up.
        """
        while not isinstance(action := self.machine.next_action(), Fill | Stored):
            if self._given_up:
                await self.cancel()  # its name may have come since
                raise StreamClosed("the upload was given up", subject=self._target.subject)
            try:
                await self._act(action)
            except PreconditionFailed as refusal:
                return await self._made_before(refusal)
            except StorageError as error:
                raise self._enriched(error) from error.__cause__
            self._outgoing.confirmed(self.confirmed)
            self._tell()
        if isinstance(action, Fill):
            return None
        return await self._checked(action)

    async def _checked(self, stored: Stored) -> ObjectResource:
        """What was made, compared; whose bytes it has decides whether a wrong one is deleted."""
        resource: Any = stored.resource
        if self._is_resumed:
            self._target.check_named(resource)
        await self._outgoing.prepare(self.confirmed)
        made = await self._target.check(
            self._outgoing.crc,
            resource,
            self._sender,
            self._options,
            is_ours=self.machine.has_sent,
        )
        if self._is_resumed and not self.machine.has_sent:
            await self._check_still_there(made)
        return made

    async def _check_still_there(self, resource: ObjectResource) -> None:
        """What another call made: a session says so for ever, also when it was deleted since.

        As it was where that call was told wrong checksums, and took away what it had made.
        """
        try:
            await self._target.look(resource, self._sender, self._options)
        except Forbidden:
            return  # an account that may write and not read
        except NotFound as error:
            error.add_note("the upload was finished before, and what it made was deleted since")
            raise

    async def _made_before(self, refusal: PreconditionFailed) -> ObjectResource:
        """Refused by another's object; or by its own, where a session that got all is gone."""
        self._enriched(refusal)
        total = self.machine.total
        if not self.machine.may_be_made or total is None:
            raise refusal
        await self._outgoing.prepare(total)
        if self._outgoing.crc.length != total:
            raise refusal
        made = await self._target.made_before(
            refusal, self._outgoing.crc, self._sender, self._options
        )
        await self.cancel()  # the second session, which is not needed
        return made

    def _tell(self) -> None:
        meter, gained = self._options.meter, self.confirmed - self._told
        if meter is not None and gained:
            meter.gained(gained)
            self._told += gained

    async def cancel(self) -> None:
        """Tell the service, if it can be told quickly, that the upload is given up.

        A session that is being begun is waited for, not for long: without its name nobody could
        end it. Cancelling ends the waiting.
        """
        self._given_up = True
        if self._beginning is not None:
            await asyncio.wait([self._beginning], timeout=_NAMING_SECONDS)
        is_made = isinstance(self.machine.next_action(), Stored)
        uri, self.machine.session_uri = self.machine.session_uri, None
        if uri is not None and not is_made:
            await self._delete(uri)

    async def _delete(self, uri: str) -> None:
        try:
            async with asyncio.timeout(_CANCEL_SECONDS):
                reply = await self._sender.open(
                    Request("DELETE", uri, Headers(key_lines(self._options.headers))), self._options
                )
                reply.close()
        except (StorageError, TimeoutError):
            return  # it expires by itself, and nothing of it is visible

    async def _act(self, action: Start | Send | Query | Pause) -> None:
        if isinstance(action, Pause):
            subject, meter = self._target.subject, self._options.meter
            await self._sender.pause(action.seconds, action.error, subject, meter)
            self.machine.paused()
            return
        try:
            if isinstance(action, Start):
                await self._start()
            else:
                await self._put(action)
        except ProtocolError:
            raise
        except StorageError as error:
            damage = self._damage(action, error)
            if damage is None:
                self.machine.fail(error, self._sender.random(), self._sender.retry_after(error))
            else:
                await self._sent_again(damage)

    def _damage(self, action: Start | Send | Query, error: StorageError) -> StorageError | None:
        if isinstance(action, Send) and isinstance(error, BadRequest):
            return self._target.damage(error, self._outgoing.crc)
        return None

    async def _sent_again(self, damage: StorageError) -> None:
        """All of it, in a new session; or, with nothing to go on from, it is given up.

        Raises:
            IntegrityError: It cannot be, or was already.
        """
        spoiled = self.machine.session_uri
        try:
            self.machine.damaged(damage)
        except StorageError:
            await self.cancel()
            raise
        if spoiled is not None:
            await self._delete(spoiled)

    async def _start(self) -> None:
        """Begin a session.

        Cancelling waits a little until it has its name, by which it is then given up or gone on
        with; a second cancel does not wait.
        """
        task = self._beginning = asyncio.create_task(self._begin())
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=_NAMING_SECONDS)
            raise
        finally:
            self._beginning = None
            if not task.done():
                task.cancel()
                await ended(task)
            if not task.cancelled():
                task.exception()  # looked at; where it was cancelled, the cancel counts
        task.result()

    async def _begin(self) -> None:
        target = self._target
        operation = start_resumable(
            target.bucket,
            target.name,
            target.resource(),
            target.resolved_type(),
            self.machine.total,
        ).with_options(self._options)
        if self._has_begun:
            tell_restart(target.subject)
        self._has_begun = True
        if self._options.meter is not None:
            self._options.meter.expect(self.machine.total)
        reply = await self._open(operation.request)
        try:
            self.machine.started(reply.head)
        finally:
            reply.close()

    async def _put(self, action: Send | Query) -> None:
        assert self.machine.session_uri is not None  # noqa: S101 - it was started
        body: bytes | Content = b""
        if isinstance(action, Send) and action.stop > action.start:
            await self._outgoing.prepare(action.start)
            body = metered(self._outgoing.content(action.start, action.stop), self._options.meter)
        headers = [*key_lines(self._options.headers), ("content-range", action.content_range())]
        if isinstance(action, Send) and action.stop == action.total == self._outgoing.crc.length:
            headers.append(("x-goog-hash", f"crc32c={self._outgoing.crc.encoded}"))
        if isinstance(action, Query):
            tell_resume(self._target.subject, self.confirmed)
            if self._options.meter is not None:
                self._options.meter.resumed()
        # A PUT that breaks may have been taken: until an answer says otherwise, ask.
        self.machine.sending(action)
        reply = await self._open(
            Request("PUT", self.machine.session_uri, Headers(headers), body), also=308
        )
        try:
            if reply.head.status == _RESUME_INCOMPLETE:
                self._incomplete(reply.head, action)
            else:
                self.machine.stored(await self._resource(reply))
        finally:
            reply.close()

    def _incomplete(self, head: ReplyHead, action: Send | Query) -> None:
        """Tell the machine; that the service lost what it had confirmed goes into the log."""
        before = self.machine.went_back
        self.machine.incomplete(head, action)
        if self.machine.went_back != before:
            log.warning(
                "%s: the service had confirmed %s bytes and now has %d; they are sent again",
                self._target.subject,
                self.machine.went_back,
                self.confirmed,
            )

    async def _open(self, request: Request, also: int | None = None) -> ReplyStream:
        """Send once; a refusal is raised.

        Raises:
            StorageError: No answer, or a refusal.
        """
        options = self._options
        reply = await self._sender.open(request, options)
        if is_success(reply.head.status) or reply.head.status == also:
            return reply
        raise await self._sender.refusal(reply, request, self._target.subject)

    async def _resource(self, reply: ReplyStream) -> dict[str, Any]:
        """The resource of a good answer; one that cannot be read is as good as lost."""
        body = bytearray()
        while piece := await reply.read_piece():
            body += piece
            if len(body) > _LONGEST_RESOURCE:
                raise ProtocolError(f"the last answer is longer than {_LONGEST_RESOURCE} bytes")
        try:
            resource: dict[str, Any] = parse_json(Reply(reply.head, bytes(body)))
        except ProtocolError as error:
            raise ConnectionLost("the last answer cannot be read") from error
        return resource

    def _enriched(self, error: StorageError) -> StorageError:
        error.method = error.method or "PUT"
        error.subject = error.subject or self._target.subject
        error.attempts = self.machine.budget.attempts
        error.elapsed = self._sender.clock.now() - self._begun
        tell_failure(error, error.subject)
        if self.machine.session_uri is not None:
            error.state = self.state()
        return error
