"""What would end the process, or fill its memory, in a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from memory_measuring import needs_linux
from vips_samples import GET, picture, sample

from storage_stream.testing.emulator_handle import EmulatorHandle

PROGRAM = Path(__file__).parent / "vips_process.py"
MIB = 1024 * 1024


def told(gcs: EmulatorHandle, what: str, *, errors: str = "") -> Any:
    """What the program printed; on stderr nothing but what matches."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, PROGRAM, gcs.url, what],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0
    assert re.fullmatch(errors, done.stderr), done.stderr
    return json.loads(done.stdout)


@needs_linux
def test_many_pictures_leave_no_memory_behind_and_never_abort(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "picture", picture(300, 200).write_to_buffer(".png"))
    marks = told(gcs, "rounds")
    assert marks["rss_200"] - marks["rss_20"] < 15 * MIB


def test_an_image_that_leaks_never_aborts_the_process(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "picture", sample("png"))
    # The image itself fails both times; the thumbnail without fail_on may be grey, and no more.
    assert told(gcs, "leak")["told"] in {12, 13, 14}


def test_a_program_that_ends_while_it_reads_ends(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "picture", sample("png"))
    gcs.arm_next(GET, "pass", "stall-for-600s-after-64K")
    unclosed = r"(Unclosed client session\nclient_session: .*\n)?"  # aiohttp's, and true
    assert told(gcs, "interrupted", errors=unclosed)["requests"] >= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_it_is_an_error_and_no_endless_waiting(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "picture", sample("png"))
    outcome = told(gcs, "forked")
    assert outcome["before"] == "True"
    assert "spawn" in outcome["after"]


def test_without_pyvips_the_error_says_what_to_install(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "picture", sample("png"))
    assert "install storage-stream[vips]" in told(gcs, "missing")["message"]
