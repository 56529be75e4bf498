"""The site has every page, and loads nothing from elsewhere. `scripts/docs --build` builds it."""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from mkdocs.config import load_config

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONFIG: Any = load_config(str(ROOT / "mkdocs.yml"))


def files_of(entries: Any) -> Iterator[str]:
    """The files that a part of the navigation names."""
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from files_of(value) if isinstance(value, list) else [value]


NAMED = list(files_of(CONFIG.nav))
MADE = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


def test_the_navigation_names_every_page_once() -> None:
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert pages <= set(NAMED), "add them to `nav` in mkdocs.yml"  # the strict build, the reverse
    assert len(NAMED) == len(set(NAMED))


def test_a_warning_is_an_error_and_no_font_is_fetched() -> None:
    assert CONFIG.strict is True
    script = (ROOT / "scripts/docs").read_text(encoding="utf-8")
    assert "mkdocs build --strict" in script  # with --quiet, MkDocs counts no warnings
    assert CONFIG.theme["font"] is False
    assert [name for name in CONFIG.extra_css if "//" in name] == []
    assert CONFIG.extra_javascript == []


@pytest.mark.parametrize("name", ["site.css", "icon.svg"])
def test_what_the_site_adds_loads_nothing(name: str) -> None:
    text = (DOCS / "assets" / name).read_text(encoding="utf-8")
    addresses = re.findall(r"(?:https?:)?//[\w./-]+", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    yield import_module("site_links")
    del sys.modules["site_links"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[x](../examples/serve_objects.py)", "[x](examples/serve_objects.md)"),
        ("[x](../CONTRIBUTING.md#a-release)", "[x](contributing.md#a-release)"),
        ("[x](../pyproject.toml)", "[x](../pyproject.toml)"),  # the strict build refuses it
        ("[x](files.md)", "[x](files.md)"),
    ],
)
def test_links_that_leave_the_pages_lead_to_the_site(hook: Any, written: str, shown: str) -> None:
    turned = hook.on_page_markdown(written, page=None, config=CONFIG, files=None)
    assert turned == shown


def test_links_of_the_project_s_own_pages_are_within_the_site(hook: Any) -> None:
    for name in MADE.values():
        assert "](docs/" not in hook._content(name)
        assert "](CHANGELOG.md" not in hook._content(name)
