"""A hook of MkDocs: what the pages name outside docs/ becomes pages of the site.

The pages are read in the repository too, where `../examples/x.py` is a file. The site has no
repository behind it, so it gets a page for each such file, and the links lead there.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["on_files", "on_page_markdown"]

_ROOT = Path(__file__).parents[1]
_PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
_OUTSIDE = re.compile(r"\]\((?:\.\./)(?P<path>[\w./-]+)(?P<anchor>#[\w-]+)?\)")
_OF_ROOT = re.compile(r"\]\((?P<path>[\w./-]+)(?P<anchor>#[\w-]+)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages: the project's own, and the examples with their sources."""
    for name, page in _pages().items():
        if files.get_file_from_path(page) is None:
            files.append(File.generated(config, page, content=_content(name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that leave docs/ to where the site has what they name.

    Args:
        markdown: A page's text.
        page: The page; those in folders have no such links.
        config: Of the site.
        files: All of the site.
    """
    del page, config, files
    return _OUTSIDE.sub(_within, markdown)


def _pages() -> dict[str, str]:
    """The files outside docs/ that the site shows, and the pages that do."""
    examples = sorted(path.name for path in (_ROOT / "examples").glob("[!_]*.py"))
    shown = {name: page for name, page in _PAGES.items() if (_ROOT / name).exists()}
    return shown | {f"examples/{name}": f"examples/{name[:-3]}.md" for name in examples}


def _content(name: str) -> str:
    text = (_ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".py"):
        about = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        return f"# {name}\n\n{about}\n\n```python\n{text}```\n"
    return _OF_ROOT.sub(_within, text)


def _within(link: re.Match[str]) -> str:
    name = link["path"]
    target = name[len("docs/") :] if name.startswith("docs/") else _pages().get(name)
    return f"]({target}{link['anchor'] or ''})" if target else link[0]
