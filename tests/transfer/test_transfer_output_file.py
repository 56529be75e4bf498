"""Pieces into a file: in the loop while that is quick, in threads where the disk is slow."""

import os
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cancelling import Moment, cancelled_at
from leaks import open_descriptors

from storage_stream._transfer.output_file import OutputFile, in_thread, opened_for_output


class Times:
    """A clock that stands still but for what a test makes a write take; notes who asks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.step = 0.0
        self.busy = 0.0
        self.busy_step = 0.0  # of each of the other
        self.threads: list[bool] = []

    def __call__(self) -> float:
        self.seconds += self.step
        self.busy += self.busy_step
        self.threads.append(threading.current_thread() is not threading.main_thread())
        return self.seconds

    def last_in_thread(self) -> bool:
        return self.threads[-1]


async def test_pieces_stand_where_they_were_put(tmp_path: Path) -> None:
    async with opened_for_output(tmp_path / "file", Times()) as file:
        await file.write(memoryview(b"xworldx")[1:6], 6)
        await file.write(b"hello ", 0)
    assert (tmp_path / "file").read_bytes() == b"hello world"


@asynccontextmanager
async def written(path: Path, times: Times) -> AsyncGenerator[OutputFile]:
    """A new file, on a machine whose processor nobody else uses."""
    with path.open("xb") as file:
        yield OutputFile(file.fileno(), times, busy=lambda: times.busy)


async def test_a_slow_disk_is_written_in_threads_until_it_is_quick_again(tmp_path: Path) -> None:
    times = Times()
    async with written(tmp_path / "file", times) as file:
        await file.write(b"a", 0)
        assert not times.last_in_thread()
        times.step = 0.1
        for offset in (1, 2):
            await file.write(b"b", offset)
            assert not times.last_in_thread()  # the one was looked at, and the other closely
        for offset in (3, 4):
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
    times.step = times.busy_step = 0.1
    async with written(tmp_path / "file", times) as file:
        for offset in range(10):
            await file.write(b"a", offset)
            assert not times.last_in_thread()


async def test_it_is_looked_at_closely_only_for_a_while(tmp_path: Path) -> None:
    times = Times()
    async with written(tmp_path / "file", times) as file:
        for _ in range(2):
            times.step = 0.1
            await file.write(b"a", 0)  # the first of its kind again
            assert not times.last_in_thread()
            times.step = 0.0
            for offset in range(256):
                await file.write(b"b", offset)
                assert not times.last_in_thread()


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


@pytest.mark.parametrize("moment", Moment)
async def test_cancelled_at_every_await_it_is_closed(tmp_path: Path, moment: Moment) -> None:
    times = Times()
    times.step = 1.0

    async def work(path: Path) -> None:
        async with opened_for_output(path, times) as file:
            for offset, letter in enumerate((b"a", b"b", b"c")):
                await file.write(letter, offset)

    before = open_descriptors()
    k = 0
    while await cancelled_at(work(tmp_path / str(k)), k, moment):
        assert open_descriptors() == before
        k += 1
    assert k >= 3
    assert (tmp_path / str(k)).read_bytes() == b"abc"


async def test_what_is_there_already_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        async with opened_for_output(tmp_path / "file", Times()):
            pytest.fail("it was opened")
    assert (tmp_path / "file").read_bytes() == b"old"
