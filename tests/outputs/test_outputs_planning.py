"""The planner alone: no server, no loop."""

from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream.outputs.planning.byte_ranges import MAX_RANGES, Selection, Span, select
from storage_stream.outputs.planning.conditions import Outcome, evaluate
from storage_stream.outputs.planning.disposition import content_disposition
from storage_stream.outputs.planning.plan import plan_response
from storage_stream.outputs.planning.representation import (
    Representation,
    RequestHead,
    accepts_gzip,
    http_date,
    parse_date,
)

numbers = st.integers(min_value=0, max_value=200)
specs = st.one_of(
    st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    numbers.map(lambda first: f"{first}-"),
    numbers.map(lambda last: f"-{last}"),
)


def meant(spec: str, size: int) -> list[int]:
    """The positions a range names, one by one."""
    first, _, last = spec.partition("-")
    if not first:
        return list(range(size))[-int(last) :] if int(last) else []
    return [at for at in range(size) if int(first) <= at <= (int(last) if last else size)]


@settings(max_examples=100)
@given(st.lists(specs, min_size=1, max_size=20), st.integers(min_value=1, max_value=150))
def test_ranges_name_the_positions_that_the_rfc_means(ranges: list[str], size: int) -> None:
    wanted = [positions for spec in ranges if (positions := meant(spec, size))]
    chosen = select("bytes=" + ", ".join(ranges), size)
    if not wanted:
        assert chosen is Selection.NOTHING
    elif len(wanted) > MAX_RANGES or sum(map(len, wanted)) > size:
        assert chosen is Selection.WHOLE
    else:
        assert not isinstance(chosen, Selection)
        assert [list(range(span.start, span.stop or 0)) for span in chosen] == wanted


@settings(max_examples=100)
@given(st.text(max_size=40), st.text(max_size=40), st.integers(min_value=0, max_value=99))
def test_whatever_a_header_says_the_length_is_that_of_the_parts(
    ranges: str, condition: str, size: int
) -> None:
    there = Representation(size, "image/png", '"tag"', datetime(2024, 1, 1, tzinfo=UTC))
    head = RequestHead(
        "GET", range=f"bytes={ranges}", if_none_match=condition, if_unmodified_since=condition
    )
    plan = plan_response(head, there)
    length = sum(len(part) if isinstance(part, bytes) else part.length or 0 for part in plan.parts)
    if plan.status != 304:
        assert dict(plan.headers)["content-length"] == str(length)
    assert all(0 <= span.start < (span.stop or 0) <= size for span in plan.spans)
    assert all(value.isprintable() for _, value in plan.headers)


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=60))
def test_no_file_name_breaks_out_of_its_header(name: str) -> None:
    value = content_disposition(name, inline=False)
    assert value.isascii()
    assert value.isprintable()
    kind, *parameters = value.split("; filename", 1)
    assert kind == "attachment"
    if parameters:
        quoted = parameters[0].split('"')
        assert quoted[0] == "="
        assert len(quoted) == 3  # two quotes, at its ends
        assert "/" not in unquote(quoted[2])
        assert "\\" not in unquote(quoted[2])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("photo.png", 'inline; filename="photo.png"'),
        ("../../etc/passwd", 'inline; filename="passwd"'),
        ("..\\x.exe", 'inline; filename="x.exe"'),
        ("..", "inline"),
        ("\r\n", "inline"),
        ("50%.txt", "inline; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("\u202egnp.exe", 'inline; filename="gnp.exe"'),
    ],
)
def test_file_names(name: str, value: str) -> None:
    assert content_disposition(name) == value


@pytest.mark.parametrize(
    ("media_type", "sent"),
    [
        ("image/png", "image/png"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ('text/plain; a="b c"', 'text/plain; a="b c"'),
        ("*/*", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("a/b\r\nSet-Cookie: c", "application/octet-stream"),
        ("a/b, text/html", "application/octet-stream"),
        ("a/ü", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_media_types_that_are_none_are_not_sent(media_type: str, sent: str) -> None:
    assert Representation(1, media_type).content_type == sent


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("x-gzip", True),
    ],
)
def test_who_accepts_gzip(header: str | None, *, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def test_dates_are_of_whole_seconds() -> None:
    moment = datetime(2024, 2, 29, 1, 2, 3, 999_999, tzinfo=UTC)
    assert http_date(moment) == "Thu, 29 Feb 2024 01:02:03 GMT"
    assert parse_date(http_date(moment)) == moment.replace(microsecond=0)
    there = Representation(1, last_modified=moment)
    same = RequestHead("GET", if_modified_since=http_date(moment))
    assert evaluate(same, there) is Outcome.NOT_MODIFIED
    for text in (None, "", "nonsense", "Thu, 99 Feb 2024 01:02:03 GMT", "\ud800"):
        assert parse_date(text) is None


def test_without_validators_conditions_cannot_match() -> None:
    there = Representation(10)
    for head, status in [
        (RequestHead("GET", if_none_match='"a"'), 200),
        (RequestHead("GET", if_none_match="*"), 304),
        (RequestHead("GET", if_match='"a"'), 412),
        (RequestHead("GET", if_modified_since="Thu, 29 Feb 2024 01:02:03 GMT"), 200),
        (RequestHead("GET", range="bytes=0-1", if_range='"a"'), 200),
        (RequestHead("PUT"), 405),
    ]:
        assert plan_response(head, there).status == status


def test_of_an_unknown_length_there_are_no_ranges() -> None:
    plan = plan_response(RequestHead("GET", range="bytes=0-1"), Representation(None, "text/plain"))
    headers = dict(plan.headers)
    assert (plan.status, headers["accept-ranges"]) == (200, "none")
    assert plan.parts == (Span(0, None),)
    assert "content-length" not in headers
