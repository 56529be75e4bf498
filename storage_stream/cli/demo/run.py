"""The demonstration from beginning to end: what happens in which order, and what is told of it."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from storage_stream import Storage
from storage_stream.cli.demo import journeys
from storage_stream.cli.demo.byte_size import megabytes
from storage_stream.cli.demo.dataset import LOG, TABLE, DataSet, DataSetMaker
from storage_stream.cli.demo.emulator_process import emulator_process
from storage_stream.cli.demo.peak_memory import peak_memory_bytes
from storage_stream.cli.demo.screen import Screen
from storage_stream.cli.output import Output

_ROOM = 2.9
"""Bytes on disk for each byte of the data set: made, stored, the table and the pictures again."""


class NoRoomError(Exception):
    """The disk is too full."""


async def demonstrate(output: Output, size: int, *, keep: bool) -> None:
    """Run the demonstration, and leave nothing behind but what was to be kept.

    Cancelling ends the emulator and removes the files, as every other way out does.

    Args:
        output: Where it is told.
        size: Bytes of the data set.
        keep: Leave the files where they are, and say where.

    Raises:
        NoRoomError: There is too little room for temporary files.
        EmulatorProcessError: The emulator does not start.
        WrongDataError: Something came back changed.
        StorageError: The client gave up.
    """
    folder = Path(tempfile.mkdtemp(prefix="storage-stream-demo-"))
    try:
        check_room(folder, size)
        with Screen(output) as screen:
            await _all_steps(folder, size, screen)
        if keep:
            output.event("kept", folder=str(folder))
            screen.say(f"Kept: {folder} (made, stored, copies). To look at what was stored, run")
            screen.say(f"  storage-stream emulator --data {folder / 'stored'}")
    finally:
        # Cancelling does not stop a worker thread, and one that still writes would fill the folder.
        await asyncio.get_running_loop().shutdown_default_executor()
        if not keep:
            shutil.rmtree(folder)


def check_room(folder: Path, size: int) -> None:
    """Refuse a data set that does not fit.

    Raises:
        NoRoomError: Its files would fill the disk.
    """
    free, needed = shutil.disk_usage(folder).free, int(size * _ROOM)
    if free < needed:
        raise NoRoomError(
            f"The demo needs {megabytes(needed)} MB in {folder.parent}, and {megabytes(free)} MB "
            "are free. Choose a smaller --size, or another folder by TMPDIR."
        )


async def _all_steps(folder: Path, size: int, screen: Screen) -> None:
    copies = folder / "copies"
    copies.mkdir()
    made = await _make(folder / "made", size, screen)
    async with emulator_process(folder / "stored") as emulator:
        screen.say(f"The emulator runs at {emulator.url}, as a process of its own.")
        async with Storage(api_root=emulator.url, api_is_dev=True) as storage:
            bar = screen.step("uploading it", made.size)
            outcomes = [await journeys.upload_all(storage, made, bar)]
            table = _size_of(made, TABLE)
            await emulator.cut_next_download(at_byte=table // 2)
            bar = screen.step("one large object, cut midway", table)
            outcomes.append(await journeys.one_large_object(storage, made, copies, bar))
            requests = await emulator.downloads()
            rest = made.size - table - _size_of(made, LOG)
            bar = screen.step("a prefix, several at once", rest)
            outcomes.append(await journeys.a_prefix(storage, made, copies, bar))
            bar = screen.step("JSON lines: filter, gzip, upload", _size_of(made, LOG))
            outcomes.append(await journeys.a_pipeline(storage, made, copies, bar))
            result = await storage.download_metadata(journeys.OUTPUT, journeys.RESULT)
    screen.table(outcomes)
    for line in (*_cut_story(requests, table), *_summary(made, int(result.get("size", 0)))):
        screen.say(line)


async def _make(folder: Path, size: int, screen: Screen) -> DataSet:
    """Make the data set in worker threads, block by block, so that Ctrl-C is heard between."""
    maker = DataSetMaker(folder, size)
    steps = maker.steps()
    bar = screen.step("making a data set", size)
    while (count := await asyncio.to_thread(next, steps, None)) is not None:
        bar.advance(count)
    return maker.made


def _size_of(made: DataSet, name: str) -> int:
    return next(file.size for file in made.files if file.name == name)


def _cut_story(requests: Sequence[dict[str, Any]], size: int) -> Iterator[str]:
    """What the emulator's own log says about the download that was cut."""
    yield "One connection was cut on purpose. The emulator's log of that download:"
    for number, request in enumerate(requests, 1):
        asked = request["range"] or "all of it"
        end = "then cut" if request["fault"] else "to the end"
        sent = f"{request['bytes_out']:,} bytes sent, {end}"
        yield f"  request {number} for {asked}: {request['status']}, {sent}"
    twice = sum(request["bytes_out"] for request in requests) - size
    yield f"  of {size:,} bytes {twice:,} were sent twice"


def _summary(made: DataSet, packed: int) -> Iterator[str]:
    yield (
        f"The filter kept {made.wanted_lines:,} of {made.log_lines:,} JSON lines; "
        f"the result is {packed:,} bytes of gzip."
    )
    yield "Verified twice: crc32c by the client, SHA-256 against the files that were made."
    yield "Client and emulator shared this machine; MB/s says as much about it as of them."
    peak = peak_memory_bytes()
    if peak is not None:
        yield f"The most memory this program (the client) ever held: {megabytes(peak)} MB."
