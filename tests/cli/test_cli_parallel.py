"""Several at once for one object or many: parts, slices, processes; and two Ctrl-C."""

import os
from pathlib import Path

import pytest
from cli_running import make_tree, run, tree
from terminal import Terminal, environment_for, wait_for

from storage_stream.testing.emulator_handle import EmulatorHandle

MIB = 1 << 20
PARTS = ("--parts", "--slice-size", "5MiB")


def large_file(here: Path) -> bytes:
    data = os.urandom(MIB) * 20
    (here / "big").write_bytes(data)
    return data


def test_an_upload_in_parts_is_one_object(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    data = large_file(here)
    ran = run("cp", *PARTS, "--workers", "3", "big", f"gs://{gcs_bucket}/big")
    assert (ran.status, "20.0 MiB" in ran.stderr) == (0, True)
    (made,) = gcs.objects(gcs_bucket)  # nothing temporary is left
    assert (made["name"], made["componentCount"]) == ("big", 4)
    assert gcs.read(gcs_bucket, "big") == data
    assert len(gcs.log.select(operation="storage.objects.insert")) == 4


def test_slices_come_several_at_a_time_and_are_printed_in_order(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    data = b"".join(b"%07d\n" % number for number in range(MIB))
    gcs.put(gcs_bucket, "big", data)
    gcs.log.clear()
    # The first slices are the slowest: who printed them as they come would have them last.
    gcs.arm_next("storage.objects.get", "pass", *["stall-for-0.2s-after-0K"] * 2)
    url, how = f"gs://{gcs_bucket}/big", ["--workers", "4", "--slice-size", "1MiB"]
    assert run("cat", *how, url).stdout.encode() == data
    assert len([entry for entry in gcs.log if "alt=media" in entry.query]) == 9
    gcs.arm_next("storage.objects.get", "pass", "stall-for-0.2s-after-0K")
    assert run("cp", *how, url, "-").stdout.encode() == data
    large_file(here)
    gcs.put(gcs_bucket, "larger", data * 3)
    assert run("cp", *how, f"gs://{gcs_bucket}/larger", "larger").status == 0
    assert (here / "larger").read_bytes() == data * 3


def test_other_processes_do_the_transfers(gcs_bucket: str, here: Path) -> None:
    files = {f"{number}": b"%d" % number * 1000 for number in range(60)}
    make_tree(here / "tree", files)
    url = f"gs://{gcs_bucket}/p"
    # Each process costs its start: one tells that uploads get there, two that they share.
    assert "Copied 60 objects" in run("cp", "-r", "--processes", "1", "tree", url).stderr
    told = run("cp", "-r", "--processes", "2", "--json", url, "back").events
    assert (told[-1]["done"], told[-1]["bytes"]) == (60, sum(map(len, files.values())))
    assert tree(here / "back") == files


def test_a_second_ctrl_c_stops_at_once(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, tmp_path: Path
) -> None:
    large_file(here)
    gcs.arm_next("storage.objects.insert", *["pass"] * 2, *["stall-for-600s-after-0K"] * 6)
    # It lists its parts to remove them; before, it has looked what is at the target.
    gcs.arm_next("storage.objects.list", "pass", *["stall-for-600s-after-0K"] * 20)
    words = ["cp", *PARTS, "big", f"gs://{gcs_bucket}/big"]
    terminal = Terminal(here, environment_for(tmp_path, gcs.url), *words)
    wait_for(lambda: len(gcs.log.select(operation="storage.objects.insert")) > 2)
    terminal.child.sendintr()
    terminal.child.expect_exact("Ctrl-C again stops at once.")  # it cannot remove its parts
    terminal.child.sendintr()
    status, shown = terminal.end()
    assert status == 130
    assert shown.endswith("\x1b[?25h")
    assert "Traceback" not in shown


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("words", [["pipe", "gs://{}/a"], ["gs://{}/there", "pipe"]])
def test_ctrl_c_does_not_wait_for_the_other_end_of_a_pipe(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, tmp_path: Path, words: list[str]
) -> None:
    gcs.put(gcs_bucket, "there", b"1")
    os.mkfifo(here / "pipe")
    places = [word.format(gcs_bucket) for word in words]
    terminal = Terminal(here, environment_for(tmp_path, gcs.url), "cp", *places)
    terminal.child.expect_exact("Copying")
    terminal.child.sendintr()
    assert terminal.end()[0] == 130
