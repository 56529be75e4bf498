"""Pipes, signals and terminals: the command as a shell runs it."""

import asyncio
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from storage_stream import Storage
from storage_stream.cli.main import storage_stream
from storage_stream.testing import EmulatorHandle

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")

COMMAND = [sys.executable, "-W", "error", "-m", "storage_stream.cli"]
BIG = bytes(range(251)) * 24_000  # no slice of it is like another
GET = "storage.objects.get"


def environment(home: Path, **more: str) -> dict[str, str]:
    """Without what this machine has set, and without colours that are forced."""
    dropped = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "XDG_CONFIG_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "HOME": str(home), "COLUMNS": "100", **more}


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(  # noqa: S603 - ours
        [*COMMAND, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(home),
        check=False,
    )


def inside(*words: str) -> Result:
    """The same in this process, for what no pipe and no terminal has a part in."""
    return CliRunner().invoke(storage_stream, list(words))


@contextmanager
def running(home: Path, *words: str, **streams: Any) -> "Iterator[subprocess.Popen[bytes]]":
    chosen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    with subprocess.Popen(  # noqa: S603 - ours
        words, env=environment(home), **chosen
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_who_stops_reading_stops_the_download(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "big", BIG)
    with running(tmp_path, *COMMAND, "cat", "gs://bucket/big") as cat:
        assert cat.stdout is not None
        assert cat.stdout.read(1000) == BIG[:1000]
        cat.stdout.close()
        assert cat.stderr is not None
        assert cat.stderr.read() == b""
        assert cat.wait() == 141
    assert sum(entry.bytes_out for entry in gcs.log.select(operation=GET)) < 1 << 20


def test_a_list_that_nobody_reads_is_silent(gcs: EmulatorHandle, tmp_path: Path) -> None:
    for number in range(3):
        gcs.put("bucket", f"{number}" * 900, b"")
    with running(tmp_path, *COMMAND, "ls", "gs://bucket") as ls:
        assert ls.stdout is not None
        assert ls.stderr is not None
        ls.stdout.close()
        assert ls.stderr.read() == b""
        assert ls.wait() == 141


def test_all_that_is_read_is_what_is_stored(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "big", BIG)
    gcs.put("bucket", "empty", b"")
    gcs.put("bucket", "small", b"small")
    places = [f"gs://bucket/{name}" for name in ("small", "empty", "big", "small")]
    done = run(tmp_path, "cat", "--slice-size", "1MiB", *places)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"small" + BIG + b"small"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("0-99", BIG[:100]),
        ("5000000-", BIG[5_000_000:]),
        ("-100", BIG[-100:]),
        ("100-2000099", BIG[100:2_000_100]),
        ("7000000-", b""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ranges(gcs: EmulatorHandle, part: str, expected: bytes) -> None:
    gcs.put("bucket", "big", BIG)
    done = inside("cat", "-r", part, "gs://bucket/big")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout_bytes == expected


def test_bytes_that_are_not_what_is_stored_are_told(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "big", BIG)
    gcs.arm_next(GET, "flip-bit-at-1000")
    done = inside("cat", "gs://bucket/big")
    assert (done.exit_code, "checksum" in done.stderr) == (1, True)


def test_ctrl_c_ends_it_though_nobody_reads(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "big", BIG)
    with running(tmp_path, *COMMAND, "cat", "gs://bucket/big") as cat:
        assert cat.stdout is not None
        assert cat.stdout.read(1) == BIG[:1]  # now the pipe fills up
        cat.send_signal(signal.SIGINT)
        assert cat.wait(300) == 130
        assert cat.stderr is not None
        assert cat.stderr.read() == b"Interrupted.\n"


STUBBORN = """
import asyncio, sys
from pathlib import Path
from storage_stream.cli.config import Configuration
from storage_stream.cli.output import Output
from storage_stream.cli.running import Run, execute

run = Run(Configuration.read({}, {}, home=Path("/nowhere")), Output())

async def work():
    run.go_on = "Say it again."
    print("begun", flush=True)
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("stopping", flush=True)
        await (asyncio.sleep(3600) if "stubborn" in sys.argv else asyncio.sleep(0))
        raise

sys.exit(execute(run, work))
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str
)
def test_one_signal_ends_it_cleanly_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    with running(tmp_path, sys.executable, "-c", STUBBORN) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out) == (status, b"stopping\n")
    assert err == b"Interrupted. Say it again.\n"


def test_the_second_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path, sys.executable, "-c", STUBBORN, "stubborn") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"")
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "status", "sentences"),
    [
        (["stat", "gs://bucket/none"], 1, ["No such object", "`storage-stream ls gs://bucket/`"]),
        (["cat", "gs://bucket/none"], 1, ["No such object"]),
        (["ls", "gs://bucket/none*"], 1, ["no object's name matches"]),
        (["ls", "gs://UPPER"], 1, ["Invalid bucket name"]),
        (["ls", "gs:/bucket"], 2, ["write gs://bucket/name"]),
        (["ls", "--config", "/none.toml"], 2, ["there is no configuration file /none.toml"]),
        (["cat", "gs://bucket"], 2, ["is a bucket"]),
        (["hash", "/none"], 1, ["/none: No such file or directory"]),
        (
            ["lb", "--emulator-host", "127.0.0.1:1", "--retries", "0"],
            1,
            ["Check the network and the address"],
        ),
        (["stat", "gs://bucket/a", "--slice-size", "1"], 2, ["No such option"]),
        (["cat", "gs://bucket/a", "--slice-size", "1x"], 2, ["'1x' is no size"]),
        (["cat", "gs://bucket/a", "-r", "9-1"], 2, ["ends before it begins"]),
        (["head", "-n", "1", "-c", "1", "gs://bucket/a"], 2, ["not both"]),
    ],
)
def test_errors_are_sentences_with_what_to_do(
    gcs: EmulatorHandle, words: list[str], status: int, sentences: list[str]
) -> None:
    gcs.put("bucket", "a", b"")
    done = inside(*words)
    assert done.exit_code == status, done.output
    assert "Traceback" not in done.stderr
    assert [sentence for sentence in sentences if sentence not in done.stderr] == [], done.stderr


def test_a_traceback_for_who_wants_one(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "a", b"")
    told = run(tmp_path, "stat", "gs://bucket/none", "--debug").stderr
    assert b"Traceback" in told
    assert b"DEBUG" in told


def test_some_failed_and_the_others_are_done(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", b"a")
    done = inside("cat", "gs://bucket/a", "gs://bucket/none", "gs://bucket/a", "--json")
    assert (done.exit_code, done.stdout) == (1, "aa")
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [each.get("bytes", each.get("error")) for each in told] == [1, "NotFound", 1]


def test_commands_of_a_pipe_run_as_they_come(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "a b", b"text\n")
    with running(tmp_path, *COMMAND, "run", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"# nothing\n\ncat 'gs://bucket/a b'\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"text\n"  # before the pipe is closed
        out, err = process.communicate(b"fly\nrun\nstat gs://bucket/none\nls 'gs\n")
    assert (process.returncode, out) == (1, b"")
    told = err.decode()
    assert "line 4: 'fly' is no command" in told
    assert "line 5: 'run' is no command" in told
    assert "line 7: " in told
    assert told.endswith("1 of 5 commands done.\n")


def test_what_a_command_prints_stays_together(gcs: EmulatorHandle, tmp_path: Path) -> None:
    for name in "abc":
        gcs.put("bucket", name, name.encode() * 700_000 + b"\n")
    file = tmp_path / "commands"
    file.write_text("\n".join(f"cat gs://bucket/{name} gs://bucket/none" for name in "abc" * 3))
    done = inside("run", str(file))
    assert done.exit_code == 1
    assert sorted(done.stdout.split()) == sorted([name * 700_000 for name in "abc"] * 3)
    assert sorted(re.findall(r"Error: line (\d): ", done.stderr)) == list("123456789")


def test_json_says_which_line_it_is_of(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.put("bucket", "a", b"1")
    file = tmp_path / "commands"
    file.write_text("# one\nls gs://bucket\n\nstat gs://bucket/none\nls 'open\n")
    told = [json.loads(line) for line in inside("run", "--json", str(file)).stdout.splitlines()]
    by_line = {each.get("line"): each for each in told}
    assert by_line[2]["name"] == "a"
    assert by_line[4]["error"] == "NotFound"
    assert by_line[5]["message"] == "No closing quotation."
    assert by_line[None] == {"event": "ended", "done": 1, "failed": 2}
    assert "progress" not in {each.get("event") for each in told}


def test_a_question_before_very_many_are_deleted(gcs: EmulatorHandle, tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    gcs.create_bucket("bucket")
    asyncio.run(made(1001))

    unasked = inside("rm", "-r", "gs://bucket")
    assert (unasked.exit_code, "give --yes" in unasked.stderr) == (2, True)
    words = ["-m", "storage_stream.cli", "rm", "-r", "gs://bucket"]
    answers = [("n\n", 1, "Nothing was deleted"), ("\x03", 130, "Interrupted.")]
    for answer, status, sentence in answers:
        terminal = pexpect.spawn(
            sys.executable, words, env=environment(tmp_path), encoding="utf-8", timeout=300
        )
        terminal.expect_exact("Delete more than 1,000 objects, gs://bucket/? [y/N]: ")
        terminal.send(answer)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert (terminal.exitstatus, sentence in terminal.before) == (status, True)
    assert len(gcs.objects("bucket")) == 1001
    agreed = inside("rm", "-r", "gs://bucket", "--yes")
    # What took too long on a busy machine was tried again, which is told before.
    assert (agreed.exit_code, agreed.stderr.splitlines()[-1]) == (0, "Deleted 1001 objects.")
    assert gcs.objects("bucket") == []


async def made(count: int) -> None:
    async with Storage() as storage, asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(storage.upload("bucket", f"o/{number}", b""))


@pytest.mark.parametrize("extra", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_only_a_terminal_gets_colours(
    gcs: EmulatorHandle, tmp_path: Path, extra: dict[str, str]
) -> None:
    pexpect = pytest.importorskip("pexpect")
    gcs.create_bucket("bucket")
    words = ["stat", "gs://bucket/none"]
    assert "\x1b" not in inside(*words).stderr
    told, status = pexpect.run(
        f"{sys.executable} -m storage_stream.cli {' '.join(words)}",
        env=environment(tmp_path, **extra),
        withexitstatus=True,
    )
    assert status == 1
    assert (b"\x1b[31m" in told) == (not extra)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize(
    ("words", "end"),
    [
        *(("cat gs://bucket/a", ">/dev/full"), ("ls gs://bucket", ">&-")),
        *(("--help", ">/dev/full"), ("--help", ">&-")),
    ],
)
def test_what_cannot_be_written_is_a_sentence(
    gcs: EmulatorHandle, tmp_path: Path, words: str, end: str
) -> None:
    gcs.put("bucket", "a", b"text")
    done = subprocess.run(  # noqa: S602 - ours; only a shell closes a stream
        f"{shlex.join(COMMAND)} {words} {end}",
        shell=True,
        capture_output=True,
        env=environment(tmp_path),
        check=False,
    )
    why = b"No space left on device" if "full" in end else b"Bad file descriptor"
    assert (done.returncode, done.stderr) == (1, b"Error: standard output: " + why + b"\n")


def test_gzip_is_decompressed_unless_it_is_wanted_raw(gcs: EmulatorHandle) -> None:
    data = b"line\n" * 400_000
    stored = gzip.compress(data, 1)
    gcs.put("bucket", "a", stored, contentEncoding="gzip")
    assert inside("cat", "gs://bucket/a").stdout_bytes == data
    assert inside("cat", "-r", "5-9", "gs://bucket/a").stdout_bytes == b"line\n"
    assert inside("cat", "--raw", "gs://bucket/a").stdout_bytes == stored
    assert inside("head", "-n", "2", "gs://bucket/a").stdout_bytes == b"line\nline\n"
