"""Telemetry: what is measured of a client that nobody observes."""

import pytest

from benchmarks.telemetry import main, observers


def test_what_nobody_observes_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--nobody"])
    name, calls, unit, *_ = capsys.readouterr().out.split()
    assert (name, unit) == ("nobody", "calls")
    assert 20 < float(calls) < 150


def test_who_observes_is_made_anew_each_time() -> None:
    made = observers()
    assert list(made) == ["nobody", "api", "sdk"]
    assert made["nobody"]() is None
    assert made["sdk"]() is not made["sdk"]()
