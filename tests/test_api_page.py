"""The page of all methods is what the docstrings say now."""

import importlib.util
from pathlib import Path

from storage_stream import Storage

ROOT = Path(__file__).parents[1]


def test_it_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("api_page", ROOT / "scripts" / "api_page.py")
    assert spec is not None
    assert spec.loader is not None
    api_page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(api_page)
    kept = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert kept == api_page.page(), "scripts/docs --write writes it anew"


def test_every_method_of_the_client_is_there_with_a_sentence() -> None:
    rows = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines()
    for name in dir(Storage):
        if not name.startswith("_"):
            found = [row for row in rows if row.startswith((f"| `{name}()` |", f"| `{name}` |"))]
            assert found, name
            assert all(len(row.split(" | ")[1]) > 10 for row in found), name
