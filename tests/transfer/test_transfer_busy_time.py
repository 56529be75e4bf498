"""How long a thread has been busy, as the kernel tells it."""

import time
from pathlib import Path

import pytest

from storage_stream._transfer.busy_time import busy_seconds


def test_a_thread_that_works_is_busy() -> None:
    before, began = busy_seconds(), time.thread_time()
    while time.thread_time() < began + 0.03:  # longer than a tick, at which the kernel counts
        pass
    assert busy_seconds() > before


def test_standing_in_line_for_a_processor_is_being_busy(tmp_path: Path) -> None:
    statistics = tmp_path / "schedstat"
    statistics.write_text("2000000000 1500000000 7\n")
    assert busy_seconds(statistics) == 3.5


@pytest.mark.parametrize("text", [None, "", "0 0 0\n", "words\n"])
def test_where_the_kernel_tells_nothing_the_time_it_ran_is_taken(
    tmp_path: Path, text: str | None
) -> None:
    statistics = tmp_path / "schedstat"
    if text is not None:
        statistics.write_text(text)
    before = time.thread_time()
    assert before <= busy_seconds(statistics) <= time.thread_time()
