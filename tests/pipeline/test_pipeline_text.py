"""Lines and JSON lines."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_doubles import CountingSource, cut, items

from storage_stream.pipeline import (
    JSONLineError,
    LineTooLongError,
    PipelineError,
    TooManyBytesError,
    json_lines,
    lines,
)
from storage_stream.pipeline.source import READ_BYTES

TEXT = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bcd", b"\0", b"\xff"])).map(
    b"".join
)


def split_by_the_book(data: bytes) -> list[bytes]:
    whole = data.split(b"\n")
    last = whole.pop()
    return [line.removesuffix(b"\r") for line in whole] + ([last] if last else [])


@given(st.data(), TEXT)
async def test_any_chunking_gives_the_same_lines(draw: st.DataObject, data: bytes) -> None:
    assert await items(lines(draw.draw(cut(data)))) == split_by_the_book(data)


@given(st.data(), TEXT)
async def test_kept_ends_join_to_the_source(draw: st.DataObject, data: bytes) -> None:
    kept = await items(lines(draw.draw(cut(data)), keep_ends=True))
    assert b"".join(kept) == data
    assert all(line.find(b"\n") in {-1, len(line) - 1} and line for line in kept)
    assert len(kept) == len(split_by_the_book(data))


@given(st.data(), TEXT, st.integers(1, 5))
async def test_the_limit_acts_at_the_same_line_in_any_chunking(
    draw: st.DataObject, data: bytes, limit: int
) -> None:
    rows = data.split(b"\n")
    long = next((i for i, row in enumerate(rows) if len(row) > limit), None)
    given: list[bytes] = []
    stage = lines(draw.draw(cut(data)), keep_ends=True, max_line_bytes=limit)
    if long is None:
        assert await items(stage) == data.splitlines(keepends=True) or b"\r" in data
        return
    with pytest.raises(LineTooLongError) as caught:
        given.extend([line async for line in stage])
    before = sum(len(row) + 1 for row in rows[:long])
    assert (caught.value.line_number, caught.value.byte_offset) == (long + 1, before)
    assert caught.value.max_line_bytes == limit


async def test_the_lines_before_a_long_one_are_given() -> None:
    stage = lines(b"ab\ncd\nlonger\nef\n", max_line_bytes=3)
    assert [await anext(stage), await anext(stage)] == [b"ab", b"cd"]
    with pytest.raises(LineTooLongError, match=r"^line 3 \(at byte 6\) is longer than 3 bytes$"):
        await anext(stage)


async def test_a_line_over_many_chunks_takes_linear_time() -> None:
    # Were each chunk joined to the line so far, this would copy half a terabyte.
    size = 4 * 1024 * 1024
    (line,) = await items(lines(b"0123456789abcdef" for _ in range(size // 16)))
    assert len(line) == size


async def test_lines_hold_one_line_and_one_chunk() -> None:
    chunk = b"x" * 40 + b"\n" + b"y" * 22 + b"\n"
    source = CountingSource([chunk] * 2000)
    given_bytes = 0
    async for line in lines(source, keep_ends=True):
        given_bytes += len(line)
        assert source.given_bytes - given_bytes <= len(chunk)
    assert given_bytes == 2000 * len(chunk)


async def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    source = CountingSource([b"x" * 1000] * 10**6)
    with pytest.raises(LineTooLongError):
        await items(lines(source, max_line_bytes=10_000))
    assert source.given_bytes <= 11_000
    assert source.closes == 1


async def test_a_huge_chunk_gives_all_its_lines() -> None:
    data = b"".join(b"%d\r\n" % number for number in range(READ_BYTES // 2))
    assert await items(lines([data])) == [b"%d" % number for number in range(READ_BYTES // 2)]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_must_be_positive(limit: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        lines(b"", max_line_bytes=limit)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(draw=st.data(), values=st.lists(JSON), ascii_only=st.booleans())
async def test_values_come_back_in_any_chunking(
    draw: st.DataObject, values: list[Any], *, ascii_only: bool
) -> None:
    rows = [
        json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace") for value in values
    ]
    data = b"\n\r\n".join(rows)
    stage = json_lines(draw.draw(cut(data)))
    assert [value async for value in stage] == [json.loads(row) for row in rows]


async def test_a_byte_order_mark_is_ignored_on_the_first_line_only() -> None:
    assert [v async for v in json_lines(b"\xef\xbb\xbf1\n2\n")] == [1, 2]
    with pytest.raises(JSONLineError):
        [v async for v in json_lines(b"1\n\xef\xbb\xbf2\n")]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "at character 1"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"[" * 200_000, "nested too deeply"),
        (b"9" * 5000, "integer string"),
        (b"1 2", "Extra data at character 2"),
    ],
)
async def test_a_bad_line_names_its_place(bad: bytes, reason: str) -> None:
    stage = json_lines(b'{"a": 1}\n\n' + bad + b"\n7\n")
    assert await anext(stage) == {"a": 1}
    with pytest.raises(JSONLineError, match=reason) as caught:
        await anext(stage)
    assert (caught.value.line_number, caught.value.byte_offset) == (3, 10)
    assert caught.value.line == bad + b"\n"
    assert isinstance(caught.value, PipelineError | ValueError)


async def test_a_message_does_not_quote_the_data() -> None:
    with pytest.raises(JSONLineError) as caught:
        await anext(json_lines(b'{"password": "hunter2" oops\n'))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
async def test_on_error_takes_the_bad_lines(*, is_async: bool) -> None:
    seen: list[tuple[int, bytes]] = []

    def note(failure: JSONLineError) -> None:
        seen.append((failure.line_number, failure.line))

    async def note_later(failure: JSONLineError) -> None:
        await asyncio.sleep(0)
        note(failure)

    stage = json_lines(b"1\nx\n2\ny", on_error=note_later if is_async else note)
    assert [value async for value in stage] == [1, 2]
    assert seen == [(2, b"x\n"), (4, b"y")]


async def test_what_on_error_raises_passes() -> None:
    def refuse(failure: JSONLineError) -> None:
        raise TooManyBytesError(failure.line_number)

    with pytest.raises(TooManyBytesError):
        [value async for value in json_lines(b"x", on_error=refuse)]


async def test_blank_lines_are_errors_when_asked() -> None:
    with pytest.raises(JSONLineError) as caught:
        [value async for value in json_lines(b"1\n \n2\n", skip_blank=False)]
    assert caught.value.line_number == 2


def test_on_error_is_checked_at_once() -> None:
    with pytest.raises(TypeError, match="'ignore'"):
        json_lines(b"", on_error="ignore")  # type: ignore[arg-type]  # the point of the test


async def test_bad_lines_among_many_are_named_one_by_one_in_their_order() -> None:
    rows = [b"{%d" % n if n % 100 == 50 else b" %d\r" % n for n in range(1000)]
    data = b"\n".join(rows)
    told: list[tuple[str, int, int]] = []

    def note(failure: JSONLineError) -> None:
        told.append(("bad", failure.line_number - 1, failure.byte_offset))

    async for value in json_lines(data, on_error=note):
        told += [("good", value, 0)] if value % 100 in {49, 51} else []
    # Told in its turn, and not before the values that stand before it were given.
    expected = [
        entry
        for bad in range(50, 1000, 100)
        for entry in (
            ("good", bad - 1, 0),
            ("bad", bad, sum(len(row) + 1 for row in rows[:bad])),
            ("good", bad + 1, 0),
        )
    ]
    assert told == expected


async def test_values_are_given_as_their_lines_come() -> None:
    source = CountingSource([b"1\n2\n3", b"4\n"] * 3)
    stage = json_lines(source)
    assert [await anext(stage), await anext(stage)] == [1, 2]
    assert source.given_bytes == 5
    assert await anext(stage) == 34
    assert source.given_bytes == 7
    await stage.aclose()
    assert source.closes == 1


async def test_only_so_many_values_are_made_ahead() -> None:
    made: list[int] = []

    def note(failure: JSONLineError) -> None:
        made.append(failure.line_number)

    stage = json_lines(b"1\n" * 10_000 + b"x\n", on_error=note)
    assert await anext(stage) == 1
    assert made == []
    assert len(await items(stage)) == 9_999
    assert made == [10_001]


@pytest.mark.parametrize("row", [b"[1", b"1,2", b"1]", b'"a', b"1 2", b"\xc2\xa01", b"01"])
async def test_no_value_stands_in_more_or_less_than_a_line(row: bytes) -> None:
    stage = json_lines(row + b"\n[2]\n")
    with pytest.raises(JSONLineError) as caught:
        await anext(stage)
    assert caught.value.line_number == 1
