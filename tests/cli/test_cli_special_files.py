"""Pipes, devices and links as sources and targets: none is replaced."""

import os
import stat
import threading
import tty
from pathlib import Path

import pytest
from cli_running import make_tree, names, run, tree

from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files"),
]

DATA = bytes(range(256)) * 4096  # more than a pipe holds


def reading(path: Path) -> tuple[threading.Thread, list[bytes]]:
    """A thread that reads a file to its end."""
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(path.read_bytes()))
    thread.start()
    return thread, read


def test_an_object_into_a_pipe(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    gcs.put(gcs_bucket, "a", DATA)
    os.mkfifo(here / "pipe")
    thread, read = reading(here / "pipe")
    assert run("cp", f"gs://{gcs_bucket}/a", "pipe").status == 0
    thread.join()
    assert read == [DATA]
    assert stat.S_ISFIFO((here / "pipe").stat().st_mode)


def test_a_pipe_into_an_object(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    os.mkfifo(here / "pipe")
    thread = threading.Thread(target=lambda: (here / "pipe").write_bytes(DATA))
    thread.start()
    assert run("cp", "pipe", f"gs://{gcs_bucket}/a").status == 0
    thread.join()
    assert gcs.read(gcs_bucket, "a") == DATA


def test_pipes_beside_others_are_refused(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    make_tree(here, {"plain": b"1"})
    os.mkfifo(here / "pipe")
    ran = run("cp", "pipe", "plain", f"gs://{gcs_bucket}/p/")
    assert (ran.status, "copied by itself" in ran.stderr) == (1, True)
    assert names(gcs, gcs_bucket) == ["p/plain"]


def test_an_object_onto_a_device(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    gcs.put(gcs_bucket, "a", b"on a screen")
    main, side = os.openpty()
    try:
        tty.setraw(side)
        device = os.ttyname(side)
        assert run("cp", f"gs://{gcs_bucket}/a", device).status == 0
        assert os.read(main, 100) == b"on a screen"
        assert stat.S_ISCHR(Path(device).stat().st_mode)
        ran = run("mv", device, f"gs://{gcs_bucket}/b")
        assert (ran.status, f"cp - TARGET <{device}" in ran.stderr) == (1, True)
    finally:
        os.close(main)
        os.close(side)
    assert names(gcs, gcs_bucket) == ["a"]


@pytest.mark.parametrize("words", [["gs://{}/a", "pipe"], ["pipe", "gs://{}/b"]])
def test_nothing_is_moved_into_or_out_of_a_pipe(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path, words: list[str]
) -> None:
    gcs.put(gcs_bucket, "a", DATA)
    os.mkfifo(here / "pipe")
    ran = run("mv", *(word.format(gcs_bucket) for word in words))
    assert (ran.status, "keeps nothing" in ran.stderr) == (2, True)
    assert names(gcs, gcs_bucket) == ["a"]
    assert stat.S_ISFIFO((here / "pipe").stat().st_mode)


def test_in_a_folder_no_pipe_and_no_link_is_replaced(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    for name in ("link", "pipe", "plain"):
        gcs.put(gcs_bucket, f"p/{name}", b"new")
    make_tree(here, {"outside": b"old", "out/x": b""})
    os.mkfifo(here / "out/pipe")
    (here / "out/link").symlink_to("../outside")
    ran = run("cp", "-r", f"gs://{gcs_bucket}/p/*", "out")
    assert ran.status == 1
    assert "no file replaces" in ran.stderr
    assert "is a symbolic link" in ran.stderr
    assert stat.S_ISFIFO((here / "out/pipe").stat().st_mode)
    assert (here / "outside").read_bytes() == b"old"
    assert (here / "out/plain").read_bytes() == b"new"


def test_a_link_that_is_named_is_followed(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    gcs.put(gcs_bucket, "a", b"new")
    make_tree(here, {"real": b"old"})
    (here / "link").symlink_to("real")
    assert run("cp", f"gs://{gcs_bucket}/a", "link").status == 0
    assert (here / "link").is_symlink()
    assert tree(here) == {"real": b"new", "link": b"new"}


def test_what_cannot_be_written_is_named(gcs: EmulatorHandle, gcs_bucket: str, here: Path) -> None:
    gcs.put(gcs_bucket, "a", DATA)
    os.mkfifo(here / "pipe")

    def read_a_little() -> None:
        with (here / "pipe").open("rb") as pipe:
            pipe.read(1)

    thread = threading.Thread(target=read_a_little)
    thread.start()
    ran = run("cp", f"gs://{gcs_bucket}/a", "pipe")
    thread.join()
    assert (ran.status, "pipe: Broken pipe" in ran.stderr) == (1, True)


def test_links_that_lead_to_nothing_are_named(gcs_bucket: str, here: Path) -> None:
    make_tree(here, {"tree/a": b"one"})
    (here / "tree/b").symlink_to("nowhere")
    ran = run("cp", "-r", "--follow-symlinks", "tree", f"gs://{gcs_bucket}/p")
    assert (ran.status, "tree/b: the link leads to nothing" in ran.stderr) == (1, True)
