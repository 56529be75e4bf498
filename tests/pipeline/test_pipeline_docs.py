"""Every snippet of docs/pipeline.md runs as it stands."""

import ast
import inspect
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "pipeline.md"
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = FENCE.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_snippets_that_check_themselves() -> None:
    assert len(SNIPPETS) >= 8
    assert all("assert" in snippet for snippet in SNIPPETS)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
async def test_the_snippet_runs(
    snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a snippet may write files
    code = compile(snippet, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    outcome = eval(code, {"__name__": "__main__"})  # noqa: S307  our own page
    if inspect.isawaitable(outcome):
        await outcome
