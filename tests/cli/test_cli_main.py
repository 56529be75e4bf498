import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from storage_stream import __version__
from storage_stream.cli.command import StorageCommand
from storage_stream.cli.main import COMMANDS, storage_stream

ROOT = Path(__file__).parents[2]


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT
    )


def test_a_missing_library_is_one_sentence() -> None:
    ran = run(
        "import sys; sys.modules['click'] = None;"
        "from storage_stream.cli import main; import importlib;"
        "sys.argv = ['storage-stream', '--help']; main()"
    )
    assert ran.returncode == 1
    assert ran.stderr.strip() == "click is missing: install storage-stream[cli]"


@pytest.mark.parametrize("module", ["storage_stream", "storage_stream.cli"])
def test_the_package_is_the_command(module: str) -> None:
    told = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", module, "--version"], check=True, capture_output=True, text=True
    )
    assert told.stdout == f"storage-stream, version {__version__}\n"


def test_the_package_without_the_command_s_libraries_says_how_to_get_them() -> None:
    ran = run(
        "import runpy, sys; sys.modules['click'] = None;"
        "runpy.run_module('storage_stream', run_name='__main__')"
    )
    assert ran.returncode == 1
    assert ran.stderr.strip() == "click is missing: install storage-stream[cli]"


def test_to_import_the_package_s_main_module_runs_nothing() -> None:
    ran = run("import sys; import storage_stream.__main__; print('click' in sys.modules)")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "False\n", "")


def test_another_missing_module_is_not_blamed_on_the_extra() -> None:
    ran = run(
        "import sys; sys.modules['storage_stream.cli.main'] = None;"
        "from storage_stream.cli import main; main()"
    )
    assert "ModuleNotFoundError" in ran.stderr
    assert "install storage-stream" not in ran.stderr


def test_help_lists_the_commands_without_importing_them() -> None:
    ran = run(
        "import sys; sys.argv = ['storage-stream', '--help'];"
        "import atexit; atexit.register(lambda: print('storage_stream.emulator' in sys.modules));"
        "from storage_stream.cli import main; main()"
    )
    assert ran.returncode == 0
    told = " ".join(ran.stdout.split())
    for name, (_, summary) in COMMANDS.items():
        assert name in ran.stdout
        assert summary in told
    assert ran.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_be_imported_and_tells_its_summary(name: str) -> None:
    result = CliRunner().invoke(storage_stream, [name, "--help"])
    assert result.exit_code == 0
    assert COMMANDS[name][1] in " ".join(result.output.split())


def leaves(name: str) -> list[click.Command]:
    """A command, or those of a group."""
    command = storage_stream.get_command(click.Context(storage_stream), name)
    assert command is not None
    return list(command.commands.values()) if isinstance(command, click.Group) else [command]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_the_options_of_all(name: str) -> None:
    for command in leaves(name):
        flags = {flag for option in command.params for flag in option.opts}
        assert {"--json", "--quiet", "--verbose", "--no-color", "--debug"} <= flags
        asks_a_service = isinstance(command, StorageCommand)
        of_service = {"--endpoint", "--emulator-host", "--credentials", "--config"}
        assert of_service & flags == (of_service if asks_a_service else set())
        assert asks_a_service or name in {"emulator", "demo", "completion"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_is_sentences(name: str) -> None:
    (command, *_) = leaves(name)
    texts = [COMMANDS[name][1], *(each.help or "" for each in leaves(name))]
    texts += [each.help or "" for each in command.params if isinstance(each, click.Option)]
    for text in texts:
        first = text.partition("\n\n")[0]
        assert first.endswith("."), text
        assert first[0].isupper() or first[0].isdigit(), text


def test_the_summary_is_how_the_help_begins() -> None:
    for name, (_, summary) in COMMANDS.items():
        command = storage_stream.get_command(click.Context(storage_stream), name)
        assert command is not None
        assert " ".join((command.help or "").split()).startswith(summary)


@pytest.mark.parametrize(
    "words",
    [
        ["--json", "completion", "bash"],
        ["--quiet", "--json", "config", "settings"],
        ["--project", "p", "--json", "--retries=0", "config", "--verbose", "show"],
    ],
)
def test_options_of_all_stand_in_front_of_the_command_too(words: list[str]) -> None:
    result = CliRunner().invoke(storage_stream, words)
    assert result.exit_code == 0, result.output
    for line in result.stdout.splitlines():
        json.loads(line)


@pytest.mark.parametrize("words", [["--json"], ["--project"], ["--what", "ls"], ["--", "ls"]])
def test_options_without_a_command_are_no_crash(words: list[str]) -> None:
    result = CliRunner().invoke(storage_stream, words)
    assert result.exit_code in {0, 1, 2}
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_what_asks_no_service_speaks_json_too() -> None:
    result = CliRunner().invoke(storage_stream, ["completion", "zsh", "--json"])
    told = json.loads(result.stdout)
    assert told["shell"] == "zsh"
    assert "_STORAGE_STREAM_COMPLETE" in told["script"]


def test_an_unknown_command_is_named() -> None:
    result = CliRunner().invoke(storage_stream, ["fly"])
    assert result.exit_code == 2
    assert "fly" in result.output


@pytest.mark.parametrize("words", ["'--help'", "'ls', '--help'", "'cat', '--help'"])
def test_the_help_costs_neither_aiohttp_nor_rich(words: str) -> None:
    ran = run(
        f"import sys; sys.argv = ['storage-stream', {words}];"
        "import atexit; atexit.register(lambda: print({'aiohttp', 'rich'} & set(sys.modules)));"
        "from storage_stream.cli import main; main()"
    )
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1] == "set()"
