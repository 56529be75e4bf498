"""The resumable download against a server that does its worst, thousands of times, no loop.

What must hold whatever happens: bytes are those of one generation or there is an error; `verified`
is never claimed without a comparison; nothing goes on for ever.
"""

from __future__ import annotations

import dataclasses

from download_model import (
    BODY_KINDS,
    Fault,
    Habits,
    Kind,
    ModelServer,
    Outcome,
    Overwritten,
    Version,
    drive,
)
from hypothesis import event, given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.http import Framing
from storage_stream._protocol.media_head import Coding
from storage_stream._protocol.ranges import WHOLE, ByteRange
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._protocol.retry import RetryPolicy
from storage_stream.errors import StorageError

pytestmark = patience

OFFSETS = [1, 3, 7, 12, -1, -4, -12]
TRANSIENT = st.sampled_from([408, 429, 500, 502, 503, 504])
FLIPPING = {Kind.FLIP}
HIDING = {Kind.NO_HASH, Kind.NO_FACTS, Kind.TRANSCODE}
ENDLESS = RetryPolicy(retries=10**9)

wanted_ranges = st.one_of(
    st.just(WHOLE),
    st.builds(ByteRange, st.integers(0, 60)),
    st.builds(ByteRange, st.integers(-60, -1)),
    st.tuples(st.integers(0, 50), st.integers(1, 30)).map(lambda p: ByteRange(p[0], sum(p))),
)
sizes = st.integers(8, 50) | st.integers(0, 50)
policies = st.builds(RetryPolicy, retries=st.sampled_from([4, 3, 2, 1, 0]))
habits = st.builds(
    Habits,
    tells_generation=st.booleans(),
    tells_etag=st.booleans(),
    tells_crc=st.booleans(),
    tells_size=st.booleans(),
    honours_range=st.booleans(),
    framing=st.sampled_from(Framing),
    overwritten=st.sampled_from(Overwritten),
)


# How often a kind comes; the others once. `one_of` would give each branch the same share.
HEAD_WEIGHTS = {
    Kind.NOTHING: 3,
    Kind.OVERWRITE: 2,
    Kind.OVERWRITE_LATER: 3,
    Kind.NO_FACTS: 3,
    Kind.STAR_TOTAL: 2,
    Kind.TRANSCODE: 2,
}
BODY_WEIGHTS = {Kind.CUT: 4, Kind.SHORT_END: 3, Kind.FLIP: 2}


def weighted(kinds: set[Kind], weights: dict[Kind, int]) -> st.SearchStrategy[Kind]:
    ordered = sorted(kinds, key=lambda kind: kind.name)
    return st.sampled_from([kind for kind in ordered for _ in range(weights.get(kind, 1))])


@st.composite
def faults_of(draw: st.DrawFn, kinds: set[Kind]) -> Fault:
    """Half of the attempts break on the way, mostly after bytes that count as progress."""
    kind = draw(weighted(kinds - BODY_KINDS, HEAD_WEIGHTS))
    if kind is Kind.REFUSE:
        waits = st.none() | st.floats(0, 130)
        return Fault(kind, 0, draw(TRANSIENT), draw(waits))
    ending = draw(st.just(Kind.NOTHING) | weighted(kinds & BODY_KINDS, BODY_WEIGHTS))
    at = draw(st.integers(1, 15) | st.integers(-5, 60))
    return Fault(kind, at, draw(st.sampled_from(OFFSETS)), ending=ending)


def content_of(generation: int, size: int) -> bytes:
    """Bytes of which none is where it is in another generation."""
    return bytes((place * 7 + generation * 64) % 256 for place in range(size))


@st.composite
def servers(
    draw: st.DrawFn,
    kinds: set[Kind],
    *,
    habits_of: st.SearchStrategy[Habits] = habits,
    cycle: bool = False,
) -> ModelServer:
    drawn = draw(st.lists(sizes, min_size=3, max_size=3) | sizes.map(lambda size: [size] * 3))
    gzipped = draw(st.booleans())
    versions = [
        Version(number, content_of(number, size), gzipped) for number, size in enumerate(drawn, 1)
    ]
    length = draw(st.sampled_from([4, 8, 2, 1, 0][: 4 if cycle else 5]))
    script = draw(st.lists(faults_of(kinds), min_size=length, max_size=12))
    return ModelServer(versions, draw(habits_of), script, cycle=cycle)


def is_right(outcome: Outcome, server: ModelServer, wanted: ByteRange, *, raw: bool) -> bool:
    """Whether what was delivered is what is wanted, of one generation."""
    return any(
        outcome.delivered == slice_of(version, wanted, raw=raw) for version in server.versions
    )


def slice_of(version: Version, wanted: ByteRange, *, raw: bool) -> bytes | None:
    content = version.stored if raw else version.content
    if wanted.start > 0 and wanted.start >= len(content):
        return None  # not satisfiable
    return content[wanted.start : wanted.stop]


def request_limit(machine: ResumableDownload, server: ModelServer) -> int:
    """Requests that budget and progress allow, and four that are asked in another way."""
    most_bytes = max(len(version.stored) for version in server.versions)
    most_bytes = max(most_bytes, *(len(version.content) for version in server.versions))
    crashes = sum(fault.kind is Kind.CRASH for fault in server.script)
    return (machine.budget.policy.retries + 1) * (most_bytes + 1 + crashes) + 4


def describe(outcome: Outcome) -> None:
    event(f"ends in {type(outcome.error).__name__ if outcome.error else outcome.verified}")


@examples(600)
@given(
    server=servers(set(Kind) - FLIPPING),
    wanted=wanted_ranges,
    raw=st.booleans(),
    pinned=st.sampled_from([None, None, 1]),
    policy=policies,
    piece_bytes=st.integers(1, 64),
    drain=st.booleans(),
)
def test_what_is_delivered_is_the_wanted_part_of_one_generation(
    server: ModelServer,
    wanted: ByteRange,
    policy: RetryPolicy,
    piece_bytes: int,
    *,
    raw: bool,
    pinned: int | None,
    drain: bool,
) -> None:
    machine = ResumableDownload(wanted, generation=pinned, raw=raw, policy=policy)
    limit = request_limit(machine, server)
    outcome = drive(machine, server, piece_bytes=piece_bytes, drain=drain, most_requests=limit)
    describe(outcome)
    if outcome.error is None:
        assert is_right(outcome, server, wanted, raw=raw)
    else:
        assert isinstance(outcome.error, StorageError)
        assert outcome.verified is None


@examples(300)
@given(
    server=servers(set(Kind)),
    wanted=wanted_ranges,
    raw=st.booleans(),
    piece_bytes=st.integers(1, 64),
)
def test_verified_means_that_a_checksum_was_compared_over_all(
    server: ModelServer, wanted: ByteRange, piece_bytes: int, *, raw: bool
) -> None:
    machine = ResumableDownload(wanted, raw=raw, policy=ENDLESS)
    outcome = drive(machine, server, piece_bytes=piece_bytes)
    describe(outcome)
    if outcome.verified:
        assert is_right(outcome, server, wanted, raw=raw)
        assert server.habits.tells_crc
        assert outcome.machine is not None
        assert outcome.machine.coding is Coding.STORED
        # Every stored byte went through the checksum, even where less was delivered of it.
        assert any(outcome.machine.crc.length == len(version.stored) for version in server.versions)


@examples(300)
@given(
    server=servers(
        set(Kind) - HIDING,
        habits_of=habits.map(lambda known: dataclasses.replace(known, tells_crc=True)),
    ),
    raw=st.booleans(),
    pinned=st.sampled_from([None, 1]),
    piece_bytes=st.integers(1, 64),
)
def test_a_flipped_bit_in_a_whole_object_with_a_hash_is_never_a_success(
    server: ModelServer, piece_bytes: int, *, raw: bool, pinned: int | None
) -> None:
    machine = ResumableDownload(WHOLE, generation=pinned, raw=raw, policy=ENDLESS)
    outcome = drive(machine, server, piece_bytes=piece_bytes)
    describe(outcome)
    event(f"flipped: {server.flips > 0}")
    if outcome.error is None:
        assert outcome.verified is True
        assert is_right(outcome, server, WHOLE, raw=raw)


@examples(120)
@given(
    server=servers(set(Kind), cycle=True),
    wanted=wanted_ranges,
    raw=st.booleans(),
    policy=policies,
)
def test_no_sequence_of_faults_however_long_is_an_endless_loop(
    server: ModelServer, wanted: ByteRange, policy: RetryPolicy, *, raw: bool
) -> None:
    machine = ResumableDownload(wanted, raw=raw, policy=policy)
    outcome = drive(machine, server, most_requests=request_limit(machine, server))
    describe(outcome)
    assert machine.budget.attempts == server.requests


no_progress = st.one_of(
    st.builds(Fault, st.sampled_from([Kind.CONNECT, Kind.CUT, Kind.STALL]), st.just(0)),
    st.builds(Fault, st.just(Kind.REFUSE), st.just(0), TRANSIENT, st.none() | st.floats(0, 120)),
)


@examples(150)
@given(
    content=st.binary(min_size=2, max_size=50),
    script=st.lists(no_progress, min_size=1, max_size=6),
    habits_of=habits,
    policy=policies,
    wanted=st.sampled_from([WHOLE, ByteRange(1), ByteRange(-1), ByteRange(0, 1)]),
)
def test_without_progress_it_fails_after_the_retries_and_one_attempt(
    content: bytes, script: list[Fault], habits_of: Habits, policy: RetryPolicy, wanted: ByteRange
) -> None:
    suffix_of_unknown_size = wanted.start < 0 and not habits_of.honours_range
    if suffix_of_unknown_size:
        habits_of = dataclasses.replace(habits_of, tells_size=True)
    server = ModelServer([Version(1, content)], habits_of, script, cycle=True)
    machine = ResumableDownload(wanted, policy=policy)
    outcome = drive(machine, server)
    assert outcome.error is not None
    assert outcome.delivered == b""
    assert server.requests == machine.budget.attempts == policy.retries + 1
    for wait, fault in zip(outcome.waits, _cycled(script), strict=False):
        assert (fault.retry_after or 0.0) <= wait.seconds <= policy.max_retry_after


def _cycled(script: list[Fault]) -> list[Fault]:
    return script * 10


@examples(15)
@given(
    steps=st.lists(st.integers(1, 3), min_size=500, max_size=500),
    habits_of=habits,
    retries=st.integers(1, 5),
    start=st.integers(0, 20),
)
def test_progress_refills_the_budget_through_five_hundred_cuts(
    steps: list[int], habits_of: Habits, retries: int, start: int
) -> None:
    identified = dataclasses.replace(
        habits_of, tells_generation=True, tells_size=True, framing=Framing.LENGTH
    )
    content = bytes(range(256)) * 8
    script = [Fault(Kind.CUT, step) for step in steps]
    server = ModelServer([Version(1, content)], identified, script)
    machine = ResumableDownload(ByteRange(start), policy=RetryPolicy(retries=retries))
    outcome = drive(machine, server)
    assert outcome.error is None
    assert outcome.delivered == content[start:]
    assert machine.resumes == 500
    assert all(wait.seconds == 0 for wait in outcome.waits)


@examples(300)
@given(
    server=servers(set(Kind)),
    wanted=wanted_ranges,
    raw=st.booleans(),
    pinned=st.sampled_from([None, 1]),
    reborn_before=st.frozensets(st.integers(0, 12), min_size=1),
)
def test_another_process_ends_as_this_one_would_have(
    server: ModelServer,
    wanted: ByteRange,
    reborn_before: frozenset[int],
    *,
    raw: bool,
    pinned: int | None,
) -> None:
    def outcome_with(reborn_at: frozenset[int]) -> Outcome:
        machine = ResumableDownload(wanted, generation=pinned, raw=raw, policy=ENDLESS)
        return drive(machine, dataclasses.replace(server), reborn_before=reborn_at)

    in_one, in_several = outcome_with(frozenset()), outcome_with(reborn_before)
    describe(in_one)
    assert in_several.what == in_one.what
