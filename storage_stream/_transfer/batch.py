"""Calls sent together, and each repeated on its own where that is safe and of use."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from storage_stream._protocol.batch import (
    MAX_BATCH_BYTES,
    MAX_CALLS,
    batch_request,
    encode_call,
)
from storage_stream._protocol.http import Framing, Headers
from storage_stream._protocol.replies import is_success
from storage_stream._protocol.retry import RetryBudget, is_transient, never_sent
from storage_stream.errors import ProtocolError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from storage_stream._protocol.batch import EncodedCall
    from storage_stream._protocol.http import Reply, ReplyHead
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transport.sender import Sender

__all__ = ["BatchAnswer", "cut_into_batches", "send_batch"]

T = TypeVar("T")

_UNAUTHORIZED = 401
_OUTER_HEADERS = frozenset({"authorization", "user-agent", "x-goog-user-project"})


class BatchAnswer(Generic[T]):
    """What became of one call of a batch: a value, or the error in its place."""

    __slots__ = ("error", "value")

    def __init__(self, value: T | None, error: StorageError | None = None) -> None:
        self.value = value
        self.error = error


def cut_into_batches(
    operations: Iterable[Operation[Any]], options: RequestOptions
) -> Iterator[list[EncodedCall]]:
    """Calls in groups that fit into one request each, with the caller's options in every call.

    Raises:
        InvalidArgument: A call that no batch takes.
    """
    batch: list[EncodedCall] = []
    size = 0
    for operation in operations:
        call = encode_call(operation.with_options(options))
        if len(batch) == MAX_CALLS or size + len(call.content) > MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(call)
        size += len(call.content)
    if batch:
        yield batch


async def send_batch(
    sender: Sender, calls: list[EncodedCall], options: RequestOptions
) -> list[BatchAnswer[Any]]:
    """Send calls in one request, and those that met a passing error again, as `options` says.

    One request, and one for each round of repeats. No error is raised for a call; it stands in its
    place. Cancelling closes the connection; what of the calls was carried out is then unknown.

    Args:
        sender: Makes the requests.
        calls: At most as many as one batch takes.
        options: The caller's; its headers and parameters are already in the calls.
    """
    sending = _Sending(sender, options)
    answers: dict[int, BatchAnswer[Any]] = {}
    waiting = dict(enumerate(calls))
    while waiting:
        round_ = await sending.send(waiting)
        again = sending.to_repeat(waiting, round_)
        delay = sending.delay([error for _, error in again]) if again else None
        left = {number for number, _ in again} if delay is not None else set[int]()
        answers |= {number: answer for number, answer in round_.items() if number not in left}
        waiting = {number: calls[number] for number in sorted(left)}
        if delay is not None:
            await sender.pause(delay, again[0][1], again[0][1].subject or "", options.meter)
    return [answers[number] for number in range(len(calls))]


class _Sending:
    """One batch on its way: what was tried so far."""

    def __init__(self, sender: Sender, options: RequestOptions) -> None:
        self._sender = sender
        self._options = options
        self._budget = RetryBudget(options.retry)
        self._begun = sender.clock.now()
        self._renewed = False

    async def send(self, calls: Mapping[int, EncodedCall]) -> dict[int, BatchAnswer[Any]]:
        """One request."""
        self._budget.attempts += 1
        outer = [line for line in self._options.headers if line[0].lower() in _OUTER_HEADERS]
        request = batch_request(calls, secrets.token_hex(16), Headers(outer))
        once = replace(
            self._options, headers=(), params=(), retry=replace(self._options.retry, retries=0)
        )
        try:
            for call in calls.values():
                self._sender.check_part(call.operation.headers)
            replies = await self._sender.send(request, once)
            refused = {n: calls[n] for n, reply in replies.items() if reply.status == _UNAUTHORIZED}
            if refused and await self._has_new_token():
                self._budget.attempts -= 1  # nothing of these was carried out
                return await self.send(refused) | {
                    n: await self._answer(call, replies.get(n))
                    for n, call in calls.items()
                    if n not in refused
                }
        except StorageError as error:
            return {number: self._failed(call, _copy(error)) for number, call in calls.items()}
        return {
            number: await self._answer(call, replies.get(number)) for number, call in calls.items()
        }

    def to_repeat(
        self, calls: Mapping[int, EncodedCall], answers: Mapping[int, BatchAnswer[Any]]
    ) -> list[tuple[int, StorageError]]:
        """The calls that another attempt may well help, and cannot harm."""
        return [
            (number, answer.error)
            for number, answer in answers.items()
            if answer.error is not None
            and is_transient(answer.error)
            and self._may_repeat(calls[number].operation, answer.error)
        ]

    def delay(self, errors: list[StorageError]) -> float | None:
        """Seconds until the next attempt, or None when there is none."""
        asked = [self._sender.retry_after(error) or 0.0 for error in errors]
        return self._budget.after(self._sender.random(), max(asked))

    async def _has_new_token(self) -> bool:
        """Once: the service looks at the token of each call, and may refuse it there only."""
        is_first, self._renewed = not self._renewed, True
        is_ours = self._options.header("authorization") is None
        return is_first and is_ours and await self._sender.renew_token(self._options.timeout)

    def _may_repeat(self, operation: Operation[Any], error: StorageError) -> bool:
        return operation.is_idempotent or self._options.retry.always or never_sent(error)

    async def _answer(self, call: EncodedCall, reply: Reply | None) -> BatchAnswer[Any]:
        operation = call.operation
        if reply is None:
            return self._failed(call, ProtocolError("the answer to a batch leaves this call out"))
        if not is_success(reply.status):
            refusal = await self._sender.refusal(_Part(reply), operation.request, operation.subject)
            if self._budget.attempts > 1 and operation.was_done(refusal):
                return BatchAnswer(operation.parse_done())
            return self._failed(call, refusal)
        try:
            return BatchAnswer(operation.parse(reply))
        except ProtocolError as error:
            return self._failed(call, error)

    def _failed(self, call: EncodedCall, error: StorageError) -> BatchAnswer[Any]:
        error.method, error.subject = call.operation.method, call.operation.subject
        attempts = self._budget.attempts
        return BatchAnswer(
            None, self._sender.enriched(error, call.operation, attempts, self._begun)
        )


def _copy(error: StorageError) -> StorageError:
    """The same error for another call: each names its own object."""
    rebuild, arguments = error.__reduce__()[:2]
    copied: StorageError = rebuild(*arguments)
    return copied


class _Part:
    """An answer from inside a batch, in the shape of one that came by itself."""

    framing = Framing.LENGTH
    raw = None
    whole = None  # nobody looks: a refusal is read
    buffered = 0

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._left = reply.body

    @property
    def head(self) -> ReplyHead:
        return self._reply.head

    def receive_into(self, _target: memoryview) -> None:
        """Nothing is to be gained: all of it is here."""

    async def read_piece(self, at_least: int = 1) -> bytes:
        del at_least  # all of it is here
        piece, self._left = self._left, b""
        return piece

    def abort(self, error: StorageError) -> None:
        raise error

    def close(self) -> None:
        self._left = b""
