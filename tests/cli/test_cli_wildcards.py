import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream.cli.wildcards import Pattern

NAMES = st.text(alphabet="ab/*?[]!-^.\n\\&~|", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("photos/*.jpg", ["photos/a.jpg", "photos/.jpg"], ["photos/a/b.jpg", "photos/a.jpgx"]),
        ("photos/**.jpg", ["photos/a.jpg", "photos/a/b.jpg"], ["photo/a.jpg"]),
        ("**/c", ["a/c", "a/b/c"], ["c"]),
        ("a?c", ["abc", "a\nc", "aéc"], ["a/c", "ac", "abbc"]),
        ("[abc]", ["a", "c"], ["d", "ab", "["]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[-a]", ["a", "-"], ["b"]),
        ("[!a-c]", ["d", "\n"], ["a", "/", ""]),
        ("[^a]", ["b", "^"], ["a", "/"]),
        ("[]a]", ["]", "a"], ["[", "b"]),
        ("[!]a]", ["b"], ["]", "a"]),
        ("[*]", ["*"], ["a"]),
        ("[[]1]", ["[1]"], ["1"]),
        ("a[--0]b", ["a-b", "a.b", "a0b"], ["a/b", "a1b"]),
        ("[&&~~||\\]", ["&", "~", "|", "\\"], ["a"]),
        ("", [""], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, matching: list[str], others: list[str]) -> None:
    compiled = Pattern(pattern)
    assert [name for name in matching if not compiled.matches(name)] == []
    assert [name for name in others if compiled.matches(name)] == []


@pytest.mark.parametrize(
    ("pattern", "prefix", "literal", "within_folder"),
    [
        ("a/b", "a/b", True, True),
        ("a/b*", "a/b", False, True),
        ("a/*/c", "a/", False, False),
        ("a/**", "a/", False, False),
        ("a/[*]x?", "a/*x", False, True),
        ("[*]", "*", True, True),
        ("[!a]", "", False, True),
    ],
)
def test_what_has_to_be_listed(
    pattern: str,
    prefix: str,
    literal: bool,  # noqa: FBT001 - a table's column
    within_folder: bool,  # noqa: FBT001 - the same
) -> None:
    compiled = Pattern(pattern)
    assert (compiled.prefix, compiled.is_literal) == (prefix, literal)
    assert compiled.within_folder is within_folder


@pytest.mark.parametrize("pattern", ["a[", "[a", "[]", "[!]", "[b-a]"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\["):
        Pattern(pattern)


@given(NAMES, NAMES)
def test_a_pattern_agrees_with_its_parts(pattern: str, name: str) -> None:
    try:
        compiled = Pattern(pattern)
    except ValueError:
        return
    if compiled.matches(name):
        assert name.startswith(compiled.prefix)
    if compiled.is_literal:
        assert compiled.matches(compiled.literal)
        assert compiled.matches(name) == (name == compiled.literal)
    if compiled.matches(name) and compiled.within_folder:
        assert "/" not in name.removeprefix(compiled.prefix)


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=6))
def test_within_a_folder_it_is_what_shells_do(pattern: str, name: str) -> None:
    assert Pattern(pattern).matches(name) == fnmatch.fnmatchcase(name, pattern)
