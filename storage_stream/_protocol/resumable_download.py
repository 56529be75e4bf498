"""The resumable download: which request comes next, which answer is believed, when it is over.

A state machine without I/O. A driver asks `next_action()`, does it, and tells what came of it:

    Fetch ──receive_head──► Receive ──receive_end──► Done
      ▲          │             │  ▲
      │          │ refused     │  └ receive_data, any number of times
      └── Wait ◄─┴──── fail ◄──┘ lost, stalled, ended early

Offsets count the bytes of the body as it is sent: the stored bytes, except where the service
decompressed them (then the service ignores ranges too, and a resume skips what it has). Every
answer after the first must be the same generation of the same object, begin where it was asked
to, and agree about the size; otherwise it is an error, never a guess.

Rules: https://cloud.google.com/storage/docs/json_api/v1/objects/get, RFC 9110 §14 and §15.3.7,
https://cloud.google.com/storage/docs/transcoding.
"""

from __future__ import annotations

from typing import Any

from storage_stream._protocol.checksums import Crc32c
from storage_stream._protocol.download_actions import Done, Fetch, Receive, Wait
from storage_stream._protocol.download_position import DownloadPosition
from storage_stream._protocol.download_snapshot import DownloadSnapshot
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.media_head import Coding, ObjectHead, coding_of, is_gzip
from storage_stream._protocol.ranges import WHOLE, ByteRange, ContentRange
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryBudget, RetryPolicy, is_transient
from storage_stream._protocol.same_object import (
    check_generation,
    check_same,
    is_identified,
    merged,
)
from storage_stream.errors import (
    InvalidArgument,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    ProtocolError,
    RangeNotSatisfiable,
    ResponseError,
    StorageError,
    TransferStalled,
)

__all__ = ["ResumableDownload"]


class ResumableDownload:
    """One download.

    Args:
        wanted: Which bytes. Of an object that is stored as gzip these are stored bytes when
            `raw`, else decoded ones: the machine then fetches from the beginning, and the driver
            decodes and skips.
        generation: The generation to read, or None for the one that is live now.
        raw: Deliver stored gzip as it is.
        policy: When to give up.
    """

    def __init__(
        self,
        wanted: ByteRange = WHOLE,
        *,
        generation: int | None = None,
        raw: bool = False,
        policy: RetryPolicy = DEFAULT_RETRY,
    ) -> None:
        self.wanted = wanted
        self.raw = raw
        self.generation = generation
        self.budget = RetryBudget(policy)
        self.object: ObjectHead | None = None
        self.coding = Coding.STORED
        self.resumes = 0
        self.crc = Crc32c()
        self._position = DownloadPosition(wanted)
        self._accept_gzip = True
        self._from_zero = False  # ask without a range, although one is wanted
        self._adopted = False  # a body was accepted: `coding` is a fact
        self._progressed = False
        self._answered = False  # the present attempt is counted
        self._state: Fetch | Wait | Receive | Done = self._fetch()

    # -- what is known ---------------------------------------------------------------------

    @property
    def decodes(self) -> bool:
        """Whether the driver has to decompress what is received."""
        return (
            not self.raw
            and self.coding is Coding.STORED
            and self.object is not None
            and is_gzip(self.object.content_encoding)
        )

    @property
    def content_length(self) -> int | None:
        """Bytes that will be delivered in all, or None when that cannot be known before."""
        return None if self.decodes else self._position.length

    @property
    def decoded_skip(self) -> int:
        """Decoded bytes to leave out at the beginning, where a range of decoded bytes is wanted."""
        return self.wanted.start if self.decodes else 0

    @property
    def decoded_stop(self) -> int | None:
        """Where the decoded bytes end, where a range of decoded bytes is wanted."""
        return self.wanted.stop if self.decodes else None

    @property
    def offset(self) -> int:
        """The next wanted byte; before the first answer, as it was asked for."""
        return self._position.offset

    @property
    def total(self) -> int | None:
        """Bytes of the whole body, or None while that is not known."""
        return self._position.total

    @property
    def has_all(self) -> bool:
        """Whether every wanted byte is here, though the body may go on."""
        return self._position.has_all

    # -- the driver's calls ----------------------------------------------------------------

    def next_action(self) -> Fetch | Wait | Receive | Done:
        """What to do now. Asking again without telling anything gives the same answer."""
        return self._state

    def waited(self) -> None:
        """The wait is over."""
        self._state = self._fetch()

    def receive_head(self, head: ReplyHead, refusal: ResponseError | None = None) -> None:
        """An answer began.

        Args:
            head: Its status and headers.
            refusal: The error that it is, when the status is no 2xx.

        Raises:
            ObjectChanged: It is not the object that was being read any more.
            ProtocolError: The answer does not fit the question.
            ResponseError: The service refuses for good.
        """
        self.budget.attempts += 1
        self._answered = True
        if refusal is not None:
            self._refused(head, refusal)
        elif head.status == 206:  # noqa: PLR2004 - a status of HTTP
            self._check_same(head)
            self._partial(head)
        elif head.status == 200:  # noqa: PLR2004 - a status of HTTP
            self._check_same(head)
            self._whole(head)
        else:
            raise ProtocolError(f"status {head.status} is no answer to a download")

    def receive_data(self, data: bytes | memoryview) -> bytes | memoryview:
        """Bytes arrived.

        Returns:
            The part of them that is new and wanted; it may be empty.

        Raises:
            ProtocolError: More bytes than the answer announced.
        """
        view = self._position.take(data)
        if view:
            self.crc.update(view)
            self._progressed = True
        return view

    def receive_end(self, framing: Framing) -> None:
        """The body ended in the way its framing says.

        Raises:
            IntegrityError: The checksum of the whole object is wrong.
            ProtocolError: Its checksum cannot be read; or its end means nothing: no length is
                known, and the connection closed.
            TruncatedStream: It ended early; pass it to `fail`.
        """
        if not self.has_all:
            self._position.check_may_end()
            if framing is Framing.CLOSE:
                raise ProtocolError("a body without length ended when its connection closed")
            self._position.end_here()
        self._finish()

    def fail(self, error: StorageError, jitter: float, retry_after: float | None = None) -> None:
        """An attempt failed: no answer, a refusal that may pass, a body that broke or stalled.

        Args:
            error: How.
            jitter: A random number in [0, 1).
            retry_after: Seconds the service asks to wait.

        Raises:
            StorageError: The same error, when it will not pass or the budget is used up.
        """
        if not self._answered:
            self.budget.attempts += 1
        if not is_transient(error):
            raise error
        if isinstance(self._state, Receive) and self.has_all:
            self._finish()  # what broke was behind the last wanted byte
            return
        if not self._can_resume():
            raise error
        if self._progressed and not isinstance(error, TransferStalled):
            self.budget.progress()  # a trickle is no progress: it would go on for ever
        self._progressed = False
        delay = self.budget.after(jitter, retry_after)
        if delay is None:
            raise error
        if self.object is not None:
            self.resumes += 1
        self._state = Wait(delay, error)

    # -- snapshot --------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Where it stands, as JSON can hold it; `restore` goes on from it in another process.

        Raises:
            InvalidArgument: The body is being decompressed: that cannot be continued elsewhere.
        """
        if self.decodes:
            raise InvalidArgument("a decoded download cannot be continued elsewhere: use raw=True")
        return DownloadSnapshot(
            self.wanted,
            self.raw,
            self.generation,
            self.offset,
            self.total,
            self.coding if self._adopted else None,
            self.crc.value,
            self._accept_gzip,
            self._from_zero,
            self.object,
        ).to_json()

    @classmethod
    def restore(
        cls,
        snapshot: dict[str, Any],
        policy: RetryPolicy = DEFAULT_RETRY,
    ) -> ResumableDownload:
        """The download of a snapshot, ready to fetch the next byte.

        Raises:
            InvalidArgument: It is no snapshot, or nothing in it says which object its bytes are of.
            IntegrityError: It had every byte, and their checksum is wrong.
        """
        kept = DownloadSnapshot.from_json(snapshot)
        self = cls(kept.wanted, generation=kept.generation, raw=kept.raw, policy=policy)
        self._position = DownloadPosition(kept.wanted, offset=kept.offset, total=kept.total)
        self.crc = Crc32c(kept.crc32c, self._position.taken)
        self.object = kept.object
        self._accept_gzip, self._from_zero = kept.accept_gzip, kept.from_zero
        self.coding, self._adopted = kept.coding or Coding.STORED, kept.coding is not None
        if self.has_all:
            self._finish()
        elif not self._can_resume():
            raise InvalidArgument("nothing in the snapshot says which object its bytes are of")
        else:
            self._state = self._fetch()
        return self

    # -- inside ----------------------------------------------------------------------------

    def _fetch(self) -> Fetch:
        self._answered = False
        known = self._position.begun or self.object is not None
        wanted = self._position.rest if known else self.wanted
        return Fetch(WHOLE if self._from_zero else wanted, self.generation, self._accept_gzip)

    def _check_same(self, head: ReplyHead) -> None:
        """The answer is about the object that the first answer was about."""
        now, before = ObjectHead.of(head), self.object
        check_generation(self.generation, now)
        if before is None:
            self.object = now
        else:
            pinned, resumed = self.generation is not None, self._position.begun
            check_same(before, now, pinned=pinned, resumed=resumed)
            self.object = merged(before, now)
        if self.generation is None:
            self.generation = now.generation

    def _adopt(self, head: ReplyHead) -> bool:
        """Take in how the body is coded; False when it has to be fetched in another way."""
        coding = coding_of(head)
        if coding is Coding.ENCODED:
            if not self._accept_gzip:
                raise ProtocolError("the body comes compressed though that was not accepted")
            self._accept_gzip = False
            self._state = self._fetch()
            return False
        if self._adopted and coding is not self.coding:
            raise ProtocolError(f"a resumed body comes in another way: {coding.value}")
        if coding is Coding.DECODED and self.raw:
            raise ProtocolError("the stored bytes were asked for, and they come decompressed")
        self.coding, self._adopted = coding, True
        return not self.decodes or self._decode_from_zero(head)

    def _decode_from_zero(self, head: ReplyHead) -> bool:
        """Gzip can only be read from its beginning: a range of decoded bytes needs all before it.

        False when this answer does not begin there, and another is to be fetched.
        """
        if self.wanted.start < 0:
            raise InvalidArgument(
                "the end of an object stored as gzip cannot be read decoded: pass raw=True"
            )
        if self._position.start == 0 and self._position.stop is None:
            return True
        self._position.want_everything()
        self._from_zero = False
        if head.status == 200:  # noqa: PLR2004 - a status of HTTP
            return True
        self._state = self._fetch()
        return False

    def _partial(self, head: ReplyHead) -> None:
        """A 206: the body begins where it was asked to."""
        given = ContentRange.parse(head.headers.get("content-range"))
        self._position.meet(given)
        if head.content_length not in {None, given.length}:
            raise ProtocolError("Content-Length and Content-Range do not agree")
        if not self._adopt(head):
            return
        self._position.learn_total(given.total)
        if self.coding is Coding.STORED:
            self._position.learn_total(ObjectHead.of(head).size)
        self._state = Receive()

    def _whole(self, head: ReplyHead) -> None:
        """A 200: the body begins at byte 0, whatever range was asked for."""
        if not self._adopt(head):
            return
        if self.coding is Coding.STORED:
            size = ObjectHead.of(head).size
            self._position.learn_total(head.content_length if size is None else size)
        self._position.meet_whole()
        self._state = Receive()

    def _refused(self, head: ReplyHead, refusal: ResponseError) -> None:
        if isinstance(refusal, RangeNotSatisfiable):
            self._out_of_range(head, refusal)
            return
        if self.object is not None and isinstance(refusal, NotFound | PreconditionFailed):
            raise ObjectChanged("the object was overwritten or deleted while it was read")
        raise refusal

    def _out_of_range(self, head: ReplyHead, refusal: RangeNotSatisfiable) -> None:
        """A 416: the end of what is read, or a range that may be one of decoded bytes."""
        if self._position.begun:
            told = ContentRange.parse(head.headers.get("content-range"))
            self._position.learn_total(told.total)
            if self.has_all and self.generation is not None:
                self._finish()
                return
        elif self._may_be_decoded_range():
            # The service compares the range with the stored bytes, and their gzip is shorter
            # than what is decoded from it. Whether there is gzip, only the object itself tells.
            self._from_zero = True
            self._state = self._fetch()
            return
        raise refusal

    def _may_be_decoded_range(self) -> bool:
        """Whether what the service calls out of range may be inside the decoded bytes."""
        asked_a_range = self.wanted.start > 0 and not self._from_zero
        return asked_a_range and not self.raw and self.object is None

    def _can_resume(self) -> bool:
        """Whether what comes next can be told to be of the same object as what is here."""
        return not self._position.begun or (self.object is not None and is_identified(self.object))

    def _finish(self) -> None:
        self._state = Done(self._verify())

    def _verify(self) -> bool | None:
        whole = self._position.is_whole and self.crc.length == self.total
        if self.object is None or not whole or self.coding is not Coding.STORED:
            return None
        return self.crc.check(self.object.crc32c)
