"""Each line of the threat page names tests, and each of them exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
LINES = [
    line
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| threat |"))
]


def named(file: str, name: str) -> bool:
    """Whether a file has such a test."""
    body: list[ast.stmt] = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for part in name.split("::"):
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        found = [node for node in body if isinstance(node, kinds) and node.name == part]
        if not found:
            return False
        body = found[0].body
    return name.rpartition("::")[2].startswith("test_")


def test_the_page_has_lines() -> None:
    assert len(LINES) > 45
    assert all(line.count(" | ") == 2 for line in LINES)


@pytest.mark.parametrize("number", range(len(LINES)))
def test_a_line_names_tests_that_exist(number: int) -> None:
    tests = NAMED.findall(LINES[number].rpartition(" | ")[2])
    assert tests, LINES[number]
    assert [test for test in tests if not named(*test)] == []
