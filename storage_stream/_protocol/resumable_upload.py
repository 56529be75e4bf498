"""The resumable upload: what to send next, what the service has, when it is over.

A state machine without I/O and without bytes; it knows offsets. A driver does what `next_action`
says and tells what came of it:

    Start ──► Send ◄──► Fill          200, 201 ──► Stored
      ▲        │ ▲
      │ 404    │ │ 308: what is kept, is confirmed; the rest is sent again from there
      └────────┤ │
         lost, 5xx ──► Pause ──► Query (an empty body: what do you have?)

Nothing is ever sent blindly a second time: after a loss the service is asked first, and a lost
last answer is asked for. https://cloud.google.com/storage/docs/performing-resumable-uploads and
https://cloud.google.com/storage/docs/resumable-uploads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.http import parse_number
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryBudget, RetryPolicy, is_transient
from storage_stream._protocol.session_address import is_session_address
from storage_stream._protocol.upload_actions import Fill, Pause, Query, Send, Start, Stored
from storage_stream.errors import (
    InvalidArgument,
    ObjectChanged,
    ProtocolError,
    ResponseError,
    SessionExpired,
    StorageError,
    TransferError,
)

if TYPE_CHECKING:
    from storage_stream._protocol.http import ReplyHead

__all__ = ["ALIGNMENT_BYTES", "DEFAULT_CHUNK_BYTES", "ResumableUpload", "check_chunk"]

ALIGNMENT_BYTES = 256 * 1024
"""Every request but the last carries a multiple of this, and the service keeps multiples of it."""

DEFAULT_CHUNK_BYTES = 8 * 1024 * 1024
"""What Google's documentation recommends as the least that is not slow."""

_KEPT = re.compile(r"bytes\s*=\s*0\s*-\s*(\d+)", re.IGNORECASE | re.ASCII)
_RESUME_INCOMPLETE = 308
_SESSION_IS_GONE = frozenset({404, 410})


def check_chunk(chunk_bytes: int) -> None:
    """Refuse a chunk size that the service would refuse.

    Raises:
        InvalidArgument: It is no positive multiple of 256 KiB.
    """
    if not isinstance(chunk_bytes, int) or chunk_bytes <= 0 or chunk_bytes % ALIGNMENT_BYTES:
        raise InvalidArgument(f"chunk_bytes={chunk_bytes!r}: a multiple of {ALIGNMENT_BYTES}")


class ResumableUpload:
    """One upload.

    Args:
        total: The object's size in bytes, or None until the source ends.
        can_rewind: Whether the driver can bring any byte of the source again.
        chunk_bytes: Bytes of one request while the size is not known; None sends all that is
            available in one request. A multiple of 256 KiB.
        policy: When to give up.

    Attributes:
        has_sent: Whether bytes went into the session from here, so that what it makes is of them.
        may_be_made: Whether a session that got all, and is gone, may have made the object.

    Raises:
        InvalidArgument: A chunk size that is no positive multiple of 256 KiB.
    """

    def __init__(
        self,
        *,
        total: int | None = None,
        can_rewind: bool = False,
        chunk_bytes: int | None = DEFAULT_CHUNK_BYTES,
        policy: RetryPolicy = DEFAULT_RETRY,
    ) -> None:
        if chunk_bytes is not None:
            check_chunk(chunk_bytes)
        self.total = total
        self.can_rewind = can_rewind
        self.chunk_bytes = chunk_bytes
        self.budget = RetryBudget(policy)
        self.session_uri: str | None = None
        self.confirmed = 0
        self.available = 0
        self.resumes = 0
        self.went_back: int | None = None
        self.has_sent = False
        self.may_be_made = False
        self._asks = False
        self._can_restart = True
        self._was_damaged = False
        self._restored = False
        self._sent = 0
        self._furthest = 0
        self._pause: Pause | None = None
        self._stored: Stored | None = None

    # -- what the driver has ---------------------------------------------------------------

    def offer(self, available: int, *, ended: bool) -> None:
        """Tell how far the source's bytes reach now, and whether it ended there.

        Raises:
            InvalidArgument: The source did not keep to the size that was declared.
            ObjectChanged: It has less than the service keeps: it is not the one sent before.
        """
        too_many = self.total is not None and available > self.total
        too_few = self.total is not None and ended and available < self.total
        if too_many or too_few:
            raise InvalidArgument(f"{self.total} bytes were declared, the source has {available}")
        if ended and available < self.confirmed:
            raise ObjectChanged(f"the source has {available} bytes of {self.confirmed} sent before")
        self.available = max(self.available, available)
        if ended:
            self.total = available

    def next_action(self) -> Start | Send | Query | Fill | Pause | Stored:
        """What to do now. Asking again without telling anything gives the same answer."""
        if self._stored is not None:
            return self._stored
        if self._pause is not None:
            return self._pause
        if self.session_uri is None:
            return Start()
        if self._asks:
            return Query(self.total)
        return self._next_send()

    def _next_send(self) -> Send | Query | Fill:
        waiting = self.available - self.confirmed
        if self.total is not None and self.available >= self.total:
            is_last = self.chunk_bytes is None or waiting <= self.chunk_bytes
            if self.confirmed == self.total > 0:
                return Query(self.total)  # all is kept, only the answer is missing
            stop = self.total if is_last else self.confirmed + (self.chunk_bytes or 0)
            return Send(self.confirmed, stop, self.total)
        chunk = self.chunk_bytes or DEFAULT_CHUNK_BYTES
        if waiting > chunk:  # more is behind it, so it is not the last
            return Send(self.confirmed, self.confirmed + chunk, self.total)
        return Fill(self.confirmed + chunk)

    # -- what came of it -------------------------------------------------------------------

    def paused(self) -> None:
        """The pause is over."""
        self._pause = None

    def started(self, head: ReplyHead) -> None:
        """The service answered `Start` with a 2xx.

        Raises:
            ProtocolError: It names no session, or one that no request can go to.
        """
        self.budget.attempts += 1
        location = head.headers.get("location")
        if not location:
            raise ProtocolError("the service began a session without naming it")
        if not is_session_address(location):
            raise ProtocolError("the service began a session, and its address is none")
        self.session_uri = location
        self._asks = self.has_sent = False
        self.confirmed = self._sent = 0

    def sending(self, action: Send | Query) -> None:
        """It is on its way: until it is answered, nobody knows what the service keeps."""
        self._asks = True
        if isinstance(action, Send):
            self.has_sent = True
            self._sent = max(self._sent, action.stop)

    def stored(self, resource: dict[str, Any]) -> None:
        """The service answered a `Send` or a `Query` with a 2xx: the object is made.

        Raises:
            ProtocolError: It cannot be: not all was sent.
        """
        self.budget.attempts += 1
        if not self._restored and (self.total is None or self._sent < self.total):
            raise ProtocolError("the service made an object of an upload that had not ended")
        if self.total is None:  # it ended in another process, whose last state was older
            self.total = parse_number(str(resource.get("size")))
        self.confirmed = self.total or 0
        self._stored = Stored(resource)

    def incomplete(self, head: ReplyHead, sent: Send | Query) -> None:
        """The service answered with a 308: it keeps what its `Range` says, nothing without one.

        Raises:
            ProtocolError: It keeps what was never sent, or lost what it had a second time.
            TransferError: It lost what it had, and the source cannot bring it again. The session
                lives: who has all of the data can go on with it.
        """
        self.budget.attempts += 1
        kept = _kept(head.headers.get("range"))
        # What another process sent after its last state is not known here.
        reach = self.total if self._restored else self._sent
        if reach is not None and kept > reach:
            raise ProtocolError(f"the service keeps {kept} bytes, and {reach} were sent")
        if kept < self.confirmed:
            self._go_back(kept)
        elif kept > self.confirmed:
            self._go_forward(kept)
        elif isinstance(sent, Send) or kept == self.total:
            # Nothing kept of what it takes, or no object of what it keeps: as good as a failure,
            # or it would go on for ever.
            self._spend(ProtocolError("the upload does not come forward"), 0.0, None)
        self._asks = False

    def fail(self, error: StorageError, jitter: float, retry_after: float | None = None) -> None:
        """A request failed: no answer, or a refusal.

        Args:
            error: How.
            jitter: A random number in [0, 1).
            retry_after: Seconds the service asks to wait.

        Raises:
            SessionExpired: The session is gone, and the source cannot begin anew.
            StorageError: The same error, when it will not pass or the budget is used up.
        """
        self.budget.attempts += 1
        gone = isinstance(error, ResponseError) and error.status in _SESSION_IS_GONE
        if gone and self.session_uri is not None:
            self._begin_anew(error)
            self._spend(error, jitter, retry_after)
        elif not is_transient(error):
            raise error
        else:
            self._asks = self.session_uri is not None
            self.resumes += 1
            self._spend(error, jitter, retry_after)

    def damaged(self, error: StorageError) -> None:
        """The service refused what came because it is not what was sent: it makes no object.

        Once, all is sent again in a new session. The bytes may be damaged on their way from here
        each time, and then a second time tells as much as a tenth.

        Raises:
            StorageError: The same error, when it came before, or the source cannot begin anew.
        """
        self.budget.attempts += 1
        if self._was_damaged or not self._can_restart or self._is_partly_gone():
            raise error
        self._was_damaged = True
        self._forget_session()

    def _spend(self, error: StorageError, jitter: float, retry_after: float | None) -> None:
        delay = self.budget.after(jitter, retry_after)
        if delay is None:
            raise error
        self._pause = Pause(delay, error)

    def _go_forward(self, kept: int) -> None:
        self.confirmed = kept
        # Bytes that were confirmed once before are no progress: a service that always loses them
        # would be sent them for ever.
        if kept > self._furthest:
            self._furthest = kept
            self.budget.progress()

    def _go_back(self, kept: int) -> None:
        if self._is_partly_gone():
            raise TransferError(
                f"the service had confirmed {self.confirmed} bytes and now has {kept}, and the"
                " source cannot bring them again: resume_upload can go on, with all of the data"
            )
        if self.went_back is not None:
            raise ProtocolError("the service lost confirmed bytes a second time")
        self.went_back = self.confirmed
        self.confirmed = kept

    def _begin_anew(self, error: StorageError) -> None:
        if not self._can_restart:  # what the object was to be, beside its bytes, nobody knows here
            raise SessionExpired("the service does not know the upload any more") from error
        if self._is_partly_gone():
            raise SessionExpired(
                "the session is gone, and the source cannot begin anew: resume_upload can, with"
                " all of the data"
            ) from error
        sent_all = self.has_sent and self.total is not None and self._sent >= self.total
        self.may_be_made = self.may_be_made or self._restored or sent_all
        self._forget_session()

    def _is_partly_gone(self) -> bool:
        """Whether confirmed bytes were let go; of another process's, nothing was read before."""
        return not self.can_rewind and self.available > 0 and self.confirmed > 0

    def _forget_session(self) -> None:
        self.session_uri = None
        self.confirmed = 0
        self._asks = self._restored = False

    # -- snapshot --------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Where it stands, as JSON can hold it. Who has the session's URI can upload to it."""
        return {
            "session_uri": self.session_uri,
            "confirmed": self.confirmed,
            "total": self.total,
            "chunk_bytes": self.chunk_bytes,
        }

    @classmethod
    def restore(
        cls,
        snapshot: dict[str, Any],
        *,
        can_rewind: bool,
        can_restart: bool = False,
        policy: RetryPolicy = DEFAULT_RETRY,
    ) -> ResumableUpload:
        """The upload of a snapshot; it begins by asking what the service has.

        Args:
            snapshot: What `snapshot` gave.
            can_rewind: As above.
            can_restart: Whether it is known what the object is to be beside its bytes, so that a
                session that is gone can be begun anew.
            policy: As above.
        """
        self = cls(
            total=snapshot["total"],
            can_rewind=can_rewind,
            chunk_bytes=snapshot["chunk_bytes"],
            policy=policy,
        )
        self.session_uri = snapshot["session_uri"]
        self.confirmed = self._furthest = snapshot["confirmed"]
        self._asks = self._restored = self.session_uri is not None
        self._can_restart = can_restart or self.session_uri is None
        return self


def _kept(value: str | None) -> int:
    """How many bytes a 308's `Range` says are kept.

    Raises:
        ProtocolError: It is no range from the first byte.
    """
    if value is None:
        return 0
    match = _KEPT.fullmatch(value.strip())
    if match is None:
        raise ProtocolError(f"a 308 answer names the range {value[:80]!r}")
    last = parse_number(match.group(1))
    if last is None:
        raise ProtocolError("a 308 answer names a range beyond all measure")
    return last + 1
