"""Modes, and how text stands in bytes: what Python's own `open` takes, and nothing else."""

import itertools
from pathlib import Path

import pytest

from storage_stream.errors import InvalidArgument
from storage_stream.files.mode import FileMode
from storage_stream.files.text_format import TextFormat

PRODUCTS = (itertools.product("rwxabt+U", repeat=count) for count in range(4))
MODES = ["".join(letters) for letters in itertools.chain(*PRODUCTS)]


def python_takes(mode: str, file: Path) -> bool:
    try:
        with open(file, mode):  # noqa: PTH123 - the function that is compared
            return True
    except FileExistsError:
        return True
    except ValueError:
        return False


def test_every_mode_is_taken_as_python_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for mode in MODES:
        wanted = python_takes(mode, file) and not set(mode) & {"a", "+"}
        if wanted:
            read = FileMode.of(mode)
            assert (read.reads, read.creates, read.is_binary) == tuple(c in mode for c in "rxb")
        else:
            with pytest.raises(InvalidArgument, match="no mode"):
                FileMode.of(mode)


def test_a_mode_that_objects_do_not_have_says_why() -> None:
    with pytest.raises(InvalidArgument, match="written whole"):
        FileMode.of("ab")
    with pytest.raises(TypeError, match="int"):
        FileMode.of(0)  # type: ignore[arg-type]  # what a caller without type checker may do


@pytest.mark.parametrize(
    ("encoding", "errors", "newline"),
    [
        ("no-such-encoding", "strict", None),
        ("base64", "strict", None),
        ("rot13", "strict", None),
        ("utf-8", "no-such-way", None),
        ("utf-8", "strict", "\n\r"),
        ("utf-8", "strict", "x"),
    ],
)
def test_what_is_no_text_format(encoding: str, errors: str, newline: str | None) -> None:
    with pytest.raises(InvalidArgument):
        TextFormat(encoding, errors, newline)


def test_line_ends_do_not_depend_on_the_system() -> None:
    for newline in (None, "", "\n"):
        assert TextFormat(newline=newline).with_ends("a\nb\r\n") == "a\nb\r\n"
    assert TextFormat(newline="\r\n").with_ends("a\nb\n") == "a\r\nb\r\n"
