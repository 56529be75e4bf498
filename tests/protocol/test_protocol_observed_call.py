"""An observed call begins when it is asked for, ends once, and counts for the caller's meter."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream._protocol import observer
from storage_stream._protocol.observed_call import ObservedCall

if TYPE_CHECKING:
    from collections.abc import Iterator


class Told:
    """An observation and a meter that write down what they are told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *said: self.told.append((name, *said))

    @contextmanager
    def current(self) -> Iterator[None]:
        self.told.append(("entered",))
        try:
            yield
        finally:
            self.told.append(("left",))


def test_what_did_not_begin_does_not_end() -> None:
    begun: list[Told] = []

    def begin() -> Any:
        begun.append(Told())
        return begun[-1]

    call = ObservedCall(begin)
    call.ended()
    assert begun == []
    assert call.observation is call.observation
    assert len(begun) == 1
    call.ended()
    call.ended(ValueError())
    assert begun[0].told == [("ended", None)]


def test_a_block_is_the_call() -> None:
    seen: Any = Told()
    error = ValueError("of the block")

    def fail() -> None:
        with ObservedCall(lambda: seen):
            seen.told.append(("within",))
            raise error

    with pytest.raises(ValueError, match="of the block"):
        fail()
    assert [told[0] for told in seen.told] == ["entered", "within", "left", "ended"]
    assert seen.told[-1] == ("ended", error)
    with ObservedCall(lambda: seen):
        seen.told.clear()
    assert seen.told == [("left",), ("ended", None)]


def test_a_meter_is_told_besides() -> None:
    meter: Any = Told()
    seen: Any = Told()
    for call in (ObservedCall(lambda: seen, meter), ObservedCall(lambda: seen)):
        call.attempt()
        call.answered(200)
        call.expect(5)
        call.moved(4)
        call.gained(3)
        call.resumed()
    counts = [("attempt",), ("answered", 200), ("expect", 5), ("moved", 4), ("gained", 3)]
    assert meter.told == [*counts, ("resumed",)]
    assert seen.told == [("resumed",), ("resumed",)]


def test_what_an_observer_is_told() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(observer.Observer) == {"begin"}
    assert methods(observer.Observation) == {"current", "attempt", "waits", "resumed", "ended"}
    assert methods(observer.Attempt) == {"headers", "sent", "answered", "received", "ended"}
