"""The window: whatever comes and goes, what it holds is what the object has there."""

from hypothesis import given
from hypothesis import strategies as st

from storage_stream.files.window import ByteWindow

KEEP = 16
OBJECT = bytes(range(256)) * 8

STEPS = st.lists(
    st.tuples(st.sampled_from(["extend", "pass", "trim", "restart"]), st.integers(0, 60)),
    max_size=60,
)


@given(STEPS)
def test_it_holds_what_the_object_has(steps: list[tuple[str, int]]) -> None:
    window = ByteWindow(KEEP)
    read = 0  # what lies before was read
    for what, number in steps:
        end = window.end
        if what == "extend":
            window.extend(OBJECT[end : end + number])
        elif what == "pass":
            window.pass_by(OBJECT[end : end + number])
            read = window.end
        elif what == "trim":
            read = min(window.end, read + number)
            window.trim(read)
        else:
            window.restart(number)
            read = number
        assert window.slice(window.start, window.end) == OBJECT[window.start : window.end]
        assert window.start <= read <= window.end
        if what in {"pass", "trim"}:
            assert read - window.start <= 2 * KEEP


def test_what_was_read_last_is_kept() -> None:
    window = ByteWindow(KEEP)
    for start in range(0, 1000, 7):
        window.pass_by(OBJECT[start : start + 7])
        kept = min(KEEP, window.end)
        assert window.slice(window.end - kept, window.end) == OBJECT[window.end - kept : window.end]
    window.pass_by(OBJECT[window.end :])
    assert window.start == len(OBJECT) - KEEP
    assert window.covers(len(OBJECT))
    assert not window.covers(len(OBJECT) + 1)


def test_the_end_of_a_line() -> None:
    window = ByteWindow(KEEP)
    window.restart(100)
    window.extend(b"ab\ncd\nef")
    assert window.line_end(100, window.end) == 103
    assert window.line_end(103, window.end) == 106
    assert window.line_end(106, window.end) is None
    assert window.line_end(103, 105) is None
