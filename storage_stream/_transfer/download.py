"""The driver of a download: it does what the machine decides, and delivers the bytes.

`resumable_download` knows which request comes next and what to believe; here the requests are
made, the waits waited, and stored gzip is decompressed. Between two awaits the state is always
whole: a task that is cancelled in the middle of a piece loses none, and the next one goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage_stream._log import tell_resume
from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.download_actions import Done, Fetch, Receive, Wait
from storage_stream._protocol.media_head import Coding
from storage_stream._protocol.observed_call import ObservedCall
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.replies import is_success
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._transfer.decoded_pieces import DecodedPieces
from storage_stream._transfer.interruptible import Interruptible
from storage_stream._transfer.wanted_download import WantedDownload
from storage_stream.errors import (
    ClientClosed,
    ContentDecodingError,
    IntegrityError,
    StorageError,
    StreamClosed,
    TooManyBytesError,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import DownloadKeywords, RequestOptions
    from storage_stream._transfer.asked import Asked
    from storage_stream._transport.base import ReplyStream
    from storage_stream._transport.sender import Sender

__all__ = ["Download"]

_PAGE_BYTES = 4096  # a buffer of less is a mistake in the unit


class Download:
    """One object on its way to us.

    Args:
        sender: Makes the requests.
        operation: The media request, with the caller's parameters and headers in it.
        options: The caller's timeouts and session.
        machine: Decides.
    """

    def __init__(
        self,
        sender: Sender,
        operation: Operation[None],
        options: RequestOptions,
        machine: ResumableDownload,
    ) -> None:
        self._sender = sender
        self._operation = operation
        self._options = options
        self._machine = machine
        self._buffer_bytes: int | None = None
        self._max_decoded_bytes: int | None = None
        self._reply: ReplyStream | None = None
        self.raw_response: Any = None  # the HTTP library's, of the latest request
        self._error: StorageError | None = None
        self._acting = Interruptible()
        self._decoded: DecodedPieces | None = None
        self._asked: Asked | None = None
        self.begun = 0.0  # when the first request was made, by the sender's clock
        self.tells_gains = True  # False: who takes the pieces tells which of them he could use

    @classmethod
    def of(
        cls,
        sender: Sender,
        bucket: str,
        name: str,
        keywords: DownloadKeywords,
        defaults: RequestOptions,
        buffer_bytes: int | None = None,
    ) -> Download:
        """The download that a caller asks for; nothing is sent yet.

        Raises:
            InvalidArgument: A buffer that is too small; else as `WantedDownload.of`.
        """
        wanted = WantedDownload.of(bucket, name, keywords, defaults)
        download = cls(sender, wanted.operation, wanted.options, wanted.machine)
        download._max_decoded_bytes = wanted.max_decoded_bytes
        if buffer_bytes is not None:
            download._buffer_bytes = check_whole("buffer_bytes", buffer_bytes, _PAGE_BYTES)
        return download

    @property
    def object(self) -> ObjectHead:
        """What the headers said about the object; known once it is open."""
        assert self._machine.object is not None  # noqa: S101 - `open` came first
        return self._machine.object

    @property
    def subject(self) -> str:
        """The object's `gs://` name."""
        return self._operation.subject

    @property
    def content_length(self) -> int | None:
        """Bytes that will be delivered, or None when that is not known before."""
        return self._machine.content_length

    @property
    def left(self) -> int | None:
        """How many of them were not delivered yet."""
        length = self._machine.content_length
        return None if length is None else length - self._machine.crc.length

    @property
    def machine(self) -> ResumableDownload:
        """What decides; to be looked at."""
        return self._machine

    @property
    def meter(self) -> Meter | None:
        """Who is told of its bytes."""
        return self._options.meter

    def part(self, start: int, stop: int) -> Download:
        """The download of some stored bytes; of the very object that this one opened, if it did."""
        known = self._machine.object
        machine = ResumableDownload(
            ByteRange(start, stop),
            generation=self._machine.generation,
            raw=self._machine.raw or known is not None,
            policy=self._options.retry,
        )
        machine.object = known  # so what is not there any more has changed
        return Download(self._sender, self._operation, self._options, machine)

    def check(self, crc: Crc32c) -> bool | None:
        """Compare the checksum of the whole object, however it came; None where none was told.

        Raises:
            StorageError: It is wrong, or cannot be read.
        """
        try:
            return crc.check(self.object.crc32c)
        except StorageError as error:
            raise self._stop(error) from None

    @property
    def resumes(self) -> int:
        """How often it was continued after a loss."""
        return self._machine.resumes

    @property
    def verified(self) -> bool | None:
        """True once the checksum of the whole object was compared; None while or where not.

        A range of decompressed bytes with an end leaves the rest of the gzip unread. Whether a
        small object's end had arrived by then is chance, and chance is not told.
        """
        if self._decoded is not None and self._decoded.has_end:
            return None
        action = self._machine.next_action()
        return action.verified if isinstance(action, Done) else None

    @property
    def is_over(self) -> bool:
        """Whether no more will be asked of the network."""
        ended = isinstance(self._machine.next_action(), Done)
        if self._decoded is not None:
            ended = ended or self._decoded.is_complete
        return ended or self._error is not None

    async def open(self, asked: Asked | None = None) -> None:
        """Make requests until the body begins.

        Cancelling closes the connection.

        Args:
            asked: The first request, where it was made already, and what came of it.

        Raises:
            StorageError: There is no such object, no answer, …
        """
        self._asked = asked
        self.begun = self._sender.clock.now() if asked is None else asked.begun
        while not isinstance(action := self._machine.next_action(), Receive | Done):
            await self._act(action)
        if self._machine.decodes:
            self._decoded = DecodedPieces(
                self._next_received,
                self._check_goes_on,
                self._machine.decoded_skip,
                self._machine.decoded_stop,
                self._max_decoded_bytes,
            )

    def next_piece(self, at_least: int = 1) -> Coroutine[Any, Any, bytes | memoryview]:
        """The next bytes, as they come; `b""` at the end, every time.

        A memoryview is borrowed: it is valid until the next call, or `close`; who keeps it
        copies. Cancelling loses nothing; the next call goes on.

        Args:
            at_least: See `ReplyStream.read_piece`.

        Raises:
            IntegrityError: In place of the end: the checksum is wrong.
            StorageError: It cannot be continued; every further call raises the same.
        """
        if self._decoded is None:
            return self._next_received(at_least)
        return self._next_decoded(self._decoded)

    def receive_into(self, target: memoryview) -> Coroutine[Any, Any, int] | None:
        """The next bytes, straight into memory of the caller's, where that is possible now.

        Args:
            target: See `ReplyStream.receive_into`.

        Returns:
            What gives how many bytes there are. None, and 0, say nothing: then ask `next_piece`.
        """
        reply, left = self._reply, self.left
        if self._decoded is not None or self._error is not None or reply is None or not left:
            return None
        receiving = reply.receive_into(target[:left])  # a body may be more than is wanted
        return None if receiving is None else self._received_into(reply, receiving, target)

    def close(self) -> None:
        """Nobody reads it any more: let go of the connection, make no other. Idempotent."""
        self.abandon(StreamClosed("the stream is closed", subject=self.subject))

    def tell_over(self, error: BaseException | None = None) -> None:
        """Say to whoever observes the call that nothing more will come of it."""
        if isinstance(call := self._options.meter, ObservedCall):
            failure = None if isinstance(self._error, StreamClosed) else self._error
            call.ended(error or failure)

    def abandon(self, error: ClientClosed | StreamClosed) -> None:
        """End it from outside; who is reading it is told this, and so is who reads it later."""
        if not self.is_over:
            self._error = error
        self._release()
        self._acting.interrupt(self._error)

    # -- stored bytes ----------------------------------------------------------------------

    async def _next_received(self, at_least: int = 1) -> bytes | memoryview:
        while True:
            self._check_goes_on()
            action = self._machine.next_action()
            if isinstance(action, Done):
                return b""
            if isinstance(action, Receive):
                piece = await self._receive(at_least)
                if piece:
                    return piece
            else:
                await self._acting.run(self._act(action))

    async def _act(self, action: Fetch | Wait) -> None:
        if isinstance(action, Wait):
            await self._sender.pause(action.seconds, action.error, self.subject, self.meter)
            self._machine.waited()
            return
        try:
            await self._fetch(action)
        except StorageError as error:
            self._failed(error)

    async def _fetch(self, action: Fetch) -> None:
        request = self._operation.with_query(action.query()).request.with_headers(*action.headers())
        if self._buffer_bytes is not None:
            request = request._replace(buffer_bytes=self._buffer_bytes)
        asked, self._asked = self._asked, None
        if asked is None:
            reply = await self._sender.open(request, self._options)
        else:
            reply = asked.answer()
        self._reply, self.raw_response = reply, reply.raw
        refusal = None
        if not is_success(reply.head.status):
            refusal = await self._sender.refusal(reply, request, self._operation.subject)
        is_new = self._machine.object is None
        self._machine.receive_head(reply.head, refusal)
        if (meter := self._options.meter) is not None and refusal is None:
            if is_new:  # else it is a part of one that told, or goes on
                meter.expect(self._machine.content_length)
            elif self._machine.resumes:
                meter.resumed()
        if refusal is None and not is_new and self._machine.resumes:
            tell_resume(self.subject, self._machine.offset)
        if not isinstance(self._machine.next_action(), Receive):
            self._release()

    async def _receive(self, at_least: int) -> bytes | memoryview:
        reply = self._reply
        assert reply is not None  # noqa: S101 - the machine says Receive after a fetch only
        try:
            data = await reply.read_piece(at_least)
            if self._error is not None:
                return b""  # it was ended meanwhile
            piece = self._taken(data)
            if not data or self._machine.has_all:
                piece = bytes(piece)  # the answer is let go, and the memory it lent
                self._end(reply)
        except StorageError as error:
            self._failed(error)
            return b""
        return piece

    async def _received_into(
        self, reply: ReplyStream, receiving: Coroutine[Any, Any, int], target: memoryview
    ) -> int:
        try:
            count = await receiving
            if self._error is not None:
                return 0  # it was ended meanwhile
            piece = self._taken(target[:count])
            if not count or self._machine.has_all:
                self._end(reply)
        except StorageError as error:
            self._failed(error)
            return 0
        if len(piece) < count:  # the body is more than what is wanted of it
            target[: len(piece)] = piece
        return len(piece)

    def _taken(self, data: bytes | memoryview) -> bytes | memoryview:
        """What is wanted of the bytes that came."""
        piece = self._machine.receive_data(data)
        if (meter := self._options.meter) is not None:
            meter.moved(len(data))
            if self.tells_gains:
                meter.gained(len(piece))
        # The same limit where the service decompresses, whoever asked it to.
        most, is_decoded = self._max_decoded_bytes, self._machine.coding is Coding.DECODED
        if most is not None and is_decoded and self._machine.offset > most:
            raise TooManyBytesError(most)
        return piece

    def _end(self, reply: ReplyStream) -> None:
        try:
            self._machine.receive_end(reply.framing)
        except IntegrityError as error:
            self._stop(error)  # raised in place of the end, behind the last piece
        else:
            self._release()

    def _failed(self, error: StorageError) -> None:
        """Let the machine decide whether to go on; raise what ends the download."""
        self._release()
        if self._error is not None:
            raise self._error  # it was ended meanwhile, and that is why it broke
        sender = self._sender
        try:
            self._machine.fail(error, sender.random(), sender.retry_after(error))
        except StorageError as final:
            ended = self._stop(final)
        else:
            return
        raise ended

    def _release(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()

    def _stop(self, error: StorageError) -> StorageError:
        attempts = self._machine.budget.attempts
        self._error = self._sender.enriched(error, self._operation, attempts, self.begun)
        self._release()
        return self._error

    # -- decoded bytes ---------------------------------------------------------------------

    async def _next_decoded(self, decoded: DecodedPieces) -> bytes | memoryview:
        try:
            piece = await decoded.next_piece()
        except (ContentDecodingError, TooManyBytesError) as error:
            self._stop(error)
            raise
        if decoded.is_complete:
            self._release()  # the rest of the gzip is not wanted
        return piece

    def _check_goes_on(self) -> None:
        if self._error is not None:
            raise self._error
