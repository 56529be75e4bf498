"""Which faults are armed for whom.

Three ways lead to a request: a header of its own, a retry test whose id it carries, and the next
requests of an operation whoever sends them. A fault is spent when it takes effect, not when a
request looks at it, so a fault at byte N waits for a body that reaches byte N. This module refuses
to know how a fault takes effect.
"""

import secrets
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from storage_stream.emulator.faults.words import Fault, parse_word

TEST_ID_HEADER = "x-retry-test-id"
INSTRUCTIONS_HEADER = "x-goog-emulator-instructions"


class RetryTestState(TypedDict):
    """What `GET /retry_test/ID` answers."""

    id: str
    instructions: dict[str, list[str]]
    transport: str
    completed: bool


class UnknownOperationError(ValueError):
    """A fault was armed for an operation that the emulator does not serve.

    It is refused because a fault that nothing can meet is a mistake in a test.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown operation: {name!r}; an example of one is 'storage.objects.get'")
        self.name = name


class UnknownTestError(LookupError):
    """No retry test has this id."""

    def __init__(self, test_id: str) -> None:
        super().__init__(f"no retry test has the id {test_id!r}")
        self.test_id = test_id


@dataclass(slots=True)
class Armed:
    """The fault a request may meet."""

    fault: Fault
    _queue: deque[Fault]
    spent: bool = False

    def claim(self) -> bool:
        """Spend the fault; False if another request was faster. True once and for all else."""
        if not self.spent and self._queue and self._queue[0] is self.fault:
            self._queue.popleft()
            self.spent = True
        return self.spent


@dataclass(frozen=True, slots=True)
class _RetryTest:
    test_id: str
    queues: Mapping[str, deque[Fault]]

    def state(self) -> RetryTestState:
        left = {name: [fault.word for fault in queue] for name, queue in self.queues.items()}
        return {
            "id": self.test_id,
            "instructions": left,
            "transport": "HTTP",
            "completed": not any(left.values()),
        }


@dataclass(slots=True)
class FaultBook:
    """All armed faults of one emulator.

    Attributes:
        operations: what a fault can be armed for.
    """

    operations: frozenset[str]
    _tests: dict[str, _RetryTest] = field(default_factory=dict[str, _RetryTest])
    _next: dict[str, deque[Fault]] = field(default_factory=dict[str, deque[Fault]])

    def arm(self, instructions: Mapping[str, Sequence[str]]) -> str:
        """Make a retry test and return its id.

        Raises:
            UnknownWordError: naming the word; nothing is armed.
            UnknownOperationError: naming the operation; nothing is armed.
        """
        queues = {self._known(name): _queue(words) for name, words in instructions.items()}
        test_id = secrets.token_hex(16)
        self._tests[test_id] = _RetryTest(test_id, queues)
        return test_id

    def arm_next(self, instructions: Mapping[str, Sequence[str]]) -> None:
        """Let the next requests of each operation meet its words one by one, whoever sends them.

        Raises:
            UnknownWordError: naming the word; nothing is armed.
            UnknownOperationError: naming the operation; nothing is armed.
        """
        queues = {self._known(name): _queue(words) for name, words in instructions.items()}
        for name, queue in queues.items():
            self._next.setdefault(name, deque()).extend(queue)

    def state(self, test_id: str) -> RetryTestState:
        """What is left of a retry test.

        Raises:
            UnknownTestError: no such test.
        """
        return self._test(test_id).state()

    def states(self) -> list[RetryTestState]:
        """What is left of every retry test."""
        return [test.state() for test in self._tests.values()]

    def waiting(self) -> dict[str, list[str]]:
        """What `arm_next` armed and nobody has met yet."""
        return {
            name: [fault.word for fault in queue] for name, queue in self._next.items() if queue
        }

    def end(self, test_id: str) -> None:
        """Forget a retry test.

        Raises:
            UnknownTestError: no such test.
        """
        self._test(test_id)
        del self._tests[test_id]

    def forget_next(self, operation: str | None = None) -> None:
        """Disarm what `arm_next` armed.

        Args:
            operation: for which it was; None takes all.

        Raises:
            UnknownOperationError: naming the operation.
        """
        if operation is None:
            self._next.clear()
        else:
            self._next.pop(self._known(operation), None)

    def clear(self) -> None:
        """Forget every fault."""
        self._tests.clear()
        self._next.clear()

    def armed_for(self, headers: Mapping[str, str], operation: str | None) -> Armed | None:
        """The fault that a request may meet: its own, its test's, or the operation's next.

        Raises:
            UnknownWordError: the request's own instruction is unknown.
            UnknownTestError: the request names a test that is not there.
        """
        if word := headers.get(INSTRUCTIONS_HEADER):
            return _first(_queue([word]))
        if operation is None:
            return None
        if test_id := headers.get(TEST_ID_HEADER):
            return _first(self._test(test_id).queues.get(operation))
        return _first(self._next.get(operation))

    def _known(self, operation: str) -> str:
        if operation not in self.operations:
            raise UnknownOperationError(operation)
        return operation

    def _test(self, test_id: str) -> _RetryTest:
        if (test := self._tests.get(test_id)) is None:
            raise UnknownTestError(test_id)
        return test


def _queue(words: Iterable[str]) -> deque[Fault]:
    return deque(parse_word(word) for word in words)


def _first(queue: deque[Fault] | None) -> Armed | None:
    return Armed(queue[0], queue) if queue else None
