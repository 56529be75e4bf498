"""Pieces into a file: in the loop while that is quick, in threads where the disk is slow."""

import math
import os
import sys
import threading
from pathlib import Path

import pytest
from cancelling import Moment, cancelled_at
from leaks import open_below

from storage_stream._transfer.output_file import (
    OutputFile,
    in_thread,
    opened_for_output,
    thread_waits,
)


class Times:
    """A clock that stands still but for what a test makes a write take; notes who asks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step = 0.0
        self.threads: list[bool] = []

    def __call__(self) -> float:
        self.seconds += self.step
        self.threads.append(threading.current_thread() is not threading.main_thread())
        return self.seconds

    def last_in_thread(self) -> bool:
        return self.threads[-1]


async def test_pieces_stand_where_they_were_put(tmp_path: Path) -> None:
    async with opened_for_output(tmp_path / "file", Times()) as file:
        await file.write(memoryview(b"xworldx")[1:6], 6)
        await file.write(b"hello ", 0)
    assert (tmp_path / "file").read_bytes() == b"hello world"


async def test_a_slow_disk_is_written_in_threads_until_it_is_quick_again(tmp_path: Path) -> None:
    times = Times()
    with (tmp_path / "file").open("xb") as opened:
        file = OutputFile(opened.fileno(), times, waits=lambda: times.seconds)
        await file.write(b"a", 0)
        assert not times.last_in_thread()
        times.step = 0.1
        await file.write(b"b", 1)
        assert not times.last_in_thread()  # it was the one that showed it
        for offset in (2, 3):
            await file.write(b"c", offset)
            assert times.last_in_thread()
        times.step = 0.0
        for offset in range(256):
            await file.write(b"d", offset)
            assert times.last_in_thread()
        await file.write(b"e", 256)
        assert not times.last_in_thread()
    assert (tmp_path / "file").read_bytes() == b"d" * 256 + b"e"


async def test_a_busy_processor_is_no_slow_disk(tmp_path: Path) -> None:
    times = Times()
    times.step = 0.1
    with (tmp_path / "file").open("xb") as opened:
        file = OutputFile(opened.fileno(), times, waits=lambda: 7)
        for offset in range(3):
            await file.write(b"a", offset)
            assert not times.last_in_thread()


async def test_where_nobody_knows_what_was_waited_for_what_is_long_is_slow(tmp_path: Path) -> None:
    times = Times()
    times.step = 0.1
    with (tmp_path / "file").open("xb") as opened:
        file = OutputFile(opened.fileno(), times, waits=lambda: math.nan)
        await file.write(b"a", 0)
        await file.write(b"a", 1)
        assert times.last_in_thread()


@pytest.mark.skipif(sys.platform != "linux", reason="nobody else tells")
def test_a_thread_that_waits_is_told_from_one_that_works() -> None:
    before = thread_waits()
    waiting = threading.Event()
    threading.Timer(0.01, waiting.set).start()
    waiting.wait()
    assert thread_waits() > before


async def test_a_pipe_is_always_written_in_a_thread(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    times = Times()
    file = OutputFile(writing, times, is_regular=False)
    data = bytes(200_000)  # more than a pipe holds
    got: list[bytes] = []

    def read() -> None:
        while piece := os.read(reading, 65_536):
            got.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(3):
        await file.write(data, 0)
        assert times.last_in_thread()
    os.close(writing)
    await in_thread(reader.join)
    os.close(reading)
    assert b"".join(got) == data * 3
    del tmp_path


def made(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize("moment", Moment)
async def test_cancelled_at_every_await_it_is_closed(tmp_path: Path, moment: Moment) -> None:
    async def work(path: Path) -> None:
        async with opened_for_output(path, Times(), is_new=False) as file:  # always in a thread
            await file.write(b"a", 0)
            await file.write(b"b", 1)

    k = 0
    while await cancelled_at(work(made(tmp_path / str(k))), k, moment):
        assert open_below(tmp_path) == []
        k += 1
    assert k >= 3
    assert (tmp_path / str(k)).read_bytes() == b"ab"


async def test_what_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        async with opened_for_output(tmp_path / "file", Times()):
            pytest.fail("it was opened")
    assert (tmp_path / "file").read_bytes() == b"old"
