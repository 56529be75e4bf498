"""Libraries that are not there, or not whole, are told in a sentence."""

from pathlib import Path

import pytest

from storage_stream.errors import UsageError
from storage_stream.media import ExtraMissing
from storage_stream.media.extras import imported


def test_what_is_there_is_given() -> None:
    assert imported("json", "vips").loads("1") == 1


def test_what_is_not_there_says_what_to_install() -> None:
    with pytest.raises(ExtraMissing, match=r"no_such_library is missing: .*\[vips\]") as caught:
        imported("no_such_library", "vips")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize("failure", ["OSError('libvips.so.42')", "ImportError('libvips.so.42')"])
def test_what_cannot_be_loaded_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    (tmp_path / "broken_library.py").write_text(f"raise {failure}", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ExtraMissing, match=r"cannot be loaded; .*\[vips\].*libvips\.so\.42"):
        imported("broken_library", "vips")


def test_what_it_needs_itself_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needing_library.py").write_text("import no_such_part", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ExtraMissing, match="no_such_part is missing"):
        imported("needing_library", "vips")
