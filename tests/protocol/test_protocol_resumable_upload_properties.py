"""The resumable upload against a service at its worst, thousands of times, without a loop.

What must hold whatever happens: one intact object or an honest error; nothing that was confirmed
is sent again, nothing is sent before the service was asked; nothing goes on for ever; and what
was left can be gone on with.
"""

from __future__ import annotations

import dataclasses
import json

from hypothesis import event, given
from hypothesis import strategies as st
from protocol_profiles import examples, patience
from upload_model import HARMLESS, QUANTUM_BYTES, Client, Fault, Kind, ModelServer, Outcome

from storage_stream._protocol.resumable_upload import ResumableUpload
from storage_stream._protocol.retry import RetryPolicy
from storage_stream.errors import (
    ConnectionLost,
    ProtocolError,
    ServerError,
    SessionExpired,
    StorageError,
    TransferError,
)

pytestmark = patience

ENDLESS = RetryPolicy(retries=10**9)
TRANSIENT = st.sampled_from([408, 429, 500, 502, 503, 504])
FINAL_STATUSES = st.sampled_from([400, 401, 403, 412])
BACKWARD = {Kind.GO_BACK, Kind.LOSE_SESSION}
CRASHING = {Kind.CRASH}

sizes = st.one_of(
    st.integers(0, 12).map(lambda count: count * QUANTUM_BYTES),
    st.integers(0, 12 * QUANTUM_BYTES),
    st.builds(
        lambda count, more: max(0, count * QUANTUM_BYTES + more),
        st.integers(0, 12),
        st.sampled_from([-1, 1]),
    ),
)
chunks = st.integers(1, 4).map(lambda count: count * QUANTUM_BYTES)
policies = st.builds(RetryPolicy, retries=st.sampled_from([3, 5, 2, 1, 0]))


@st.composite
def faults_of(draw: st.DrawFn, kinds: frozenset[Kind], *, passing: bool = True) -> Fault:
    kind = draw(st.sampled_from(sorted(kinds, key=lambda kind: kind.name)))
    if kind is Kind.REFUSE:
        status = draw(TRANSIENT if passing else TRANSIENT | FINAL_STATUSES)
        return Fault(kind, status, draw(st.none() | st.integers(0, 119).map(float)))
    return Fault(kind, draw(st.integers(0, 5)))


@st.composite
def clients(
    draw: st.DrawFn,
    kinds: frozenset[Kind],
    *,
    policy: st.SearchStrategy[RetryPolicy],
    cycle: bool = False,
    passing: bool = True,
) -> Client:
    size = draw(sizes)
    script = draw(
        st.lists(faults_of(kinds, passing=passing), min_size=1 if cycle else 0, max_size=14)
    )
    server = ModelServer(script, size, cycle=cycle)
    can_rewind = draw(st.booleans())
    chunk = draw(st.none() | chunks) if can_rewind else draw(chunks)
    declared = draw(st.sampled_from([None, size]))
    machine = ResumableUpload(
        total=declared, can_rewind=can_rewind, chunk_bytes=chunk, policy=draw(policy)
    )
    piece = draw(st.sampled_from([QUANTUM_BYTES, 1_000_000, 100_000, 12 * QUANTUM_BYTES]))
    return Client(machine, server, size, piece)


def describe(outcome: Outcome) -> None:
    event(f"ends in {type(outcome.error).__name__ if outcome.error else 'an object'}")


def is_intact(outcome: Outcome, server: ModelServer) -> bool:
    whole = outcome.stored is not None and outcome.stored["size"] == str(server.size)
    return whole and server.objects == 1 and server.kept == server.size


@examples(200)
@given(client=clients(HARMLESS - BACKWARD - CRASHING, policy=st.just(ENDLESS)))
def test_with_patience_every_upload_ends_whole(client: Client) -> None:
    outcome = client.run()
    assert outcome.error is None
    assert is_intact(outcome, client.server)


@examples(200)
@given(client=clients(HARMLESS, policy=st.just(ENDLESS)))
def test_what_is_lost_by_the_service_is_sent_again_or_named(client: Client) -> None:
    outcome = client.run()
    describe(outcome)
    if outcome.error is None:
        assert is_intact(outcome, client.server)
    else:
        assert isinstance(outcome.error, TransferError)
        assert client.server.objects == 0
        crashed = any(fault.kind is Kind.CRASH for fault in client.server.script)
        assert crashed or not client.machine.can_rewind


@examples(250)
@given(client=clients(frozenset(Kind), policy=policies, passing=False))
def test_one_intact_object_or_an_honest_error(client: Client) -> None:
    outcome = client.run()
    describe(outcome)
    assert client.server.objects <= 1
    assert (outcome.error is None) is (outcome.stored is not None)
    if outcome.error is None:
        assert is_intact(outcome, client.server)


@examples(250)
@given(client=clients(frozenset(Kind) - {Kind.EARLY_OBJECT}, policy=policies, passing=False))
def test_an_error_leaves_a_state_to_go_on_from(client: Client) -> None:
    outcome = client.run()
    describe(outcome)
    if outcome.error is None:
        return
    assert outcome.state is not None
    server = dataclasses.replace(client.server, script=[])
    state = json.loads(json.dumps(outcome.state))
    # Another process has the source from its beginning.
    machine = ResumableUpload.restore(state, can_rewind=True)
    again = Client(machine, server, client.size).run()
    if again.error is None:
        assert is_intact(again, server)
    else:
        assert isinstance(again.error, SessionExpired)
        assert not server.alive
    assert server.objects <= 1


@examples(200)
@given(client=clients(frozenset(Kind) - CRASHING, policy=policies, cycle=True))
def test_it_never_goes_on_for_ever(client: Client) -> None:
    outcome = client.run()
    describe(outcome)
    steps = client.size // QUANTUM_BYTES + 2
    # Each step forward fills the budget; each failure is a request, a question and a new session.
    assert client.server.requests <= 3 * steps * (client.machine.budget.policy.retries + 2)


stuck = st.one_of(
    st.just(Fault(Kind.CONNECT)),
    st.just(Fault(Kind.KEEP_LESS, 0)),
    st.just(Fault(Kind.CUT, 0)),
    st.just(Fault(Kind.LOSE_SESSION)),
    st.builds(Fault, st.just(Kind.REFUSE), TRANSIENT),
)


@examples(100)
@given(
    size=st.integers(1, 5 * QUANTUM_BYTES),
    fault=stuck,
    policy=policies,
    chunk=st.none() | chunks,
)
def test_without_progress_it_fails_after_the_retries_and_one_attempt(
    size: int, fault: Fault, policy: RetryPolicy, chunk: int | None
) -> None:
    server = ModelServer([fault], size, cycle=True)
    machine = ResumableUpload(total=size, can_rewind=True, chunk_bytes=chunk, policy=policy)
    outcome = Client(machine, server, size).run()
    assert outcome.error is not None
    assert server.objects == 0
    assert len(outcome.pauses) == policy.retries
    assert all(0 <= pause.seconds <= policy.max_delay for pause in outcome.pauses)


@examples(15)
@given(
    retries=st.integers(1, 5),
    chunk=st.sampled_from([None, 8 * QUANTUM_BYTES]),
    can_rewind=st.booleans(),
)
def test_progress_refills_the_budget_through_five_hundred_cuts(
    retries: int, chunk: int | None, *, can_rewind: bool
) -> None:
    size = 500 * QUANTUM_BYTES + 17
    cuts = [Fault(Kind.NOTHING), *[Fault(Kind.CUT, 1), Fault(Kind.NOTHING)] * 500]
    server = ModelServer(cuts, size)
    machine = ResumableUpload(
        total=size if can_rewind else None,
        can_rewind=can_rewind,
        chunk_bytes=chunk or (None if can_rewind else 2 * QUANTUM_BYTES),
        policy=RetryPolicy(retries=retries),
    )
    outcome = Client(machine, server, size).run()
    assert outcome.error is None
    assert is_intact(outcome, server)
    assert machine.resumes == 500
    assert all(pause.seconds == 0 for pause in outcome.pauses[1:])


@examples(200)
@given(
    client=clients(HARMLESS - {Kind.LOSE_SESSION}, policy=st.just(ENDLESS)),
    reborn_before=st.frozensets(st.integers(0, 14), min_size=1),
)
def test_another_process_goes_on_at_any_point(
    client: Client, reborn_before: frozenset[int]
) -> None:
    client.reborn_before = reborn_before
    outcome = client.run()
    describe(outcome)
    if outcome.error is None:
        assert is_intact(outcome, client.server)
    else:  # it was told that bytes were confirmed, and does not have them any more
        assert isinstance(outcome.error, TransferError | ProtocolError)
        assert any(fault.kind is Kind.GO_BACK for fault in client.server.script)
        assert client.server.objects == 0


@examples(100)
@given(client=clients(HARMLESS - BACKWARD - CRASHING, policy=st.just(ENDLESS)))
def test_a_clean_upload_sends_every_byte_once(client: Client) -> None:
    clean = ModelServer([], client.size)
    outcome = dataclasses.replace(client, server=clean).run()
    assert outcome.error is None
    assert clean.sent_bytes == client.size
    chunk = client.machine.chunk_bytes
    sends = 1 if chunk is None else max(1, -(-client.size // chunk))
    assert clean.requests == 1 + sends


@examples(100)
@given(status=TRANSIENT, asked=st.floats(121, 10_000), policy=policies)
def test_the_service_asks_for_too_long_a_wait(
    status: int, asked: float, policy: RetryPolicy
) -> None:
    server = ModelServer([Fault(Kind.REFUSE, status, asked)], 5)
    outcome = Client(ResumableUpload(total=5, can_rewind=True, policy=policy), server, 5).run()
    assert isinstance(outcome.error, StorageError)
    assert not isinstance(outcome.error, ConnectionLost) or isinstance(outcome.error, ServerError)
    assert server.requests == 1
