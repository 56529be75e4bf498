"""Libraries that are not there, or not whole, are told in a sentence."""

import subprocess
import sys
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


WITHOUT_LIBRARIES = """
import sys
sys.modules["PIL"] = sys.modules["pyvips"] = None
from storage_stream.media import *
for use in (StreamParser, StreamingProcessor):
    try:
        use()
    except ExtraMissing as error:
        print(error)
print(transform.__name__, Source.new_from_memory(b"").nick())
"""


def test_all_names_are_there_without_any_extra() -> None:
    ran = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", WITHOUT_LIBRARIES], capture_output=True, text=True, check=True
    )
    told = "parsing pictures needs Pillow: install storage-stream[pillow]\n"
    assert ran.stdout == told * 2 + "transform memory\n"
