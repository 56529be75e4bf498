"""How the browser of these tests is found."""

from pathlib import Path

import pytest
from chromium_program import ChromiumMissing, find_chromium


def test_a_browser_that_is_named_must_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    monkeypatch.setenv("CHROMIUM", str(program))
    with pytest.raises(ChromiumMissing, match="does not run"):
        find_chromium()
    program.write_text("#!/bin/sh\necho Chromium 1.0\n")
    program.chmod(0o755)
    assert find_chromium() == program
