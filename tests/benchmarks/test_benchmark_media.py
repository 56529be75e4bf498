"""Pictures: every piece of work has what it needs, and the table says what was not reached."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from memory_measuring import needs_linux

from benchmarks.media import Figures, main, table
from benchmarks.media_parts.registry import WORKS
from benchmarks.media_parts.samples import SAMPLES

FIGURES = Figures(
    name="thumbnail of a JPEG",
    goal="20 requests",
    reached=True,
    size=48 * 1024 * 1024,
    seconds=1.25,
    cpu_seconds=1.0,
    peak_rss=83 * 1024 * 1024,
    requests=18,
    downloaded=24 * 1024 * 1024,
    lag_p99=0.0191,
    lag_max=0.115,
    more={},
)


def test_every_piece_of_work_has_samples_that_can_be_made() -> None:
    for name, work in WORKS.items():
        assert set(work.samples) <= SAMPLES.keys(), name
        assert work.goal, name
        assert work.copies >= 1, name


def test_the_table_says_what_was_measured_and_what_was_not_reached() -> None:
    missed = replace(FIGURES, reached=False, requests=None, downloaded=None)
    text = table([FIGURES, missed]).splitlines()
    assert len(text) == 4
    assert text[2] == (
        "| thumbnail of a JPEG | 48.0 MiB | 18 | 50.00% | 1.25 s | 1.00 s | 83 MiB | 19 / 115 ms"
        " | 20 requests | yes |"
    )
    assert text[3].endswith("| **no** |")
    assert {line.count("|") for line in text} == {11}


@needs_linux
def test_a_small_picture_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    name = "thumbnail of a TIFF in strips"
    place = ["--folder", str(tmp_path), "--json", str(figures)]
    assert main(["--quick", "--only", name, *place]) == 0
    found = json.loads(figures.read_text(encoding="utf-8"))["figures"]
    assert [each["name"] for each in found] == [name]
    assert found[0]["reached"]
    assert found[0]["requests"] > 1
    assert found[0]["size"] <= found[0]["downloaded"] <= found[0]["size"] * 1.01
    assert f"| {name} |" in capsys.readouterr().out
