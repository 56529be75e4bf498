"""A network without one: a `Transport` that answers from a script or a function.

For tests of code that uses the client, at the speed of memory: no port, no thread, no socket.
What HTTP libraries make of bytes it refuses to know; it keeps the promises of `Transport`, and
the same tests hold it to them that the real transports have to pass.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from storage_stream._protocol.http import Framing, Headers, Request
from storage_stream._transport.base import exact_chunks
from storage_stream._transport.clock import Clock, SystemClock
from storage_stream.errors import ClientClosed, RequestTimeout, StorageError
from storage_stream.testing.memory_answer import Answer, Stall, steps_of

__all__ = ["MemoryTransport", "RecordedRequest", "UnexpectedRequest"]


class UnexpectedRequest(AssertionError):  # noqa: N818 - it names what the test found
    """The script has no answer for a request."""


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as the transport got it, with its body read.

    Attributes:
        method: The HTTP method.
        url: The whole URL, percent-encoded.
        headers: All of them, those of the sender included.
        body: The whole body.
        timeout: Seconds the caller would wait for the head of the answer, or None.
        session: What the caller gave as `session=`, or None.
    """

    method: str
    url: str
    headers: Headers
    body: bytes = field(repr=False)
    timeout: float | None
    session: Any


Outcome = Answer | StorageError
Handler = Callable[[RecordedRequest], Outcome | Awaitable[Outcome]]


class MemoryTransport:
    """A `Transport` for `Environment(transport=…)`.

        network = MemoryTransport([Answer(503), Answer(body=b"hello")])
        storage = Storage(
            api_root="https://gcs.test",
            anonymous=True,
            environment=Environment(transport=network, clock=FakeClock(), random=lambda: 0.5),
        )

    Args:
        answers: An iterable of outcomes, one for each request, in order; or a function, plain or
            async, that is given the `RecordedRequest` and returns the outcome. An outcome is an
            `Answer`, or an error that `send` raises (`ConnectFailed`, `ConnectionLost`, …). A
            function that waits makes a server that takes its time.
        clock: Measures the callers' timeouts; None for the event loop's.

    Attributes:
        requests: What was sent, in order.
        opened: Answers that were handed out.
    """

    def __init__(
        self, answers: Iterable[Outcome] | Handler = (), *, clock: Clock | None = None
    ) -> None:
        self._answer_to: Handler = answers if callable(answers) else _Script(answers)
        self._clock: Clock = SystemClock() if clock is None else clock
        self._is_closed = False
        self._held: set[_MemoryReply] = set()
        self._stall_begun = asyncio.Event()
        self.requests: list[RecordedRequest] = []
        self.opened = 0

    @property
    def closed(self) -> int:
        """Answers that were closed again."""
        return self.opened - len(self._held)

    @property
    def open(self) -> int:
        """Answers that somebody still holds: 0 at the end of a test, or there is a leak."""
        return len(self._held)

    @property
    def stalled(self) -> int:
        """Readers that wait now for a body that stalls."""
        return sum(reply.is_stalled for reply in self._held)

    @property
    def unused(self) -> int:
        """Answers of a script that nobody asked for; always 0 for a function."""
        return len(self._answer_to.left) if isinstance(self._answer_to, _Script) else 0

    def release(self) -> None:
        """Let every body that is open go on to its end without stalling."""
        for reply in list(self._held):
            reply.release()

    async def wait_for_stall(self) -> None:
        """Wait until a reader waits for a body that stalls. Cancelling changes nothing."""
        while not self.stalled:
            self._stall_begun.clear()
            await self._stall_begun.wait()

    async def close(self) -> None:
        """Take no more requests, and break what is open. Idempotent."""
        self._is_closed = True
        for reply in list(self._held):
            reply.abort(ClientClosed("the client is closed"))

    async def send(
        self,
        request: Request,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the name callers know it by
        session: Any = None,
    ) -> "_MemoryReply":
        """See `Transport.send`.

        Raises:
            UnexpectedRequest: The script is at its end.
        """
        if self._is_closed:
            raise ClientClosed("the client is closed")
        body = await _body_of(request)
        recorded = RecordedRequest(
            request.method, request.target, request.headers, body, timeout, session
        )
        self.requests.append(recorded)
        outcome = await self._outcome(recorded)
        if isinstance(outcome, StorageError):
            raise outcome
        has_body = request.method != "HEAD" and outcome.may_have_body
        reply = _MemoryReply(outcome, has_body, self._stall_begun.set, self._held.discard)
        self._held.add(reply)
        self.opened += 1
        return reply

    async def _outcome(self, request: RecordedRequest) -> Outcome:
        outcome = self._answer_to(request)
        if inspect.isawaitable(outcome):
            return await self._in_time(outcome, request.timeout)
        await asyncio.sleep(0)  # as on a network, others run meanwhile
        return outcome

    async def _in_time(self, work: Awaitable[Outcome], seconds: float | None) -> Outcome:
        """What an async function returns, unless the caller's timeout is over before."""
        task = asyncio.ensure_future(work)
        timer = None if seconds is None else self._clock.call_later(seconds, lambda: _end(task))
        caller = asyncio.current_task()
        try:
            return await task
        except asyncio.CancelledError:
            if caller is not None and caller.cancelling():
                raise
            raise RequestTimeout(f"no answer within {seconds} s") from None
        finally:
            if timer is not None:
                timer.cancel()


def _end(task: asyncio.Future[Outcome]) -> None:
    task.cancel()


async def _body_of(request: Request) -> bytes:
    if isinstance(request.body, bytes):
        return request.body
    return b"".join([bytes(chunk) async for chunk in exact_chunks(request.body)])


class _Script:
    """Outcomes in order."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.left = deque(outcomes)

    def __call__(self, request: RecordedRequest) -> Outcome:
        if not self.left:
            raise UnexpectedRequest(f"no answer is left for {request.method} {request.url}")
        return self.left.popleft()


class _MemoryReply:
    """An `Answer` as a `ReplyStream`."""

    def __init__(
        self,
        answer: Answer,
        has_body: bool,  # noqa: FBT001 - private, and called once
        on_stall: Callable[[], None],
        on_close: Callable[["_MemoryReply"], None],
    ) -> None:
        self.head = answer.head
        self.framing = answer.framing if has_body else Framing.LENGTH
        self.raw = None
        self.whole = None
        self.buffered = 0
        self._on_close: Callable[[_MemoryReply], None] | None = on_close
        self._steps = deque(steps_of(answer) if has_body else ())
        self._error: StorageError | None = None
        self._changed = asyncio.Event()
        self._on_stall = on_stall
        self.is_stalled = False

    def receive_into(self, _target: memoryview) -> None:
        """See `ReplyStream.receive_into`: the bytes are here already."""

    async def read_piece(self, at_least: int = 1) -> bytes:
        """See `ReplyStream.read_piece`."""
        del at_least  # pieces come as the answer was cut
        while self._error is None and self._steps:
            step = self._steps[0]
            if isinstance(step, bytes):
                self._steps.popleft()
                return step
            if isinstance(step, StorageError):
                self._error = step
            else:
                await self._stall()
        if self._error is not None:
            raise self._error
        return b""

    async def _stall(self) -> None:
        self._changed.clear()
        self.is_stalled = True
        self._on_stall()
        try:
            await self._changed.wait()
        finally:
            self.is_stalled = False

    def release(self) -> None:
        """See `MemoryTransport.release`."""
        self._steps = deque(step for step in self._steps if not isinstance(step, Stall))
        self._changed.set()

    def abort(self, error: StorageError) -> None:
        """See `ReplyStream.abort`. What had arrived and was not read is still delivered."""
        arrived: list[bytes] = []
        for step in self._steps:
            if not isinstance(step, bytes):
                break
            arrived.append(step)
        if len(arrived) < len(self._steps):  # a body that is here to its end cannot be broken
            self._steps = deque([*arrived, error])
            self._changed.set()

    def close(self) -> None:
        """See `ReplyStream.close`."""
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            self.abort(ClientClosed("the answer was closed"))
            on_close(self)
