"""Names of objects that can be files, and those that cannot."""

from __future__ import annotations

import ntpath
import os
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream._transfer.local_names import PART_FILE, object_name_of, relative_parts
from storage_stream.errors import InvalidName

HOSTILE = [
    "",
    "/",
    "../x",
    "a/../../x",
    "a/..",
    "..",
    ".",
    "./x",
    "a/./b",
    "/etc/passwd",
    "//host/share",
    "a//b",
    "a//",
    "nul\0byte",
    "C:/x",
    "C:x",
    "c:\\x",
    "..\\x",
    "a\\..\\..\\x",
]
HOSTILE_ON_WINDOWS = [
    "a\\b",
    "\\\\host\\share\\x",
    "CON",
    "a/nul.txt",
    "com1",
    "LPT9.log/x",
    "ab:stream",
    "ends.",
    "ends ",
    "a?b",
    "a*b",
    'a"b',
    "a\tb",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("windows", [True, False])
def test_names_that_are_refused(name: str, windows: bool) -> None:  # noqa: FBT001 - a parameter
    with pytest.raises(InvalidName):
        relative_parts(name, windows=windows)


@pytest.mark.parametrize("name", HOSTILE_ON_WINDOWS)
def test_names_that_only_windows_does_not_take(name: str) -> None:
    assert relative_parts(name, windows=False) == tuple(name.split("/"))
    with pytest.raises(InvalidName):
        relative_parts(name, windows=True)


@pytest.mark.parametrize("name", ["a", "a/b", "ü/…", "..a", "a b", "-", "console", "a/b/"])
def test_names_that_are_taken(name: str) -> None:
    parts = relative_parts(name, windows=True)
    assert "/".join(parts) == name.removesuffix("/")


@given(st.text(st.sampled_from("ab./\\:C\0 ~"), max_size=12), st.booleans())
def test_nothing_leaves_the_folder(name: str, windows: bool) -> None:  # noqa: FBT001 - drawn
    try:
        parts = relative_parts(name, windows=windows)
    except InvalidName:
        return
    path = ntpath if windows else posixpath
    root = "C:\\base\\folder" if windows else "/base/folder"
    joined = path.normpath(path.join(root, *parts))
    assert joined.startswith(root + path.sep)
    assert len(joined.removeprefix(root).split(path.sep)) == len(parts) + 1


@given(
    st.text(st.sampled_from("ab./ ~"), max_size=8), st.text(st.sampled_from("ab./ ~"), max_size=8)
)
def test_no_two_objects_are_one_file(one: str, other: str) -> None:
    try:
        parts = relative_parts(one), relative_parts(other)
    except InvalidName:
        return
    if one.rstrip("/") != other.rstrip("/"):
        assert parts[0] != parts[1]


def test_a_file_whose_name_is_no_utf_8() -> None:
    with pytest.raises(InvalidName, match="UTF-8"):
        object_name_of(os.fsdecode(b"caf\xe9"))


def test_what_an_unfinished_download_is_called() -> None:
    assert PART_FILE.fullmatch(".name.0123456789ab.part")
    for mark in ("part", "json", "new"):  # of a sliced one, and its journal
        assert PART_FILE.fullmatch(f".name.0123456789ab.sliced.{mark}")
    assert not PART_FILE.fullmatch(".name.0123456789ab.json")
    assert not PART_FILE.fullmatch("name.0123456789ab.part")
    assert not PART_FILE.fullmatch(".name.part")
