"""The driver of a download: it does what the machine decides, and delivers the bytes.

`resumable_download` knows which request comes next and what to believe; here the requests are
made, the waits waited, and stored gzip is decompressed. Between two awaits the state is always
whole: a task that is cancelled in the middle of a piece loses none, and the next one goes on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from storage_stream._cancellation import cancels_so_far
from storage_stream._log import tell_resume
from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.download_actions import Done, Fetch, Receive, Wait
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.media_head import Coding
from storage_stream._protocol.objects import get_media
from storage_stream._protocol.observed_call import ObservedCall
from storage_stream._protocol.options import DownloadKeywords, RequestOptions
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.replies import is_success
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._transfer.decoded_pieces import DecodedPieces
from storage_stream.errors import (
    ClientClosed,
    ContentDecodingError,
    IntegrityError,
    InvalidArgument,
    StorageError,
    StreamClosed,
    TooManyBytesError,
)

if TYPE_CHECKING:
    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.media_head import ObjectHead
    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.operation import Operation
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
        self._raw: Any = None
        self._error: StorageError | None = None
        self._acting: asyncio.Future[None] | None = None
        self._decoded: DecodedPieces | None = None
        self._asked: Asked | None = None
        self._begun = 0.0  # when the first request was made, by the sender's clock
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
            InvalidName: A name that cannot be.
            InvalidArgument: A range that cannot be, or two of them; a generation that is none.
            TypeError: A keyword that no download knows.
        """
        rest: dict[str, Any] = dict(keywords)
        generation = generation_number(rest.pop("generation", None))
        raw = bool(rest.pop("raw", False))
        most = rest.pop("max_decoded_bytes", None)
        wanted = ByteRange(rest.pop("start", None) or 0, rest.pop("end", None))
        options = RequestOptions.of(rest, defaults)
        header = options.header("range")
        if header is not None:
            if not wanted.is_whole:
                raise InvalidArgument("a Range header, and start or end besides: which?")
            wanted = ByteRange.from_header(header)
        raw = raw or "gzip" in (options.header("accept-encoding") or "")
        machine = ResumableDownload(wanted, generation=generation, raw=raw, policy=options.retry)
        options = options.without_headers("range", "accept-encoding")
        operation = get_media(bucket, name).with_options(options)
        download = cls(sender, operation, options, machine)
        if most is not None:
            download._max_decoded_bytes = check_whole("max_decoded_bytes", most, 0)
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
    def raw_response(self) -> Any:
        """The HTTP library's response of the latest request."""
        return self._raw

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
        self._begun = self._sender.clock.now() if asked is None else asked.begun
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

    async def next_piece(self, at_least: int = 1) -> bytes | memoryview:
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
            return await self._next_received(at_least)
        return await self._next_decoded(self._decoded)

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
        if self._acting is not None:
            self._acting.cancel()

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
                await self._act_closably(action)

    async def _act_closably(self, action: Fetch | Wait) -> None:
        """Act in a task that `abandon` can cancel: a wait may be long, a request be in the air."""
        acting = self._acting = asyncio.ensure_future(self._act(action))
        cancels = cancels_so_far()
        try:
            await acting
        except asyncio.CancelledError:
            failed = acting.done() and not acting.cancelled() and acting.exception() is not None
            if failed or self._error is None or cancels_so_far() > cancels:
                raise  # the reader is cancelled, not the download; what failed is kept for later
            raise self._error from None
        finally:
            self._acting = None

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
        self._reply, self._raw = reply, reply.raw
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
            piece = self._machine.receive_data(data)
            if (meter := self._options.meter) is not None:
                meter.moved(len(data))
                if self.tells_gains:
                    meter.gained(len(piece))
            if self._max_decoded_bytes is not None:
                self._check_decoded(self._max_decoded_bytes)
            if not data or self._machine.has_all:
                piece = bytes(piece)  # the answer is let go, and the memory it lent
                self._end(reply)
        except StorageError as error:
            self._failed(error)
            return b""
        return piece

    def _check_decoded(self, most: int) -> None:
        """The same limit where the service decompresses, whoever asked it to."""
        if self._machine.coding is Coding.DECODED and self._machine.offset > most:
            raise TooManyBytesError(most)

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
        self._error = self._sender.enriched(error, self._operation, attempts, self._begun)
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
