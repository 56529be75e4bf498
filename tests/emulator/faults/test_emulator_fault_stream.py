"""The faults about bytes, for every way a body can be cut into pieces."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from storage_stream.emulator.faults.book import FaultBook
from storage_stream.emulator.faults.stream import harmed
from storage_stream.emulator.request_log import Entry
from storage_stream.emulator.wire.exchange import Exchange
from storage_stream.emulator.wire.interruption import BodyInterrupted

GET = "storage.objects.get"
PIECES = st.lists(st.binary(min_size=1, max_size=8), max_size=8)


def exchange_with(word: str | None) -> Exchange:
    book = FaultBook(frozenset({GET}))
    book.arm_next({GET: [word] if word else []})
    entry = Entry(1, "GET", "/", "", CIMultiDict())
    return Exchange(entry, book.armed_for({}, GET))


async def stream(pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


def through(
    word: str | None, pieces: list[bytes], *, offset: int, reaches_end: bool = False
) -> tuple[bytes, BodyInterrupted | None, str | None]:
    """The bytes that come out, the interruption if there is one, and the fault that was met."""

    async def run() -> tuple[bytes, BodyInterrupted | None, str | None]:
        exchange = exchange_with(word)
        got = b""
        body = harmed(stream(pieces), exchange, offset=offset, reaches_end=reaches_end)
        try:
            async for piece in body:
                assert piece
                got += piece
        except BodyInterrupted as interrupted:
            return got, interrupted, exchange.entry.fault
        return got, None, exchange.entry.fault

    return asyncio.run(run())


@given(pieces=PIECES, offset=st.integers(0, 20))
def test_without_a_fault_nothing_changes(pieces: list[bytes], offset: int) -> None:
    assert through(None, pieces, offset=offset) == (b"".join(pieces), None, None)


@given(pieces=PIECES, offset=st.integers(0, 20), position=st.integers(0, 90))
def test_a_cut_lets_exactly_the_bytes_before_it_through(
    pieces: list[bytes], offset: int, position: int
) -> None:
    body = b"".join(pieces)
    got, interrupted, fault = through(f"drop-at-{position}", pieces, offset=offset)
    if offset <= position <= offset + len(body):
        assert got == body[: position - offset]
        assert interrupted is not None
        assert interrupted.status is None
        assert fault == f"drop-at-{position}"
    else:
        assert (got, interrupted, fault) == (body, None, None)


@given(pieces=PIECES, offset=st.integers(0, 20), position=st.integers(0, 90))
def test_a_flipped_bit_is_one_bit(pieces: list[bytes], offset: int, position: int) -> None:
    body = b"".join(pieces)
    got, interrupted, fault = through(f"flip-bit-at-{position}", pieces, offset=offset)
    assert interrupted is None
    changed = [at for at, (a, b) in enumerate(zip(got, body, strict=True)) if a != b]
    if offset <= position < offset + len(body):
        at = position - offset
        assert changed == [at]
        assert got[at] == body[at] ^ 1
        assert fault is not None
    else:
        assert (changed, fault) == ([], None)


@given(pieces=PIECES, position=st.integers(0, 80))
def test_a_stall_and_a_trickle_lose_nothing(pieces: list[bytes], position: int) -> None:
    body = b"".join(pieces)
    for word in ("stall-for-0s-after-0K", "trickle-1000000000Bps"):
        assert through(word, pieces, offset=position)[:2] == (body, None)


def test_a_cut_with_a_status_carries_it() -> None:
    got, interrupted, _ = through("return-504-after-1K", [b"x" * 1000, b"y" * 1000], offset=0)
    assert got == b"x" * 1000 + b"y" * 24
    assert interrupted is not None
    assert interrupted.status == 504


@pytest.mark.parametrize(("reaches_end", "kept"), [(True, b"ab"), (False, b"abcd")])
def test_a_final_chunk_is_cut_only_where_it_is_final(reaches_end: bool, kept: bytes) -> None:  # noqa: FBT001 - parametrized
    word = "return-broken-stream-final-chunk-after-2B"
    assert through(word, [b"abcd"], offset=0, reaches_end=reaches_end)[0] == kept


async def test_closing_early_closes_the_source() -> None:
    closed: list[bool] = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    for word in ("drop-at-5", "trickle-1000Bps"):
        body = harmed(source(), exchange_with(word), offset=0)
        await anext(body)
        await body.aclose()
    assert closed == [True, True]


async def test_a_fault_that_somebody_else_met_harms_nothing() -> None:
    book = FaultBook(frozenset({GET}))
    book.arm_next({GET: ["drop-at-1"]})
    entry = Entry(1, "GET", "/", "", CIMultiDict())
    exchange = Exchange(entry, book.armed_for({}, GET))
    winner = book.armed_for({}, GET)
    assert winner is not None
    winner.claim()
    got = b"".join([piece async for piece in harmed(stream([b"abc"]), exchange, offset=0)])
    assert (got, entry.fault) == (b"abc", None)
