"""Who may use a stream or file: one task at a time, and nobody after it was closed."""

import pytest

from storage_stream._transfer.turn import Turn
from storage_stream.errors import StreamClosed, UsageError

NAME = "gs://bucket/name"


def test_turns_follow_each_other_also_after_a_failure() -> None:
    turn = Turn(NAME)
    with pytest.raises(ZeroDivisionError), turn:
        raise ZeroDivisionError
    with turn:
        pass


def test_two_at_once_are_refused_and_the_first_goes_on() -> None:
    turn = Turn(NAME, "stream")
    with turn:
        for _ in range(2):
            with pytest.raises(UsageError, match="another task is using this stream") as told:
                turn.__enter__()
            assert told.value.subject == NAME
    with turn:
        pass


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(NAME), "the file is closed"),
        (Turn(NAME, "stream"), "the stream is closed"),
        (Turn(NAME, "stream", "the object is made"), "the object is made"),
    ],
)
def test_what_is_closed_says_so(turn: Turn, words: str) -> None:
    turn.check_open()
    turn.closed = True
    with pytest.raises(StreamClosed, match=words) as told:
        turn.check_open()
    assert told.value.subject == NAME
    with pytest.raises(StreamClosed, match=words), turn:
        raise AssertionError("it cannot be entered")
