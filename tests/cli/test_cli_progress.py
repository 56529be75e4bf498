import io
import json
import os
import subprocess
import sys

import pytest
from rich.console import Console

from storage_stream import ProgressSnapshot, Storage
from storage_stream.cli.output import Output
from storage_stream.cli.progress import Display, amount, time_left
from storage_stream.testing import EmulatorHandle

SIZE = 3_000_000


@pytest.mark.parametrize(
    ("now", "text", "left"),
    [
        (ProgressSnapshot(), "0 B", ""),
        (
            ProgressSnapshot(
                bytes_confirmed=1 << 20, bytes_total=3 << 20, bytes_per_second=1 << 20
            ),
            "1.0 MiB of 3.0 MiB",
            "0:00:02",
        ),
        (
            ProgressSnapshot(objects_done=2, objects_failed=1, objects_skipped=1, objects_total=9),
            "0 B, 4 of 9 objects",
            "",
        ),
        (ProgressSnapshot(bytes_confirmed=5, objects_done=2), "5 B, 2 objects", ""),
        (
            ProgressSnapshot(bytes_confirmed=9, bytes_total=5, bytes_per_second=1),
            "9 B of 5 B",
            "0:00:00",
        ),
    ],
)
def test_what_is_said(now: ProgressSnapshot, text: str, left: str) -> None:
    assert amount(now) == text
    assert time_left(now) == left


async def transferred(gcs: EmulatorHandle, display: Display) -> None:
    gcs.put("bucket", "a", bytes(SIZE))
    async with Storage() as storage, display:
        for _ in range(2):
            with display.transfer("gs://bucket/a") as progress:
                await storage.download("bucket", "a", progress=progress)


async def test_programs_get_events_and_the_last_one_is_the_end(gcs: EmulatorHandle) -> None:
    out = io.BytesIO()
    display = Display(Output(as_json=True, stdout=out, stderr=io.StringIO()), "Downloading")
    await transferred(gcs, display)
    last = [json.loads(line) for line in out.getvalue().splitlines()][-1]
    assert last["event"] == "progress"
    assert (last["bytes_confirmed"], last["bytes_total"]) == (2 * SIZE, 2 * SIZE)
    assert last["attempts"] == 2


async def test_quiet_is_quiet(gcs: EmulatorHandle) -> None:
    out, err = io.BytesIO(), io.StringIO()
    await transferred(gcs, Display(Output(quiet=True, stdout=out, stderr=err), "Downloading"))
    assert (out.getvalue(), err.getvalue()) == (b"", "")


async def test_no_terminal_gets_no_escape_codes(gcs: EmulatorHandle) -> None:
    out, err = io.BytesIO(), io.StringIO()
    await transferred(gcs, Display(Output(stdout=out, stderr=err), "Downloading"))
    assert out.getvalue() == b""
    assert "\x1b" not in err.getvalue()


async def test_a_terminal_gets_a_total_at_its_end(gcs: EmulatorHandle) -> None:
    err = io.StringIO()
    console = Console(file=err, force_terminal=True, width=120, height=30)
    output = Output(stdout=io.BytesIO(), stderr=err)
    await transferred(gcs, Display(output, "Downloading", console=console))
    assert "5.7 MiB of 5.7 MiB" in err.getvalue()
    assert err.getvalue().rstrip().endswith("\x1b[?25h")  # the cursor is there again


async def test_a_screen_is_never_filled_with_bars(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket")
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=8)
    display = Display(Output(stdout=io.BytesIO(), stderr=io.StringIO()), "Up", console=console)
    async with display:
        transfers = [display.transfer(f"{number}") for number in range(20)]
        for transfer in transfers:
            transfer.__enter__()
        assert len(display._bars.tasks) == 8 - 3 + 1
        transfers.pop(0).__exit__(None, None, None)
        assert len(display._bars.tasks) == 8 - 3 + 1  # who had none has the free row
        for transfer in transfers:
            transfer.__exit__(None, None, None)
        assert len(display._bars.tasks) == 1


BROKEN = """
import asyncio
from storage_stream.cli.output import Output
from storage_stream.cli.progress import Display

async def main():
    async with Display(Output(as_json=True), "Waiting"):
        await asyncio.sleep(3600)

try:
    asyncio.run(main())
except BrokenPipeError:
    import os, sys
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(7)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of POSIX")
def test_events_that_nobody_reads_end_what_is_under_way() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", BROKEN], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (7, b"")
