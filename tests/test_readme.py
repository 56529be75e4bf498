"""What the pages for users say is true: their snippets run, their links lead somewhere.

Each fence marked `python` is a program of its own, as it would be typed into `python -m asyncio`,
with a fresh emulator and in an empty folder. One that cannot run is marked `python no-run`, and
the reason stands in an HTML comment right above it.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from storage_stream.testing.emulator_handle import EmulatorHandle

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"(?ms)(?P<above>^[^\n]*\n)?^```(?P<words>[^\n]*)\n(?P<text>.*?)^```$")
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
NAMED_FILE = re.compile(
    r"`(?:\S*\s)?(?P<path>(?:scripts|examples|docs|tests|benchmarks)/[\w./-]+)`"
)
HEADING = re.compile(r"(?m)^#+ (?P<title>.+)$")


class Snippet(NamedTuple):
    page: str
    line: int
    words: list[str]
    text: str
    above: str


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        content = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(content):
            line = content.count("\n", 0, found.start("text")) + 1
            above = found["above"] or ""
            yield Snippet(page.name, line, found["words"].split(), found["text"], above)


PYTHON = [snippet for snippet in snippets() if snippet.words[:1] == ["python"]]
RUNNABLE = [snippet for snippet in PYTHON if snippet.words == ["python"]]


def name_of(snippet: Snippet) -> str:
    return f"{snippet.page}:{snippet.line}"


def test_the_fences_are_found() -> None:
    assert {"README.md", "emulator.md", "pipeline.md"} <= {snippet.page for snippet in RUNNABLE}


@pytest.mark.parametrize("snippet", RUNNABLE, ids=name_of)
@pytest.mark.usefixtures("gcs")  # STORAGE_EMULATOR_HOST names an empty emulator
async def test_the_snippet_runs(
    snippet: Snippet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a snippet may write files
    code = "\n" * (snippet.line - 1) + snippet.text  # so that a failure tells the page's line
    program = compile(code, snippet.page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    outcome: Any = eval(program, {"__name__": "__main__"})  # noqa: S307 - our own pages
    if inspect.isawaitable(outcome):
        await outcome


def test_a_snippet_that_does_not_run_says_why() -> None:
    for snippet in PYTHON:
        if snippet.words != ["python"]:
            assert snippet.words == ["python", "no-run"], name_of(snippet)
            assert re.fullmatch(r"<!--\s*\S.*-->\n", snippet.above), name_of(snippet)


async def test_the_readme_prints_what_its_comments_say(
    gcs: EmulatorHandle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = next(snippet for snippet in RUNNABLE if snippet.page == "README.md")
    await test_the_snippet_runs(first, tmp_path, monkeypatch)
    head, *rest = capsys.readouterr().out.splitlines()
    assert head.startswith("20 ")
    assert rest == [
        *("20", "True 0"),
        *("1", "2"),
        repr(b'{"id": 2}'),
        "logs/today.jsonl 20",
        "404 gs://my-bucket/no such object",
    ]
    assert gcs.read("my-bucket", "logs/today.jsonl") == b'{"id": 1}\n{"id": 2}\n' * 2
    assert (tmp_path / "today.jsonl").read_bytes() == b'{"id": 1}\n{"id": 2}\n'


async def test_the_readme_test_passes(gcs: EmulatorHandle) -> None:
    second = [snippet for snippet in RUNNABLE if snippet.page == "README.md"][1]
    names: dict[str, Any] = {}
    exec(second.text, names)  # noqa: S102 - our own page
    await names["test_my_code_survives_a_broken_connection"](gcs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_lead_somewhere(page: Path) -> None:
    content = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.finditer(content):
        target, _, anchor = link["target"].partition("#")
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to #{anchor}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_are_named_exist(page: Path) -> None:
    for named in NAMED_FILE.finditer(page.read_text(encoding="utf-8")):
        assert (ROOT / named["path"]).exists(), f"{page.name} names {named['path']}"


def anchors(page: Path) -> set[str]:
    """What the headings are called in links, as in GitHub's pages."""
    titles = (found["title"] for found in HEADING.finditer(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
