import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream.cli.output import Output, iso_time, shown_name


class Printed:
    """An output, and what was printed."""

    def __init__(self, **choice: Any) -> None:
        self._out, self._err = io.BytesIO(), io.StringIO()
        self.output = Output(stdout=self._out, stderr=self._err, **choice)

    @property
    def out(self) -> str:
        return self._out.getvalue().decode("utf-8", "surrogateescape")

    @property
    def err(self) -> str:
        return self._err.getvalue()


def test_data_goes_to_stdout_and_talk_to_stderr() -> None:
    printed = Printed()
    printed.output.result({"name": "a"}, "a")
    printed.output.event("progress", bytes=1)
    printed.output.say("done")
    printed.output.detail("more")
    printed.output.warn("careful")
    printed.output.error("no")
    assert (printed.out, printed.err) == ("a\n", "done\nWarning: careful\nError: no\n")


def test_json_is_one_object_a_line_and_nothing_else() -> None:
    printed = Printed(as_json=True)
    printed.output.result({"name": "ü\n", "at": datetime(2026, 1, 2, tzinfo=UTC)}, "a")
    printed.output.table([["a"]])
    printed.output.event("progress", bytes=1)
    printed.output.say("done")
    printed.output.error("no", subject="gs://b/a")
    assert [json.loads(line) for line in printed.out.splitlines()] == [
        {"name": "ü\n", "at": "2026-01-02T00:00:00Z"},
        {"event": "progress", "bytes": 1},
        {"event": "error", "message": "no", "subject": "gs://b/a"},
    ]
    assert printed.err == "Error: no\n"


def test_quiet_says_nothing_but_errors_and_verbose_says_more() -> None:
    quiet, verbose = Printed(quiet=True), Printed(verbose=True)
    for printed in (quiet, verbose):
        printed.output.say("done")
        printed.output.warn("careful")
        printed.output.detail("more")
        printed.output.error("no")
    assert quiet.err == "Error: no\n"
    assert verbose.err == "done\nWarning: careful\nmore\nError: no\n"


def test_names_are_escaped_for_people_and_exact_with_null_and_json() -> None:
    name = "a\nb\x1b[31m\\"
    people, null, program = Printed(), Printed(null=True), Printed(as_json=True)
    for printed in (people, null, program):
        printed.output.result({"name": name}, printed.output.name(name))
    assert people.out == "a\\nb\\x1b[31m\\\\\n"
    assert null.out == f"{name}\0"
    assert json.loads(program.out) == {"name": name}


def test_a_path_that_is_not_utf_8_is_exact() -> None:
    null, program = Printed(null=True), Printed(as_json=True)
    for printed in (null, program):
        printed.output.result({"path": "\udcff"}, printed.output.name("\udcff"))
    assert null.out == "\udcff\0"  # the byte 0xff
    assert json.loads(program.out)["path"] == "\udcff"
    assert program.out.isascii()


def test_no_escape_code_of_a_message_reaches_the_terminal() -> None:
    printed = Printed()
    printed.output.error("\x1b[2Jno such object\nreally")
    assert printed.err == "Error: \\x1b[2Jno such object\\nreally\n"


def test_columns() -> None:
    printed = Printed()
    printed.output.table([["name", "size"], ["a", "10 B"], ["bcdef", ""]], right=frozenset({1}))
    assert printed.out == "name   size\na      10 B\nbcdef\n"


def test_bytes_on_stdout_leave_stderr_for_what_is_told() -> None:
    printed = Printed(as_json=True)
    printed.output.leave_stdout_to_data()
    printed.output.result({"bytes": 3})
    assert (printed.out, json.loads(printed.err)) == ("", {"bytes": 3})


@given(st.text(), st.text())
def test_no_two_names_look_alike_where_one_is_escaped(one: str, other: str) -> None:
    assert shown_name(one).isprintable()
    if one != other and not (one.isprintable() or other.isprintable()):
        assert shown_name(one) != shown_name(other)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-21T12:15:24.123+02:00", "2026-11-21T10:15:24Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (None, ""),
    ],
)
def test_times(moment: datetime | str | None, text: str) -> None:
    assert iso_time(moment) == text
