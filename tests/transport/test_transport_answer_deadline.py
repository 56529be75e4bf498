"""Silence is waited for as long as was said; who is slow is waited for until he is silent."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, cast

import pytest

from storage_stream._transport.lean.answer_deadline import AnswerDeadline
from storage_stream._transport.lean.unsent import unsent_by

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class _Timer:
    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class _Scene:
    """A loop whose time is told, and a kernel that says what it holds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.unsent = 0
        self.over_at: list[float] = []
        self._timers: list[_Timer] = []
        loop = cast("asyncio.AbstractEventLoop", self)
        self.deadline = AnswerDeadline(loop, lambda: self.unsent, self._over)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> _Timer:
        self._timers.append(timer := _Timer(when, call))
        return timer

    def until(self, when: float, bytes_per_second: int = 0) -> None:
        """Let time pass, in which the other side confirms so many bytes in each second."""
        while due := [timer for timer in self.waiting if timer.when <= when]:
            timer = min(due, key=lambda each: each.when)
            self._timers.remove(timer)
            self._pass(timer.when, bytes_per_second)
            timer.call()
        self._pass(when, bytes_per_second)

    @property
    def waiting(self) -> list[_Timer]:
        return [timer for timer in self._timers if not timer.is_cancelled]

    def _pass(self, when: float, bytes_per_second: int) -> None:
        self.unsent = max(0, self.unsent - int((when - self.now) * bytes_per_second))
        self.now = when

    def _over(self, seconds: float | None) -> None:
        assert seconds == 8
        self.over_at.append(self.now)
        self.deadline.stop()


def test_an_answer_that_does_not_come() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.until(100)
    assert scene.over_at == [8]


def test_nothing_is_waited_for_without_a_deadline() -> None:
    scene = _Scene()
    scene.deadline.start(None, None)
    scene.deadline.put_off()
    assert scene.waiting == []


def test_one_timer_serves_many_requests() -> None:
    scene = _Scene()
    for second in range(50):
        scene.until(second)
        scene.deadline.start(second + 8, 8)
        assert len(scene.waiting) == 1
        scene.deadline.stop()
    scene.until(100)
    assert scene.waiting == []
    assert scene.over_at == []


def test_each_piece_puts_it_off() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    for second in range(5, 50, 5):
        scene.until(second)
        scene.unsent = 1_000
        scene.deadline.put_off()
    scene.until(100)
    assert scene.over_at == [53]


def test_what_the_kernel_gets_rid_of_puts_it_off() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.unsent = 5_000
    scene.deadline.put_off()
    scene.until(50, bytes_per_second=100)
    assert scene.unsent == 0
    assert scene.over_at == []
    scene.until(100)
    assert scene.over_at == [58]


def test_what_it_does_not_get_rid_of_does_not() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.unsent = 5_000
    scene.deadline.put_off()
    scene.until(100)
    assert scene.over_at == [8]


def test_what_went_out_at_once_is_waited_for_a_fourth_longer_at_most() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.unsent = 5_000
    scene.deadline.put_off()
    scene.until(100, bytes_per_second=1_000_000)
    assert scene.over_at == [10]


def test_the_body_of_a_request_is_not_that_of_the_next() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.unsent = 5_000
    scene.deadline.put_off()
    scene.deadline.stop()
    scene.deadline.start(9, 8)
    scene.until(100, bytes_per_second=100)
    assert scene.over_at == [9]


def test_closing_leaves_no_timer() -> None:
    scene = _Scene()
    scene.deadline.start(8, 8)
    scene.deadline.close()
    scene.deadline.close()
    assert scene.waiting == []


class _Transport:
    def __init__(self, connected: socket.socket | None) -> None:
        self._connected = connected

    def get_write_buffer_size(self) -> int:
        return 5

    def get_extra_info(self, _: str) -> socket.socket | None:
        return self._connected


def _unsent(connected: socket.socket | None) -> int:
    return unsent_by(cast("asyncio.WriteTransport", _Transport(connected)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel does not tell")
def test_what_nobody_has_read_is_unsent(tmp_path_factory: pytest.TempPathFactory) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert _unsent(ours) == 5
        ours.sendall(b"x" * 100)
        assert _unsent(ours) >= 105
        assert theirs.recv(200) == b"x" * 100
        assert _unsent(ours) == 5
    assert _unsent(ours) == 5  # it is closed
    with (tmp_path_factory.mktemp("no") / "socket").open("wb") as file:
        assert _unsent(cast("socket.socket", file)) == 5


def test_what_is_no_socket_has_what_waits_in_this_process() -> None:
    assert _unsent(None) == 5
