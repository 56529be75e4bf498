"""A file by its name: read without waiting where that can be, and the same bytes either way."""

from __future__ import annotations

import asyncio
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sample_data import patterned

from storage_stream._transfer.path_source import LENT_BYTES, PathSource
from storage_stream._transfer.source import pieces_of, source_of
from storage_stream.errors import InvalidArgument, TransferError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from concurrent.futures import Future

DATA = patterned(2 * LENT_BYTES + 77)
WAYS = {"in a thread": None, "at once": 0, "what is in memory": getattr(os, "RWF_NOWAIT", 0)}
KERNEL_FILE = Path("/proc/version")
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory
NEEDS_PREADV = pytest.mark.skipif(not hasattr(os, "preadv"), reason="no reads at a place here")


class Threads(ThreadPoolExecutor):
    """Counts what is done in threads."""

    calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.calls += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
async def threads() -> AsyncIterator[Threads]:
    executor = Threads(2)
    asyncio.get_running_loop().set_default_executor(executor)
    yield executor
    executor.shutdown()


@pytest.fixture
def memory_file() -> Iterator[Path]:
    if not MEMORY_FOLDER.is_dir():
        pytest.skip("no folder in memory")
    with tempfile.TemporaryDirectory(dir=MEMORY_FOLDER) as folder:
        path = Path(folder) / "file"
        path.write_bytes(DATA)
        yield path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(DATA)
    os.utime(tmp_path / "file", (1, 1))  # the clock may be too coarse to tell two writes
    return tmp_path / "file"


@pytest.fixture(params=WAYS)
def source(request: pytest.FixtureRequest, path: Path) -> PathSource:
    """The file, read in each way, whatever its file system knows."""
    made = PathSource(path)
    if WAYS[request.param] is not None and not hasattr(os, "preadv"):
        pytest.skip("no reads at a place here")
    made._prompt_flags = WAYS[request.param]
    return made


async def _joined(chunks: AsyncIterator[memoryview]) -> bytes:
    return b"".join([bytes(chunk) async for chunk in chunks])


@pytest.mark.parametrize(
    ("start", "stop"), [(0, len(DATA)), (5, 5), (3, LENT_BYTES + 3), (len(DATA) - 1, len(DATA))]
)
async def test_any_part(source: PathSource, start: int, stop: int) -> None:
    assert await _joined(source.chunks(start, stop)) == DATA[start:stop]
    assert await _joined(source.lent_chunks(start, stop)) == DATA[start:stop]


async def test_what_is_given_may_be_kept_and_what_is_lent_is_one_buffer(
    source: PathSource,
) -> None:
    kept = [chunk async for chunk in source.chunks(0, len(DATA))]
    assert b"".join(kept) == DATA
    lent = [chunk async for chunk in source.lent_chunks(0, len(DATA))]
    assert len({id(chunk.obj) for chunk in lent}) == 1


def _replaced(path: Path) -> None:
    newer = path.with_name("newer")
    newer.write_bytes(bytes(len(DATA)))
    newer.replace(path)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: os.truncate(path, LENT_BYTES),
        lambda path: path.write_bytes(DATA + b"more"),
        _replaced,
        pytest.param(
            _pipe,
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes here"),
        ),
    ],
    ids=["shorter", "longer", "replaced", "a pipe"],
)
async def test_a_file_that_changes(
    source: PathSource, path: Path, change: Callable[[Path], object]
) -> None:
    chunks = source.lent_chunks(0, len(DATA))
    assert bytes(await anext(chunks)) == DATA[:LENT_BYTES]
    change(path)
    with pytest.raises(TransferError, match="was changed"):
        await anext(chunks)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes here")
async def test_a_pipe_is_not_taken_for_a_file_without_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidArgument, match="pipe has no length"):
        PathSource(tmp_path / "pipe")  # without waiting for who writes to it


@pytest.mark.skipif(not KERNEL_FILE.exists(), reason="no such files here")
async def test_a_file_of_the_kernels_has_bytes_although_it_says_none() -> None:
    with pytest.raises(InvalidArgument, match="version has no length"):
        await source_of(KERNEL_FILE)
    with KERNEL_FILE.open("rb") as file:  # noqa: ASYNC230 - it is in memory
        opened = await source_of(file)
        assert b"".join([piece async for piece in pieces_of(opened)]).startswith(b"Linux")


async def test_a_file_without_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for path in (tmp_path / "empty", Path(os.devnull)):
        source = PathSource(path)
        assert source.length == 0


async def test_a_file_that_is_gone(source: PathSource, path: Path) -> None:
    os.unlink(path)  # noqa: PTH108 - ruff takes Path.unlink for what blocks a loop
    with pytest.raises(FileNotFoundError):
        await anext(source.chunks(0, 1))


@NEEDS_PREADV
async def test_a_file_in_memory_is_read_without_a_thread(
    memory_file: Path, threads: Threads
) -> None:
    source = PathSource(memory_file)
    assert await _joined(source.lent_chunks(0, len(DATA))) == DATA
    assert threads.calls == 0


async def test_what_cannot_be_read_at_once_is_read_in_a_thread(
    path: Path, threads: Threads
) -> None:
    source = PathSource(path)
    source._prompt_flags = None
    assert await _joined(source.lent_chunks(0, len(DATA))) == DATA
    assert threads.calls == 3


async def test_reading_on_and_on_lets_others_have_their_turn(source: PathSource) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await _joined(source.lent_chunks(0, len(DATA)))
    task.cancel()
    assert turns >= 3
