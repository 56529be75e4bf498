"""The demonstration, as a person runs it."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from storage_stream.cli.demo.byte_size import megabytes, parse_size
from storage_stream.cli.demo.command import command
from storage_stream.cli.demo.dataset import DataSetMaker
from storage_stream.cli.demo.journeys import Outcome
from storage_stream.cli.demo.picture import HEIGHT, WIDTH, png
from storage_stream.cli.demo.run import NoRoomError, check_room
from storage_stream.cli.demo.screen import Screen
from storage_stream.cli.output import Output

DEMO = [sys.executable, "-W", "error", "-m", "storage_stream.cli.demo"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a folder for temporary files that can be looked into, and no emulator that is named."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "COLUMNS": "80"}
    for name in ("STORAGE_EMULATOR_HOST", "FORCE_COLOR", "TTY_COMPATIBLE"):
        environment.pop(name, None)
    return environment


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - ours
        [*DEMO, *arguments], env=environment, capture_output=True, encoding="utf-8", check=False
    )


def test_it_shows_what_happened_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(environment, "--size", "6MB")
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"(?m)^ (\S.*?)  +(\d+) +[\d.]+ +[\d.]+ +[\d,]+ +(\d) +(.*)$", done.stdout)
    assert [(row[0], row[2]) for row in rows] == [
        ("uploading the data set", "0"),
        ("one large object, cut", "1"),
        ("a prefix, 8 at once", "0"),
        ("a JSON lines pipeline", "0"),
    ]
    assert all(row[3].strip() == f"{row[1]} of {row[1]}" for row in rows)
    assert re.search(r"request 1 for all of it: 200, \S+ bytes sent, then cut", done.stdout)
    assert re.search(r"request 2 for bytes=\d+-: 206, \S+ bytes sent, to the end", done.stdout)
    assert "bytes 0 were sent twice" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_programs_get_json_and_what_is_kept_can_be_found(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(environment, "--size", "4MB", "--keep", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["event"] for each in told if "event" in each] == [*["step"] * 5, "kept"]
    outcomes = [each for each in told if "event" not in each]
    assert [each["resumes"] for each in outcomes] == [0, 1, 0, 0]
    assert all(each["verified"] == each["objects"] for each in outcomes)
    (folder,) = tmp_path.iterdir()
    assert told[-1]["folder"] == str(folder)
    made, copy = folder / "made/tables/measurements.csv", folder / "copies/measurements.csv"
    assert made.read_bytes() == copy.read_bytes()


def test_the_quiet_get_the_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen(Output(quiet=True, stdout=io.BytesIO(), stderr=io.StringIO())) as screen:
        screen.say("a sentence")
        screen.step("a step", 10).advance(3)
        screen.table([Outcome("all", 1, 10, 0.5, 0, 1)])
    assert capsys.readouterr().out.split()[:2] == ["what", "objects"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "3x"], "'3x' is no size; write it as 300MB or 2GiB."),
        (["--size", "1kB"], "1kB: from 4.0 MB to 20,000.0 MB."),
        (["--sise", "1kB"], "No such option"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    done = CliRunner(env={"TMPDIR": str(tmp_path)}).invoke(command, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_ends_the_emulator_and_removes_the_files(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    environment["PYTHONUNBUFFERED"] = "1"
    with subprocess.Popen(  # noqa: S603 - ours
        [*DEMO, "--size", "40MB"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        address = emulator_of(process.stdout)
        process.send_signal(number)
        _, told = process.communicate()
    assert (process.returncode, told) == (130, "Stopped; nothing is left behind.\n")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address):
        pass


def emulator_of(lines: Iterator[str]) -> tuple[str, int]:
    """Read what is printed until it tells where the emulator is."""
    for line in lines:
        if found := re.search(r"http://[\d.:]+\d", line):
            address = urlsplit(found[0])
            return address.hostname or "", address.port or 0
    raise AssertionError("the emulator's address was not printed")


def test_a_disk_that_is_too_full_is_told_before(tmp_path: Path) -> None:
    check_room(tmp_path, 1)
    with pytest.raises(NoRoomError, match=r"needs 2,900,000,000.0 MB in .*Choose a smaller --size"):
        check_room(tmp_path, 10**15)


@pytest.mark.parametrize(
    ("text", "size"),
    [("300MB", 300_000_000), ("2GiB", 2 << 30), ("1.5 kB", 1500), ("7", 7), ("1m", 1_000_000)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1e3", "1 TB", "nan"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


def test_sizes_are_shown() -> None:
    assert megabytes(1_234_567_890) == "1,234.6"


def test_a_picture_is_a_png_of_its_size() -> None:
    picture = png(1)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    data = picture.partition(b"IDAT")[2]
    rows = zlib.decompress(data[: data.index(b"IEND")])
    assert len(rows) == HEIGHT * (1 + 3 * WIDTH)
    assert picture == png(1) != png(2)


def test_the_data_set_has_the_size_that_was_asked_for(tmp_path: Path) -> None:
    maker = DataSetMaker(tmp_path, 8_000_000)
    assert sum(maker.steps()) == maker.made.size
    assert 8_000_000 <= maker.made.size < 12_000_000
    assert {file.size for file in maker.made.files} == {
        file.path.stat().st_size for file in maker.made.files
    }
    assert 0 < maker.made.wanted_lines < maker.made.log_lines
