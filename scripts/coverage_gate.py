"""A pytest plugin that fails the run when `storage_stream._protocol` is not covered whole.

Run as `coverage run -m pytest -p coverage_gate`, which is what `scripts/test` does. pytest-cov
would begin too late: the package's own pytest plugin imports the package before it. Being part of
the run, the gate speaks before pytest's last line, which stays last.

It knows nothing of which files those are: that stands in pyproject.toml.
"""

from __future__ import annotations

import io

import coverage
import pytest

_NEEDED_PERCENT = 100.0


class _Gate:
    """Measures at the end of the run, unless only some of the tests were asked for."""

    def __init__(self) -> None:
        self._some_left_out = False
        self._verdict = ""

    def pytest_deselected(self) -> None:
        """Some tests were left out by `-k`, `-m` or the like."""
        self._some_left_out = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Set the exit status, which pytest takes from the session afterwards."""
        measured = coverage.Coverage.current()
        asked_for_all = session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
        if exitstatus != pytest.ExitCode.OK or self._some_left_out or not asked_for_all:
            self._verdict = "not judged: not all tests were run, or some failed"
        elif measured is None:
            self._verdict = "not judged: pytest does not run under coverage"
        else:
            table = io.StringIO()
            measured.stop()
            percent = measured.report(file=table)
            self._verdict = f"{percent:.2f} % of lines and branches"
            if percent < _NEEDED_PERCENT:
                self._verdict += f"; it must be {_NEEDED_PERCENT:.0f} %\n{table.getvalue()}"
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what came of it."""
        terminalreporter.write_line(f"coverage of storage_stream/_protocol: {self._verdict}")


def pytest_configure(config: pytest.Config) -> None:
    """Put the gate among pytest's plugins."""
    config.pluginmanager.register(_Gate())
