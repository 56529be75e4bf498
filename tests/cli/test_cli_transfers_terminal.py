"""`cp -r` of 300 files as a person sees it: in a terminal, in a pipe, and stopped in the middle."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from cli_running import make_tree, tree
from terminal import PROGRAM, WAIT_SECONDS, Terminal, environment_for, wait_for

from storage_stream.testing.emulator_handle import EmulatorHandle

FILES = {f"{number % 7}/{number:03}": b"%d" % number * 997 for number in range(300)}
SIZE = sum(map(len, FILES.values()))


@pytest.fixture
def environment(gcs: EmulatorHandle, tmp_path: Path) -> dict[str, str]:
    return environment_for(tmp_path, gcs.url)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    make_tree(tmp_path / "here/tree", FILES)
    return tmp_path / "here"


@pytest.fixture
def stalled(gcs: EmulatorHandle) -> None:
    """Of 300 uploads, 150 pass and the next four stand still until they are given up."""
    passing = ["pass"] * 150
    gcs.arm_next("storage.objects.insert", *passing, *["stall-for-600s-after-0K"] * 4)


def wait_for_requests(gcs: EmulatorHandle, operation: str, count: int) -> None:
    wait_for(lambda: len(gcs.log.select(operation=operation)) >= count)


def percentages(shown: str) -> list[int]:
    """How many objects each picture of the total says are there."""
    return [int(found) for found in re.findall(r"(\d+) of 300 objects", shown)]


def test_bars_move_up_and_down_to_the_right_end(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    # A tenth of a second for every tenth object: it would be over before it is drawn twice.
    slow = [*["pass"] * 9, "stall-for-0.1s-after-0K"] * 30
    gcs.arm_next("storage.objects.insert", "return-503", *slow)
    url = f"gs://{gcs_bucket}/p"
    up = Terminal(here, environment, "cp", "-r", "--concurrency", "4", "tree", url)
    status, shown = up.end()
    counts = percentages(shown)
    assert (status, counts[-1], counts == sorted(counts)) == (0, 300, True)
    assert len(set(counts)) >= 3
    assert re.search(r"Trying again in [\d.]+ s: .*503", shown)  # above the bars
    assert "\x1b[" in shown
    assert "━" in shown
    assert re.search(r"Copied 300 objects, [\d.]+ KiB in", shown)
    gcs.arm_next("storage.objects.get", *slow)
    status, shown = Terminal(here, environment, "cp", "-r", url, "back").end()
    assert (status, percentages(shown)[-1]) == (0, 300)
    assert tree(here / "back") == FILES


def test_in_a_pipe_there_are_no_escape_codes(
    gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    ran = subprocess.run(  # noqa: S603 - ours
        [*PROGRAM, "cp", "-r", "tree", f"gs://{gcs_bucket}/p"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "Copied 300 objects" in ran.stderr
    assert "\x1b" not in ran.stderr
    assert "\r" not in ran.stderr


@pytest.mark.usefixtures("stalled")
def test_after_ctrl_c_it_goes_on_and_sends_hardly_anything_again(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    arguments = ["-r", "--concurrency", "4", "tree", f"gs://{gcs_bucket}/p"]
    first = Terminal(here, environment, "cp", *arguments)
    wait_for_requests(gcs, "storage.objects.insert", 151)
    wait_for(lambda: len(gcs.objects(gcs_bucket)) == 150)
    first.child.sendintr()
    status, shown = first.end()
    assert status == 130
    how_to = f"storage-stream cp --resume {' '.join(arguments)}"
    assert how_to in re.sub(r"\s+", " ", shown)
    assert "Traceback" not in shown
    done = len(gcs.objects(gcs_bucket))
    assert done == 150
    gcs.log.clear()
    status, shown = Terminal(here, environment, *how_to.split()[1:]).end()
    assert status == 0
    sent = sum(entry.bytes_in for entry in gcs.log.select(operation="storage.objects.insert"))
    first_part = sum(len(data) for data in sorted_files()[:done])
    assert sent - (SIZE - first_part) < SIZE / 10
    assert {r["name"]: gcs.read(gcs_bucket, r["name"]) for r in gcs.objects(gcs_bucket)} == {
        f"p/{name}": data for name, data in FILES.items()
    }


def sorted_files() -> list[bytes]:
    return [FILES[name] for name in sorted(FILES)]


def test_downloads_go_on_too(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    for name, data in list(FILES.items())[:40]:
        gcs.put(gcs_bucket, f"p/{name}", data)
    gcs.arm_next("storage.objects.get", *["pass"] * 21, *["stall-for-600s-after-0K"] * 4)
    arguments = ["-r", "--concurrency", "4", f"gs://{gcs_bucket}/p", "back"]
    first = Terminal(here, environment, "cp", *arguments)
    wait_for_requests(gcs, "storage.objects.get", 22)  # one looks what `p` is
    wait_for(lambda: sum((here / "back" / name).exists() for name in FILES) == 20)
    first.child.sendintr()
    assert first.end()[0] == 130
    gcs.log.clear()
    assert Terminal(here, environment, "cp", "--resume", *arguments).end()[0] == 0
    # Those whose file was there, but not yet in the journal, come again: one a connection.
    assert 20 <= len([entry for entry in gcs.log if "alt=media" in entry.query]) <= 24
    assert tree(here / "back") == dict(list(FILES.items())[:40])


def test_ctrl_c_does_not_wait_for_standard_input(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    with subprocess.Popen(  # noqa: S603 - ours
        [*PROGRAM, "cp", "-", f"gs://{gcs_bucket}/never"],
        cwd=here,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(bytes(9 << 20))  # more than is sent at once
        process.stdin.flush()
        wait_for_requests(gcs, "storage.objects.insert", 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_SECONDS) == 130
    assert gcs.objects(gcs_bucket) == []
    assert gcs.unfinished_sessions == 0


def test_a_large_upload_goes_on_after_ctrl_c(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, environment: dict[str, str]
) -> None:
    data = os.urandom(1 << 20) * 24
    (here / "big").write_bytes(data)
    passing = ["pass"] * 3  # the session, its first 16 MiB, and the question where it stands
    gcs.arm_next("storage.objects.insert", *passing, "stall-for-600s-after-20480K")
    arguments = ["big", f"gs://{gcs_bucket}/big"]
    first = Terminal(here, environment, "cp", *arguments)
    wait_for(lambda: any(entry.fault not in {None, "pass"} for entry in gcs.log))
    first.child.sendintr()
    status, shown = first.end()
    assert (status, "cp --resume big" in shown) == (130, True)
    gcs.advance_clock(600)  # the server reads on, and sees that nobody is there
    gcs.log.clear()
    status, shown = Terminal(here, environment, "cp", "--resume", *arguments).end()
    assert (status, gcs.read(gcs_bucket, "big") == data) == (0, True)
    assert sum(entry.bytes_in for entry in gcs.log) <= 8 << 20
    assert gcs.unfinished_sessions == 0
