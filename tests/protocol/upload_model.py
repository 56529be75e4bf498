"""A small model of the service's resumable sessions, at its worst, and a driver without a loop.

The server is written from the documentation and knows nothing of the client's tables. Bytes are
offsets here, so the real alignment of 256 KiB costs nothing: what the server keeps of the source
is always the part [0, kept), and a request that does not fit behind it is the client's fault.

https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import enum
import json
import re
from dataclasses import dataclass, field
from typing import Any

from storage_stream._protocol.http import Headers, ReplyHead
from storage_stream._protocol.resumable_upload import ResumableUpload
from storage_stream._protocol.upload_actions import Fill, Pause, Send, Start, Stored
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    IntegrityError,
    StorageError,
    response_error_class,
)

QUANTUM_BYTES = 256 * 1024  # the service's own figure, not the client's
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class Kind(enum.Enum):
    """What may go wrong with one request."""

    NOTHING = "a good answer"
    CONNECT = "no connection"
    REFUSE = "a status, nothing is done"
    REFUSE_LATER = "a status after a part was taken"
    CUT = "the connection breaks in the request's body"
    LOSE_ANSWER = "all is taken, the answer is lost"
    LOSE_SESSION = "404 or 410: the session is gone"
    KEEP_LESS = "a 308 for a part of what came"
    GO_BACK = "confirmed bytes are lost again"
    NO_OBJECT = "all is kept, a 308 is the answer all the same"
    CRASH = "the process dies before the answer, and another goes on"
    GARBAGE_RANGE = "a 308 with a Range that is none"
    KEEPS_TOO_MUCH = "a 308 for more than was ever sent"
    EARLY_OBJECT = "a 200 although the upload is not at its end"
    NO_SESSION = "the session begins without a name"
    UNREADABLE = "the object is made, and its description cannot be read"


HARMLESS = frozenset(Kind) - {
    Kind.GARBAGE_RANGE,
    Kind.KEEPS_TOO_MUCH,
    Kind.EARLY_OBJECT,
    Kind.NO_SESSION,
}
"""What a right service may do; after the others an error is the only good end."""


@dataclass(frozen=True)
class Fault:
    kind: Kind
    amount: int = 0  # how many quanta, or which status
    retry_after: float | None = None


@dataclass
class Misbehaviour(Exception):  # noqa: N818 - a verdict on the client, not on a call
    """The client did what it must not."""

    what: str


@dataclass
class Answer:
    status: int
    lines: dict[str, str] = field(default_factory=dict)
    resource: dict[str, Any] | None = None
    lost: StorageError | None = None
    crash: bool = False
    retry_after: float | None = None
    kept: int | None = None  # what a 308 tells, for the judge

    @property
    def head(self) -> ReplyHead:
        return ReplyHead(self.status, "", Headers.of(self.lines))


@dataclass
class ModelServer:
    """Holds one upload.

    Attributes:
        script: What happens to one request after the other.
        cycle: Begin the script again at its end.
        size: Of the source, to judge what is made of it.
    """

    script: list[Fault]
    size: int
    cycle: bool = False
    requests: int = 0
    sessions: int = 0
    kept: int = 0
    told: int = 0  # confirmed to the client: never to be sent again
    total: int | None = None
    objects: int = 0
    alive: bool = False
    went_back: int = 0
    sent_bytes: int = 0
    claimed: int = 0  # what the last 308 said is kept, true or not
    doubtful: bool = False  # the client does not know what became of its last PUT
    reach: int = 0

    def start(self, total: int | None) -> Answer:
        fault = self._next_fault()
        early = self._before(fault)
        if early is not None:
            return early
        if fault.kind is Kind.NO_SESSION:
            return Answer(200)
        self.sessions += 1
        self.alive, self.doubtful = True, False
        self.kept = self.told = self.claimed = self.reach = 0
        self.total = total
        if fault.kind in {Kind.LOSE_ANSWER, Kind.CUT, Kind.UNREADABLE}:
            return Answer(0, lost=ConnectionLost("the answer is lost"))
        return Answer(200, {"location": f"https://service/session/{self.sessions}"})

    def put(self, session_uri: str, content_range: str, length: int) -> Answer:
        match = _CONTENT_RANGE.fullmatch(content_range)
        if match is None:
            raise Misbehaviour(f"Content-Range: {content_range}")
        if session_uri != f"https://service/session/{self.sessions}":
            raise Misbehaviour("a PUT to a session that is not the latest")
        first, last, total = match.groups()
        stated = None if total == "*" else int(total)
        start = None if first is None else int(first)
        if start is not None and (int(last) < start or length != int(last) - start + 1):
            raise Misbehaviour(f"{content_range} with {length} bytes")
        if start is None and length:
            raise Misbehaviour("a query with a body")
        self._judge(start, length, stated)
        return self._answer(self._next_fault(), start, length, stated)

    def _judge(self, start: int | None, length: int, total: int | None) -> None:
        if self.alive and total is not None:
            if self.total is not None and total != self.total:
                raise Misbehaviour(f"the size changes from {self.total} to {total}")
            if total != self.size:
                raise Misbehaviour(f"the size is {self.size}, not {total}")
        if start is None:
            return
        if self.doubtful:
            raise Misbehaviour("bytes are sent blindly: it had to ask first")
        if self.alive and start > max(self.kept, self.claimed):
            raise Misbehaviour(f"a gap: {start}, and {self.kept} are kept")
        if self.alive and start < self.told:
            raise Misbehaviour(f"bytes from {start} sent again, {self.told} were confirmed")
        if start + length > self.size:
            raise Misbehaviour("more than the source has")
        if start + length != total and length % QUANTUM_BYTES:
            raise Misbehaviour(f"a chunk of {length} bytes that is not the last")

    def _answer(self, fault: Fault, start: int | None, length: int, total: int | None) -> Answer:
        early = self._before(fault) or self._without_session(fault)
        if early is not None:
            self.doubtful = self.doubtful or start is not None
            return early
        if self.objects:
            return self._said(fault, self._made())
        if start is not None and start > self.kept:  # it was told so, and it is not so
            self.doubtful = True
            return Answer(503)
        end = max(self.kept, (start or 0) + length)
        if fault.kind is Kind.EARLY_OBJECT and end < self.size:
            return Answer(200, resource={"name": "name", "size": str(end), "generation": "1"})
        if start is not None:
            self._take(fault, start, length, total)
        return self._said(fault, self._progress(fault, total))

    def _without_session(self, fault: Fault) -> Answer | None:
        """What is made is not lost with its session."""
        if self.objects or (fault.kind is not Kind.LOSE_SESSION and self.alive):
            return None
        self.alive = False
        return Answer(404 if fault.amount % 2 else 410)

    def _progress(self, fault: Fault, total: int | None) -> Answer:
        """The object if all is there, else how far it is."""
        if total is not None:
            self.total = total
        if fault.kind is Kind.GO_BACK and self.kept and not self.went_back:
            back = min(fault.amount, self.kept // QUANTUM_BYTES) * QUANTUM_BYTES
            if back < self.told:
                self.went_back += 1
            self.kept = self.told = min(self.kept, back)
        is_cut = fault.kind in {Kind.CUT, Kind.REFUSE_LATER, Kind.NO_OBJECT}
        if self.kept != total or is_cut:
            return self._incomplete()
        self.objects += 1
        return self._made()

    def _take(self, fault: Fault, start: int, length: int, total: int | None) -> None:
        """Append what is new, of it whole quanta unless it is all."""
        self.sent_bytes += length
        self.reach = max(self.reach, start + length)
        end = start + length
        if fault.kind in {Kind.CUT, Kind.KEEP_LESS, Kind.REFUSE_LATER}:
            end = min(end, start + fault.amount * QUANTUM_BYTES)
        if end < start + length or total is None:
            end = end // QUANTUM_BYTES * QUANTUM_BYTES
        self.kept = max(self.kept, end)

    def _made(self) -> Answer:
        described = {"name": "name", "size": str(self.size), "generation": "1"}
        return Answer(200, resource=described)

    def _incomplete(self) -> Answer:
        lines = {"range": f"bytes=0-{self.kept - 1}"} if self.kept else {}
        return Answer(308, lines, kept=self.kept)

    def _said(self, fault: Fault, answer: Answer) -> Answer:
        """The answer as it arrives, or does not."""
        kind = fault.kind
        if kind in {Kind.LOSE_ANSWER, Kind.CUT} or (
            kind is Kind.UNREADABLE and answer.resource is not None
        ):
            self.doubtful = True
            return Answer(0, lost=ConnectionLost("the answer is lost"))
        if kind is Kind.CRASH:
            self.doubtful = True
            return Answer(0, crash=True)
        if kind is Kind.REFUSE_LATER:
            self.doubtful = True
            return Answer(503, retry_after=fault.retry_after)
        self.doubtful = False
        if answer.status == 308:
            if kind is Kind.GARBAGE_RANGE:
                answer.lines = {"range": f"bytes=5-{self.kept + 5}"}
            elif kind is Kind.KEEPS_TOO_MUCH:
                self.claimed = self.reach + fault.amount + 1
                answer.lines = {"range": f"bytes=0-{self.claimed - 1}"}
            else:
                self.told = self.claimed = self.kept
        return answer

    def _before(self, fault: Fault) -> Answer | None:
        """What happens before the service does anything."""
        if fault.kind is Kind.CONNECT:
            return Answer(0, lost=ConnectFailed("no connection"))
        if fault.kind is Kind.REFUSE:
            return Answer(fault.amount or 503, retry_after=fault.retry_after)
        return None

    def _next_fault(self) -> Fault:
        number, self.requests = self.requests, self.requests + 1
        if self.cycle and self.script:
            return self.script[number % len(self.script)]
        return self.script[number] if number < len(self.script) else Fault(Kind.NOTHING)


@dataclass
class Outcome:
    stored: dict[str, Any] | None = None
    error: StorageError | None = None
    state: dict[str, Any] | None = None
    pauses: list[Pause] = field(default_factory=list)
    actions: list[Any] = field(default_factory=list)


@dataclass
class Client:
    """Drives a machine against a server: a source that can be rewound, or one that comes once.

    Attributes:
        size: Of the source.
        piece: Bytes that a source which comes once brings at a time.
        reborn_before: Before these requests the state goes through JSON to another process.
    """

    machine: ResumableUpload
    server: ModelServer
    size: int
    piece: int = QUANTUM_BYTES
    reborn_before: frozenset[int] = frozenset()
    came: int = 0
    released: int = 0

    def run(self) -> Outcome:
        outcome = Outcome()
        if self.machine.can_rewind:
            self.machine.offer(self.size, ended=True)
        while True:
            action = self.machine.next_action()
            if self.machine.next_action() != action:
                raise Misbehaviour("asked twice, it answers another thing")
            outcome.actions.append(action)
            try:
                if isinstance(action, Stored):
                    self._compare(action)
                    outcome.stored = action.resource
                    return outcome
                self._act(action, outcome)
            except StorageError as error:
                outcome.error, outcome.state = error, self.machine.snapshot()
                return outcome
            if self.came:  # of a source that nothing was read of, nothing is gone
                self.released = max(self.released, self.machine.confirmed)

    def _compare(self, stored: Stored) -> None:
        """What every driver does with what was made."""
        told = stored.resource["size"]
        if told != str(self.size):
            raise IntegrityError("another object", expected=str(self.size), actual=told)

    def _act(self, action: Any, outcome: Outcome) -> None:
        if isinstance(action, Pause):
            outcome.pauses.append(action)
            self.machine.paused()
        elif isinstance(action, Fill):
            self._fill(action)
        else:
            if self.server.requests in self.reborn_before and self.machine.session_uri is not None:
                self._be_reborn()
                action = self.machine.next_action()
                if isinstance(action, Fill):
                    return
            self._request(action)

    def _fill(self, fill: Fill) -> None:
        if self.came >= self.size and self.machine.total is not None:
            raise Misbehaviour(f"asks for more up to {fill.until}, and the source has ended")
        self.came = min(self.size, max(self.came, self.machine.confirmed) + self.piece)
        self.machine.offer(self.came, ended=self.came == self.size)

    def _request(self, action: Any) -> None:
        machine = self.machine
        if isinstance(action, Start):
            answer = self.server.start(machine.total)
        else:
            assert machine.session_uri is not None
            length = 0
            if isinstance(action, Send):
                length = action.stop - action.start
                if not machine.can_rewind and action.start < self.released:
                    raise Misbehaviour("bytes that are not held any more")
                if not machine.can_rewind and action.stop > self.came:
                    raise Misbehaviour("bytes that have not come")
            machine.sending(action)
            answer = self.server.put(machine.session_uri, action.content_range(), length)
        self._receive(action, answer)

    def _receive(self, action: Any, answer: Answer) -> None:
        machine = self.machine
        if answer.crash:
            self._be_reborn()
        elif answer.lost is not None:
            machine.fail(answer.lost, 0.5)
        elif answer.status >= 400:
            refusal = response_error_class(answer.status)("refused", status=answer.status)
            machine.fail(refusal, 0.5, answer.retry_after)
        elif isinstance(action, Start):
            machine.started(answer.head)
        elif answer.status == 308:
            machine.incomplete(answer.head, action)
        else:
            assert answer.resource is not None
            machine.stored(answer.resource)

    def _be_reborn(self) -> None:
        """Another process has the state as it was written last, and reads the source anew."""
        snapshot = json.loads(json.dumps(self.machine.snapshot()))
        old = self.machine
        self.machine = ResumableUpload.restore(
            snapshot, can_rewind=old.can_rewind, policy=old.budget.policy
        )
        if old.can_rewind:
            self.machine.offer(self.size, ended=True)
        # The source comes from its beginning; the first that is read lets go of what is confirmed.
        self.came = self.released = 0
