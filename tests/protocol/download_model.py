"""A small model of the service that serves one object badly, and a driver without a loop.

The server is written from the documentation (ranges, transcoding, `x-goog-…` headers) and knows
nothing of the client's tables. It serves one fault after the other from a script; `LOST` bytes,
wrong headers and new generations are its whole purpose.
"""

from __future__ import annotations

import base64
import enum
import gzip
import json
import re
import zlib
from dataclasses import dataclass, field

from fastcrc.crc32 import iscsi

from storage_stream._protocol.download_actions import Done, Fetch, Receive, Wait
from storage_stream._protocol.http import Framing, Headers, ReplyHead
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream.errors import (
    ConnectFailed,
    ConnectionLost,
    ContentDecodingError,
    RangeNotSatisfiable,
    ResponseError,
    StorageError,
    TransferStalled,
    response_error_class,
)

_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


class Kind(enum.Enum):
    """What may go wrong with one attempt."""

    NOTHING = "a good answer"
    CONNECT = "no connection"
    REFUSE = "a status that passes"
    CUT = "the connection breaks in the body"
    STALL = "the body stops coming"
    CRASH = "the process dies and another one goes on"
    SHORT_END = "the body ends in good order, too early"
    SHORT_RANGE = "a 206 with less than was asked for"
    FLIP = "a bit of the body is another"
    WRONG_RANGE = "another range than was asked for"
    WRONG_TOTAL = "a Content-Range with another size"
    STAR_TOTAL = "a Content-Range without a size"
    IGNORE_RANGE = "a 200 where a range was asked for"
    NO_LENGTH = "chunked, without Content-Length"
    NO_HASH = "no x-goog-hash"
    NO_FACTS = "nothing that says which object it is"
    TRANSCODE = "stored gzip comes decompressed"
    ENCODE = "stored bytes come compressed"
    OVERWRITE = "a new generation, just before this request"
    OVERWRITE_LATER = "a new generation, just after this answer began"


BODY_KINDS = frozenset({Kind.CUT, Kind.STALL, Kind.CRASH, Kind.SHORT_END, Kind.FLIP})


@dataclass(frozen=True)
class Fault:
    kind: Kind
    at: int = 0  # bytes behind the one that was asked for; negative: while what is here comes again
    amount: int = 1  # which bit, how far off, which status
    retry_after: float | None = None
    ending: Kind = Kind.NOTHING  # what happens to the body besides; one of `BODY_KINDS`

    @property
    def in_body(self) -> Kind:
        return self.kind if self.ending is Kind.NOTHING else self.ending


@dataclass(frozen=True)
class Version:
    generation: int
    content: bytes
    is_gzip: bool = False

    @property
    def stored(self) -> bytes:
        return gzip.compress(self.content, mtime=0) if self.is_gzip else self.content


class Overwritten(enum.Enum):
    """What a request for a generation that is not live any more gets."""

    KEPT = "the old bytes: the bucket is versioned"
    GONE = "404"
    NEWEST = "the new bytes: the server ignores the parameter"


@dataclass(frozen=True)
class Habits:
    """What a server does in every answer."""

    tells_generation: bool = True
    tells_etag: bool = True
    tells_crc: bool = True
    tells_size: bool = True
    honours_range: bool = True
    framing: Framing = Framing.LENGTH
    overwritten: Overwritten = Overwritten.GONE


@dataclass
class Answer:
    head: ReplyHead
    body: bytes = b""
    framing: Framing = Framing.LENGTH
    ending: StorageError | None = None  # in place of an end
    refusal: ResponseError | None = None
    crash: bool = False
    retry_after: float | None = None


@dataclass
class ModelServer:
    versions: list[Version]
    habits: Habits
    script: list[Fault]
    cycle: bool = False
    requests: int = 0
    live: int = 0
    flips: int = 0

    def answer(self, fetch: Fetch) -> Answer:
        fault = self._next_fault()
        if fault.kind is Kind.CONNECT:
            raise ConnectFailed("no connection")
        if fault.kind is Kind.REFUSE:
            return _refused(fault.amount, fault.retry_after)
        if fault.kind is Kind.OVERWRITE:
            self._overwrite()
        version = self._version(fetch)
        if fault.kind is Kind.OVERWRITE_LATER:
            self._overwrite()
        if version is None:
            return _refused(404)
        return _Serving(self, version, fault, fetch).answer()

    def _overwrite(self) -> None:
        self.live = min(self.live + 1, len(self.versions) - 1)

    def _next_fault(self) -> Fault:
        number, self.requests = self.requests, self.requests + 1
        if self.cycle and self.script:
            return self.script[number % len(self.script)]
        return self.script[number] if number < len(self.script) else Fault(Kind.NOTHING)

    def _version(self, fetch: Fetch) -> Version | None:
        live = self.versions[self.live]
        asked = dict(fetch.query()).get("generation")
        if asked is None or int(asked) == live.generation:
            return live
        if self.habits.overwritten is Overwritten.NEWEST:
            return live
        kept = [v for v in self.versions[: self.live] if v.generation == int(asked)]
        return kept[0] if kept and self.habits.overwritten is Overwritten.KEPT else None


def _refused(status: int, retry_after: float | None = None) -> Answer:
    refusal = response_error_class(status)("refused", status=status)
    return Answer(ReplyHead(status), refusal=refusal, retry_after=retry_after)


@dataclass
class _Serving:
    """One answer being made."""

    server: ModelServer
    version: Version
    fault: Fault
    fetch: Fetch
    lines: dict[str, str] = field(default_factory=dict)

    def answer(self) -> Answer:
        self._tell_facts()
        framing = self.server.habits.framing
        if self.fault.kind is Kind.NO_LENGTH:
            framing = Framing.CHUNKED
        begin, status, body = self._body()
        if begin is None:
            told = {"content-range": f"bytes */{len(self.version.stored)}"}
            refusal = RangeNotSatisfiable("behind the end", status=416)
            return Answer(ReplyHead(416, "", Headers.of(told)), refusal=refusal)
        if status == 0:  # coded on the way: its length is not known when it begins
            status, framing = 200, Framing.CHUNKED
        elif framing is Framing.LENGTH:
            self.lines["content-length"] = str(len(body))
        answer = Answer(ReplyHead(status, "", Headers.of(self.lines)), body, framing)
        self._harm(answer, begin)
        return answer

    def _tell_facts(self) -> None:
        habits, kind, stored = self.server.habits, self.fault.kind, self.version.stored
        self.lines["x-goog-stored-content-encoding"] = (
            "gzip" if self.version.is_gzip else "identity"
        )
        if self.version.is_gzip:
            self.lines["content-encoding"] = "gzip"
        if habits.tells_size:
            self.lines["x-goog-stored-content-length"] = str(len(stored))
        if kind is Kind.NO_FACTS:
            return
        if habits.tells_generation:
            self.lines["x-goog-generation"] = str(self.version.generation)
        if habits.tells_etag:
            self.lines["etag"] = f'"{self.version.generation}"'
        if habits.tells_crc and kind is not Kind.NO_HASH:
            value = base64.b64encode(iscsi(stored).to_bytes(4, "big")).decode()
            self.lines["x-goog-hash"] = f"crc32c={value}"

    def _body(self) -> tuple[int | None, int, bytes]:
        """Where it begins (None: not satisfiable), the status (0: coded on the way), the bytes."""
        stored, kind = self.version.stored, self.fault.kind
        if kind is Kind.TRANSCODE and self.version.is_gzip:
            del self.lines["content-encoding"]
            return 0, 0, self.version.content
        if kind is Kind.ENCODE and not self.version.is_gzip and self.fetch.accept_gzip:
            self.lines["content-encoding"] = "gzip"
            return 0, 0, gzip.compress(stored, mtime=0)
        header = dict(self.fetch.headers()).get("range")
        if header is None or not self.server.habits.honours_range or kind is Kind.IGNORE_RANGE:
            return 0, 200, stored
        return self._partial(header)

    def _partial(self, header: str) -> tuple[int | None, int, bytes]:
        match = _RANGE.fullmatch(header)
        assert match, f"the client sent the Range {header!r}"
        size = len(self.version.stored)
        first, last, suffix = match.groups()
        start = max(0, size - int(suffix)) if suffix else int(first)
        stop = min(size, int(last) + 1) if last else size
        if start >= size:
            return None, 416, b""
        if self.fault.kind is Kind.SHORT_RANGE:
            stop = min(stop, start + max(1, self.fault.amount))
        elif self.fault.kind is Kind.WRONG_RANGE:
            start = min(max(0, start + self.fault.amount), stop - 1)
        self._tell_range(start, stop, size)
        return start, 206, self.version.stored[start:stop]

    def _tell_range(self, start: int, stop: int, size: int) -> None:
        total, amount, kind = str(size), self.fault.amount, self.fault.kind
        if kind is Kind.WRONG_TOTAL:
            total = str(size + amount)
        elif kind is Kind.STAR_TOTAL:
            total = "*"
        self.lines["content-range"] = f"bytes {start}-{stop - 1}/{total}"

    def _harm(self, answer: Answer, begin: int) -> None:
        kind, asked = self.fault.in_body, max(0, self.fetch.byte_range.start)
        at = min(max(0, asked - begin + self.fault.at), len(answer.body))
        if kind is Kind.FLIP and answer.body:
            place = min(at, len(answer.body) - 1)
            flipped = answer.body[place] ^ (1 << self.fault.amount % 8)
            answer.body = answer.body[:place] + bytes([flipped]) + answer.body[place + 1 :]
            self.server.flips += 1
        elif kind in {Kind.CUT, Kind.STALL, Kind.CRASH, Kind.SHORT_END}:
            answer.body = answer.body[:at]
            if kind is Kind.STALL:
                answer.ending = TransferStalled("the body stalled")
            elif kind is Kind.CRASH and not self.server.cycle:
                answer.crash = True
            elif kind is not Kind.SHORT_END or not self._end_can_be_judged(answer):
                answer.ending = ConnectionLost("the connection broke")

    def _end_can_be_judged(self, answer: Answer) -> bool:
        """Whether anybody could tell the early end from a good one by what was told before.

        A transport that is told a Content-Length sees that itself, so here it breaks instead.
        """
        if answer.framing is not Framing.CHUNKED:
            return answer.framing is Framing.CLOSE  # a closed connection is no end by itself
        stored = answer.head.status == 206 or "x-goog-stored-content-length" in self.lines
        return stored and self.fault.kind is not Kind.TRANSCODE


@dataclass
class Outcome:
    delivered: bytes = b""
    verified: bool | None = None
    error: StorageError | None = None
    waits: list[Wait] = field(default_factory=list)
    machine: ResumableDownload | None = None

    @property
    def what(self) -> tuple[bytes, bool | None, type[StorageError] | None]:
        """What a caller sees of it."""
        return self.delivered, self.verified, type(self.error) if self.error else None


def reborn(machine: ResumableDownload) -> ResumableDownload:
    """The same download in another process."""
    snapshot = json.loads(json.dumps(machine.snapshot()))
    return ResumableDownload.restore(snapshot, machine.budget.policy)


def drive(
    machine: ResumableDownload,
    server: ModelServer,
    *,
    piece_bytes: int = 1 << 20,
    drain: bool = False,
    reborn_before: frozenset[int] = frozenset(),
    most_requests: int = 10_000,
) -> Outcome:
    """Do what the machine says until it is done or raises.

    Args:
        machine: The download.
        server: Who answers.
        piece_bytes: In pieces of which size bodies arrive.
        drain: Read bodies to their end although every wanted byte is here.
        reborn_before: Requests before which the download goes on in another process.
        most_requests: More are an endless loop.
    """
    outcome = Outcome()
    try:
        while not isinstance(action := machine.next_action(), Done):
            if isinstance(action, Wait):
                outcome.waits.append(action)
                machine.waited()
            elif server.requests in reborn_before and not machine.decodes:
                reborn_before -= {server.requests}
                machine = reborn(machine)
            else:
                assert isinstance(action, Fetch)
                assert server.requests < most_requests, "an endless loop"
                machine = _attempt(machine, server, action, outcome, piece_bytes, drain=drain)
        outcome.delivered = _decoded(machine, outcome.delivered)
        outcome.verified = action.verified
    except StorageError as error:
        outcome.error = error
    outcome.machine = machine
    return outcome


def _attempt(
    machine: ResumableDownload,
    server: ModelServer,
    fetch: Fetch,
    outcome: Outcome,
    piece_bytes: int,
    *,
    drain: bool,
) -> ResumableDownload:
    answer: Answer | None = None
    try:
        answer = server.answer(fetch)
        machine.receive_head(answer.head, answer.refusal)
        if not isinstance(machine.next_action(), Receive):
            return machine
        for begin in range(0, len(answer.body), piece_bytes):
            outcome.delivered += machine.receive_data(answer.body[begin : begin + piece_bytes])
            if machine.has_all and not drain:
                break
        else:
            if answer.ending:
                raise answer.ending
            if answer.crash and not machine.decodes:
                return reborn(machine)
            if answer.crash:
                raise ConnectionLost("the connection broke")
        machine.receive_end(answer.framing)
    except StorageError as error:
        machine.fail(error, jitter=0.5, retry_after=answer.retry_after if answer else None)
    return machine


def _decoded(machine: ResumableDownload, delivered: bytes) -> bytes:
    """What the driver of a decoded download makes of the stored bytes."""
    if not machine.decodes:
        return delivered
    try:
        content = gzip.decompress(delivered)
    except (OSError, EOFError, zlib.error) as error:
        raise ContentDecodingError("the stored gzip is damaged") from error
    if 0 < machine.decoded_skip >= len(content):
        raise RangeNotSatisfiable("behind the end", status=416)
    return content[machine.decoded_skip : machine.decoded_stop]
