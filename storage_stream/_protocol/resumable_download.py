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

from dataclasses import replace
from typing import Any

from storage_stream._protocol.checksums import Crc32c, decode_crc32c
from storage_stream._protocol.download_actions import Done, Fetch, Receive, Wait
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream._protocol.media_head import Coding, ObjectHead, coding_of, is_gzip
from storage_stream._protocol.ranges import WHOLE, ByteRange, ContentRange
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryBudget, RetryPolicy, is_transient
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    ProtocolError,
    RangeNotSatisfiable,
    ResponseError,
    StorageError,
    TransferStalled,
    TruncatedStream,
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
        self.start: int | None = None if wanted.start < 0 else wanted.start
        self.stop = wanted.stop
        self.offset = wanted.start
        self.total: int | None = None
        self.resumes = 0
        self.crc = Crc32c()
        self._accept_gzip = True
        self._skip = 0
        self._progressed = False
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
        if self.decodes or self.start is None:
            return None
        end = self._end()
        return None if end is None else max(0, end - self.start)

    @property
    def decoded_skip(self) -> int:
        """Decoded bytes to leave out at the beginning, where a range of decoded bytes is wanted."""
        return self.wanted.start if self.decodes else 0

    @property
    def decoded_stop(self) -> int | None:
        """Where the decoded bytes end, where a range of decoded bytes is wanted."""
        return self.wanted.stop if self.decodes else None

    def _end(self) -> int | None:
        """The offset behind the last byte that is wanted, if it is known."""
        if self.stop is None:
            return self.total
        return self.stop if self.total is None else min(self.stop, self.total)

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
        if refusal is not None:
            self._refused(head, refusal)
        elif head.status == 206:  # noqa: PLR2004
            self._check_same(head)
            self._partial(head)
        elif head.status == 200:  # noqa: PLR2004
            self._check_same(head)
            self._whole(head)
        else:
            raise ProtocolError(f"status {head.status} is no answer to a download")

    def receive_data(self, data: bytes) -> bytes | memoryview:
        """Bytes arrived.

        Returns:
            The part of them that is new and wanted; it may be empty.

        Raises:
            ProtocolError: More bytes than the object has.
        """
        view: bytes | memoryview = data
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            view = memoryview(data)[skipped:]
        room = None if (end := self._end()) is None else end - self.offset
        if room is not None and len(view) > room:
            if self.total is not None and self.offset + len(view) > self.total:
                raise ProtocolError(f"more than the {self.total} bytes of the object arrived")
            view = memoryview(view)[:room]
        if view:
            self.crc.update(view)
            self.offset += len(view)
            self._progressed = True
        return view

    @property
    def has_all(self) -> bool:
        """Whether every wanted byte is here, though the body may go on."""
        end = self._end()
        return end is not None and self.offset >= end

    def receive_end(self, framing: Framing) -> None:
        """The body ended in the way its framing says.

        Raises:
            IntegrityError: The checksum of the whole object is wrong.
            ProtocolError: Its end means nothing: no length is known, and the connection closed.
            TruncatedStream: It ended early; pass it to `fail`.
        """
        if not self.has_all:
            if self.total is not None:
                raise TruncatedStream(f"the body ended at byte {self.offset} of {self._end()}")
            if framing is Framing.CLOSE:
                raise ProtocolError("a body without length ended when its connection closed")
            self._ends_here()
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
        if not isinstance(self._state, Receive) and not isinstance(error, ResponseError):
            self.budget.attempts += 1
        if not is_transient(error) or not self._can_resume():
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
        return {
            "start": self.wanted.start,
            "stop": self.wanted.stop,
            "raw": self.raw,
            "generation": self.generation,
            "offset": self.offset,
            "total": self.total,
            "coding": self.coding.name,
            "crc32c": self.crc.value,
            "expected": self.object.crc32c if self.object else None,
        }

    @classmethod
    def restore(
        cls,
        snapshot: dict[str, Any],
        policy: RetryPolicy = DEFAULT_RETRY,
    ) -> ResumableDownload:
        """The download of a snapshot, ready to fetch the next byte."""
        self = cls(
            ByteRange(snapshot["start"], snapshot["stop"]),
            generation=snapshot["generation"],
            raw=snapshot["raw"],
            policy=policy,
        )
        self.total = snapshot["total"]
        self.coding = Coding[snapshot["coding"]]
        if self.start is None and self.total is not None:
            self.start = max(0, self.total + self.wanted.start)
        self.offset = snapshot["offset"]
        taken = max(0, self.offset - (self.start or 0))
        self.crc = Crc32c(snapshot["crc32c"], taken)
        if snapshot["expected"] is not None:
            self.object = ObjectHead(generation=self.generation, crc32c=snapshot["expected"])
        self._state = self._fetch()
        if self.has_all:
            self._finish()
        return self

    # -- inside ----------------------------------------------------------------------------

    def _fetch(self) -> Fetch:
        begun = self.start is not None and (self.offset > self.start or self.object is not None)
        wanted = ByteRange(self.offset, self.stop) if begun else self.wanted
        return Fetch(wanted, self.generation, self._accept_gzip)

    def _check_same(self, head: ReplyHead) -> None:
        """The answer is about the object that the first answer was about."""
        now, before = ObjectHead.of(head), self.object
        pinned = self.generation
        if pinned is not None and now.generation not in {None, pinned}:
            raise ObjectChanged(f"generation {pinned} was asked for, {now.generation} came")
        if before is None:
            self.object = now
            self.generation = now.generation if pinned is None else pinned
            return
        for what in ("crc32c", "etag") if pinned is None else ("crc32c",):
            was, is_now = getattr(before, what), getattr(now, what)
            if was is not None and is_now is not None and was != is_now:
                raise ObjectChanged(f"the object's {what} changed while it was read")
        if before.etag is None and before.crc32c is not None:  # restored: only these were kept
            self.object = replace(now, crc32c=before.crc32c)

    def _adopt(self, head: ReplyHead) -> bool:
        """Take in how the body is coded; False when it has to be fetched in another way."""
        coding = coding_of(head)
        if coding is Coding.ENCODED:
            if not self._accept_gzip:
                raise ProtocolError("the body comes compressed though that was not accepted")
            self._accept_gzip = False
            self._state = self._fetch()
            return False
        if self.start is not None and self.offset > self.start and coding is not self.coding:
            raise ProtocolError(f"a resumed body comes as {coding.value}")
        self.coding = coding
        return not self.decodes or self._decode_from_zero(head)

    def _decode_from_zero(self, head: ReplyHead) -> bool:
        """Gzip can only be read from its beginning: a range of decoded bytes needs all before it.

        False when this answer does not begin there, and another is to be fetched.
        """
        if self.wanted.start < 0:
            raise InvalidArgument(
                "the end of an object stored as gzip cannot be read decoded: pass raw=True"
            )
        if self.start == 0 and self.stop is None:
            return True
        self.start = self.offset = 0
        self.stop = None
        self._state = self._fetch()
        return head.status != 206  # noqa: PLR2004

    def _learn_total(self, total: int | None) -> None:
        if total is None:
            return
        if self.total is not None and self.total != total:
            raise ObjectChanged(f"the object had {self.total} bytes, and now has {total}")
        self.total = total

    def _partial(self, head: ReplyHead) -> None:
        given = ContentRange.parse(head.headers.get("content-range"))
        if given.start is None or given.stop is None:
            raise ProtocolError("a 206 answer names no range")
        if self.start is None:  # a suffix: where it begins, the service says
            self._learn_suffix(given)
        elif given.start != self.offset:
            raise ProtocolError(f"byte {self.offset} was asked for, {given.start} came")
        length = head.content_length
        if length is not None and length != given.stop - given.start:
            raise ProtocolError("Content-Length and Content-Range do not agree")
        if not self._adopt(head):
            return
        self._learn_total(given.total)
        self._skip = 0
        self._state = Receive()

    def _learn_suffix(self, given: ContentRange) -> None:
        assert given.start is not None  # noqa: S101 - the caller looked
        if given.total is None:
            raise ProtocolError("the end of an object was asked for, and its size is not told")
        if given.start != max(0, given.total + self.wanted.start):
            raise ProtocolError(f"the last {-self.wanted.start} bytes do not begin there")
        self.start = self.offset = given.start

    def _whole(self, head: ReplyHead) -> None:
        """A 200: the body begins at byte 0, whatever range was asked for."""
        if not self._adopt(head):
            return
        if self.coding is Coding.STORED:
            length = head.content_length
            size = ObjectHead.of(head).size
            self._learn_total(size if size is not None else length)
        if self.start is None:
            if self.total is None:
                raise ProtocolError("the end of an object was asked for, and its size is not told")
            self.start = self.offset = max(0, self.total + self.wanted.start)
        if self.total is not None and self.start > 0 and self.total <= self.start:
            raise _behind_the_end(self.start, self.total)
        self._skip = self.offset
        self._state = Receive()

    def _refused(self, head: ReplyHead, refusal: ResponseError) -> None:
        if isinstance(refusal, RangeNotSatisfiable) and self.object is not None:
            end = ContentRange.parse(head.headers.get("content-range")).total
            if end is not None and end == self.offset:
                self.total = end
                self._finish()
                return
        if self.object is not None and isinstance(refusal, NotFound | PreconditionFailed):
            raise ObjectChanged("the object was overwritten or deleted while it was read")
        raise refusal

    def _can_resume(self) -> bool:
        """Whether what comes next can be told to be of the same object as what is here."""
        if self.object is None or self.offset == self.start:
            return True
        known = self.object
        return any(fact is not None for fact in (known.generation, known.crc32c, known.etag))

    def _ends_here(self) -> None:
        """A body of unknown length came to its end in good order."""
        if self._skip and self.start is not None and self.offset == self.start:
            raise _behind_the_end(self.start, self.start - self._skip)
        if self._skip:
            raise ObjectChanged("the object became shorter while it was read")
        self.total = self.offset

    def _finish(self) -> None:
        self._state = Done(self._verify())

    def _verify(self) -> bool | None:
        whole = self.start == 0 and self.offset == self.total == self.crc.length
        text = self.object.crc32c if self.object else None
        expected = decode_crc32c(text) if text is not None else None
        if not whole or expected is None or self.coding is not Coding.STORED:
            return None
        if expected != self.crc.value:
            raise IntegrityError(
                f"the crc32c of the {self.crc.length} bytes that arrived is wrong",
                expected=text or "",
                actual=self.crc.encoded,
            )
        return True


def _behind_the_end(start: int, total: int) -> RangeNotSatisfiable:
    return RangeNotSatisfiable(f"the object has {total} bytes, {start} is behind them", status=416)
