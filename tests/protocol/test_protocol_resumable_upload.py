"""The resumable upload, step by step, as the documentation tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage_stream._protocol.http import Headers, ReplyHead
from storage_stream._protocol.resumable_upload import ALIGNMENT_BYTES, ResumableUpload
from storage_stream._protocol.retry import RetryPolicy
from storage_stream._protocol.upload_actions import Fill, Pause, Query, Send, Start, Stored
from storage_stream.errors import (
    ConnectionLost,
    Gone,
    InvalidArgument,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    ProtocolError,
    ServerError,
    SessionExpired,
    StorageError,
    TransferError,
)

QUANTUM = 256 * 1024
CHUNK = 2 * QUANTUM
URI = "https://service/session/1"
LOST = ConnectionLost("the connection broke")
BUSY = ServerError("later", status=503)
GONE = Gone("gone", status=410)


def head(status: int = 200, **headers: str) -> ReplyHead:
    return ReplyHead(status, "", Headers.of(headers))


def kept(count: int) -> ReplyHead:
    return head(308, **({"range": f"bytes=0-{count - 1}"} if count else {}))


def machine(total: int | None = None, **arguments: Any) -> ResumableUpload:
    """One whose session has begun; all of a rewindable source is there."""
    upload = ResumableUpload(total=total, **{"chunk_bytes": CHUNK, **arguments})
    assert upload.next_action() == Start()
    upload.started(head(location=URI))
    if upload.can_rewind and total is not None:
        upload.offer(total, ended=True)
    return upload


def send(upload: ResumableUpload) -> Send:
    action = upload.next_action()
    assert isinstance(action, Send)
    upload.sending(action)
    return action


def ask(upload: ResumableUpload) -> Query:
    action = upload.next_action()
    assert isinstance(action, Query)
    upload.sending(action)
    return action


def wait(upload: ResumableUpload) -> Pause:
    action = upload.next_action()
    assert isinstance(action, Pause)
    upload.paused()
    return action


def send_and_keep(upload: ResumableUpload, count: int) -> None:
    upload.incomplete(kept(count), send(upload))


# -- what is right ---------------------------------------------------------------------------


def test_all_in_one_request() -> None:
    upload = machine(2_000_000, can_rewind=True, chunk_bytes=None)
    assert send(upload) == Send(0, 2_000_000, 2_000_000)
    upload.stored({"size": "2000000"})
    assert upload.next_action() == Stored({"size": "2000000"})
    assert upload.confirmed == 2_000_000


def test_the_documentations_chunks() -> None:
    """512 KiB at a time of 2,000,000 bytes."""
    upload = machine(2_000_000, can_rewind=True)
    said = []
    while (action := send(upload)).stop < 2_000_000:
        said.append(action.content_range())
        upload.incomplete(kept(action.stop), action)
    said.append(action.content_range())
    assert said == [
        "bytes 0-524287/2000000",
        "bytes 524288-1048575/2000000",
        "bytes 1048576-1572863/2000000",
        "bytes 1572864-1999999/2000000",
    ]


def test_an_unknown_length() -> None:
    upload = machine()
    assert upload.next_action() == Fill(CHUNK)
    upload.offer(CHUNK, ended=False)
    assert upload.next_action() == Fill(CHUNK)  # it may be the last one, and would have to say so
    upload.offer(CHUNK + 1, ended=False)
    assert send(upload) == Send(0, CHUNK, None)
    upload.incomplete(kept(CHUNK), Send(0, CHUNK, None))
    assert upload.next_action() == Fill(2 * CHUNK)
    upload.offer(CHUNK + 1, ended=True)
    assert send(upload) == Send(CHUNK, CHUNK + 1, CHUNK + 1)


@pytest.mark.parametrize("total", [None, 0])
def test_nothing_at_all(total: int | None) -> None:
    upload = machine(total, can_rewind=total is not None)
    upload.offer(0, ended=True)
    assert send(upload).content_range() == "bytes */0"
    upload.stored({"size": "0"})
    assert isinstance(upload.next_action(), Stored)


def test_a_single_chunk_at_its_exact_size() -> None:
    upload = machine(CHUNK, can_rewind=True)
    assert send(upload) == Send(0, CHUNK, CHUNK)


# -- what breaks -----------------------------------------------------------------------------


def test_after_a_loss_it_asks_with_nothing_and_goes_on() -> None:
    upload = machine(1_000_000, can_rewind=True, chunk_bytes=None)
    send(upload)
    upload.fail(LOST, 0.5)
    assert wait(upload).error is LOST
    assert ask(upload).content_range() == "bytes */1000000"
    upload.incomplete(kept(QUANTUM), Query(1_000_000))
    assert send(upload) == Send(QUANTUM, 1_000_000, 1_000_000)
    assert upload.resumes == 1


def test_308_without_range_means_that_nothing_is_kept() -> None:
    upload = machine(1_000_000, can_rewind=True, chunk_bytes=None)
    send(upload)
    upload.fail(BUSY, 0.5)
    wait(upload)
    upload.incomplete(kept(0), ask(upload))
    assert send(upload) == Send(0, 1_000_000, 1_000_000)


def test_a_part_of_a_chunk_is_kept() -> None:
    upload = machine(1_000_000, can_rewind=True)
    send_and_keep(upload, QUANTUM)
    assert send(upload) == Send(QUANTUM, QUANTUM + CHUNK, 1_000_000)


@pytest.mark.parametrize("value", ["bytes=0-262143", "Bytes = 0 - 262143", " bytes=0-262143 "])
def test_spellings_of_range(value: str) -> None:
    upload = machine(1_000_000, can_rewind=True)
    upload.incomplete(head(308, range=value), send(upload))
    assert upload.confirmed == QUANTUM


def test_a_lost_last_answer_is_asked_for() -> None:
    upload = machine(10, can_rewind=True)
    send(upload)
    upload.fail(LOST, 0.5)
    wait(upload)
    ask(upload)
    upload.stored({"size": "10"})
    assert isinstance(upload.next_action(), Stored)


def test_a_cancelled_request_is_as_good_as_lost() -> None:
    upload = machine(10, can_rewind=True)
    send(upload)
    assert upload.next_action() == Query(10)


def test_all_is_kept_and_the_object_is_missing() -> None:
    """It is asked for, a few times."""
    upload = machine(QUANTUM, can_rewind=True, policy=RetryPolicy(retries=2, initial_delay=0))
    send_and_keep(upload, QUANTUM)
    for _ in range(2):
        upload.incomplete(kept(QUANTUM), ask(upload))
        wait(upload)
    with pytest.raises(ProtocolError, match="come forward"):
        upload.incomplete(kept(QUANTUM), ask(upload))


def test_nothing_is_kept_of_what_is_taken() -> None:
    upload = machine(10, can_rewind=True, policy=RetryPolicy(retries=1))
    upload.incomplete(kept(0), send(upload))
    wait(upload)
    with pytest.raises(ProtocolError, match="come forward"):
        upload.incomplete(kept(0), send(upload))


def test_confirmed_bytes_are_lost_once() -> None:
    upload = machine(10 * CHUNK, can_rewind=True)
    send_and_keep(upload, CHUNK)
    send_and_keep(upload, QUANTUM)
    assert upload.went_back == CHUNK
    assert upload.confirmed == QUANTUM
    send_and_keep(upload, QUANTUM + CHUNK)
    with pytest.raises(ProtocolError, match="second time"):
        upload.incomplete(kept(0), send(upload))


def test_confirmed_bytes_that_are_not_held_any_more_are_lost() -> None:
    upload = machine()
    upload.offer(2 * CHUNK, ended=False)
    send_and_keep(upload, CHUNK)
    upload.offer(2 * CHUNK + 1, ended=False)
    with pytest.raises(TransferError, match="had confirmed") as caught:
        upload.incomplete(kept(0), send(upload))
    assert not isinstance(caught.value, SessionExpired)  # it lives
    again = ResumableUpload.restore(upload.snapshot(), can_rewind=False)
    again.incomplete(kept(0), ask(again))  # nothing was read of the source yet: it brings all
    assert again.confirmed == 0


@pytest.mark.parametrize("address", ["foo", "ftp://host/x", "http://host:99999/x", "/a b"])
def test_a_session_that_no_request_can_go_to(address: str) -> None:
    upload = ResumableUpload(total=10)
    with pytest.raises(ProtocolError, match="address"):
        upload.started(head(location=address))
    assert upload.session_uri is None


def test_damaged_on_its_way_it_is_sent_again_once() -> None:
    upload = machine(10, can_rewind=True)
    send(upload)
    upload.damaged(GONE)
    assert upload.next_action() == Start()
    upload.started(head(location=URI))
    has_sent = [upload.has_sent]
    send(upload)
    assert [*has_sent, upload.has_sent] == [False, True]
    with pytest.raises(Gone):
        upload.damaged(GONE)
    assert not upload.may_be_made


@pytest.mark.parametrize("is_held", [True, False])
def test_damaged_bytes_of_a_source_that_comes_once(*, is_held: bool) -> None:
    upload = machine()
    upload.offer(2 * CHUNK, ended=False)
    if not is_held:
        send_and_keep(upload, CHUNK)
    upload.offer(2 * CHUNK, ended=True)
    send(upload)
    if is_held:
        upload.damaged(GONE)
        assert upload.next_action() == Start()
    else:
        with pytest.raises(Gone):
            upload.damaged(GONE)


@pytest.mark.parametrize(("stop", "may_be"), [(CHUNK, False), (2 * CHUNK, True)])
def test_a_session_that_is_gone_may_have_made_the_object(stop: int, *, may_be: bool) -> None:
    upload = machine(2 * CHUNK, can_rewind=True)
    while send(upload).stop < stop:
        upload.incomplete(kept(CHUNK), Send(0, CHUNK, 2 * CHUNK))
    upload.fail(LOST, 0.5)
    wait(upload)
    upload.fail(GONE, 0.5)
    assert upload.may_be_made is may_be


@pytest.mark.parametrize("error", [GONE, NotFound("none", status=404)])
def test_a_session_that_is_gone_begins_anew(error: StorageError) -> None:
    upload = machine(10 * CHUNK, can_rewind=True)
    send_and_keep(upload, CHUNK)
    send(upload)
    upload.fail(error, 0.5)
    wait(upload)
    assert upload.next_action() == Start()
    upload.started(head(location="https://service/session/2"))
    assert send(upload) == Send(0, CHUNK, 10 * CHUNK)


def test_a_session_that_is_gone_with_bytes_that_are_not_held() -> None:
    upload = machine()
    upload.offer(2 * CHUNK, ended=False)
    send_and_keep(upload, CHUNK)
    with pytest.raises(SessionExpired) as caught:
        upload.fail(GONE, 0.5)
    assert caught.value.__cause__ is GONE
    assert upload.snapshot()["session_uri"] == URI


def test_a_session_that_is_gone_before_anything_was_confirmed() -> None:
    upload = machine()
    upload.offer(CHUNK + 1, ended=False)
    send(upload)
    upload.fail(GONE, 0.5)
    wait(upload)
    assert upload.next_action() == Start()


def test_sessions_that_always_vanish_are_given_up() -> None:
    """What was confirmed once before is no progress."""
    upload = ResumableUpload(
        total=5 * CHUNK, can_rewind=True, chunk_bytes=CHUNK, policy=RetryPolicy(retries=3)
    )
    upload.offer(5 * CHUNK, ended=True)
    sessions = 0

    def lose_for_ever() -> None:
        nonlocal sessions
        while True:
            upload.started(head(location=URI))
            sessions += 1
            send_and_keep(upload, CHUNK)
            send(upload)
            upload.fail(GONE, 0.5)
            wait(upload)

    with pytest.raises(Gone):
        lose_for_ever()
    assert sessions == 4


def test_a_missing_bucket_is_not_a_missing_session() -> None:
    upload = ResumableUpload(total=10, can_rewind=True)
    with pytest.raises(NotFound):
        upload.fail(NotFound("no such bucket", status=404), 0.5)


def test_what_will_not_pass() -> None:
    upload = machine(10, can_rewind=True)
    send(upload)
    refused = PreconditionFailed("it is there", status=412)
    with pytest.raises(PreconditionFailed) as caught:
        upload.fail(refused, 0.5)
    assert caught.value is refused


def test_the_budget_is_used_up_and_refilled() -> None:
    upload = machine(10 * CHUNK, can_rewind=True, policy=RetryPolicy(retries=1, initial_delay=8))
    send(upload)
    upload.fail(LOST, 0.5)
    assert wait(upload).seconds == 4
    upload.incomplete(kept(QUANTUM), ask(upload))  # progress: the budget is full again
    send(upload)
    upload.fail(BUSY, 0.5, retry_after=7)
    assert wait(upload).seconds == 7
    with pytest.raises(ConnectionLost):
        upload.fail(LOST, 0.5)
    assert upload.budget.attempts == 5


# -- what cannot be --------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [0, -QUANTUM, 1, QUANTUM - 1, QUANTUM + 1])
def test_a_chunk_size_that_cannot_be(chunk: int) -> None:
    with pytest.raises(InvalidArgument, match="multiple"):
        ResumableUpload(chunk_bytes=chunk)
    assert ALIGNMENT_BYTES == QUANTUM


def test_a_source_that_is_not_what_was_declared() -> None:
    with pytest.raises(InvalidArgument, match="declared"):
        ResumableUpload(total=10).offer(11, ended=False)
    with pytest.raises(InvalidArgument, match="declared"):
        ResumableUpload(total=10).offer(9, ended=True)


def test_a_session_without_a_name() -> None:
    with pytest.raises(ProtocolError, match="naming"):
        ResumableUpload().started(head())


@pytest.mark.parametrize("value", ["bytes=1-5", "bytes 0-5", "bytes=0-", "0-5", "bytes=0-5,7-8"])
def test_a_range_that_is_none(value: str) -> None:
    upload = machine(10, can_rewind=True)
    with pytest.raises(ProtocolError, match="names the range"):
        upload.incomplete(head(308, range=value), send(upload))


def test_a_range_of_thousands_of_digits() -> None:
    upload = machine(10 * CHUNK, can_rewind=True)
    with pytest.raises(ProtocolError, match="range") as caught:
        upload.incomplete(head(308, range="bytes=0-" + "9" * 5000), send(upload))
    assert len(str(caught.value)) < 200


def test_more_is_kept_than_was_sent() -> None:
    upload = machine(10 * CHUNK, can_rewind=True)
    send(upload)
    upload.fail(LOST, 0.5)
    wait(upload)
    with pytest.raises(ProtocolError, match="were sent"):
        upload.incomplete(kept(CHUNK + 1), ask(upload))


@pytest.mark.parametrize("total", [None, 10 * CHUNK])
def test_an_object_of_less_than_all(total: int | None) -> None:
    upload = machine(total, can_rewind=total is not None)
    upload.offer(total or 2 * CHUNK, ended=total is not None)
    send(upload)
    with pytest.raises(ProtocolError, match="not ended"):
        upload.stored({"size": str(CHUNK)})


# -- another process -------------------------------------------------------------------------


def restored(total: int | None = None, confirmed: int = CHUNK, **arguments: Any) -> ResumableUpload:
    state = {
        "session_uri": URI,
        "confirmed": confirmed,
        "total": total,
        "chunk_bytes": CHUNK,
    }
    chosen = {"can_rewind": True, **arguments}
    return ResumableUpload.restore(json.loads(json.dumps(state)), **chosen)


def test_a_snapshot_is_json_and_comes_back() -> None:
    upload = machine(10 * CHUNK, can_rewind=True)
    send_and_keep(upload, CHUNK)
    snapshot = json.loads(json.dumps(upload.snapshot()))
    again = ResumableUpload.restore(snapshot, can_rewind=True)
    assert again.snapshot() == snapshot
    again.offer(10 * CHUNK, ended=True)
    again.incomplete(kept(2 * CHUNK), ask(again))
    assert send(again) == Send(2 * CHUNK, 3 * CHUNK, 10 * CHUNK)


def test_a_snapshot_of_an_upload_that_has_not_begun() -> None:
    upload = ResumableUpload(total=10, can_rewind=True)
    again = ResumableUpload.restore(upload.snapshot(), can_rewind=True)
    assert again.next_action() == Start()


def test_it_ended_in_the_other_process() -> None:
    upload = restored()
    ask(upload)
    upload.stored({"size": "2000000"})
    assert upload.total == upload.confirmed == 2_000_000


def test_it_ended_and_nobody_says_how_long_it_is() -> None:
    upload = restored()
    ask(upload)
    upload.stored({})
    assert isinstance(upload.next_action(), Stored)
    assert upload.confirmed == 0


def test_all_was_sent_but_for_the_word_that_it_is_all() -> None:
    upload = restored()
    upload.incomplete(kept(CHUNK), ask(upload))
    upload.offer(CHUNK, ended=True)
    assert ask(upload).content_range() == f"bytes */{CHUNK}"


def test_the_session_is_gone_for_another_process() -> None:
    """What the object was to be beside its bytes was said in the first one."""
    upload = restored()
    ask(upload)
    with pytest.raises(SessionExpired, match="any more"):
        upload.fail(GONE, 0.5)


@pytest.mark.parametrize("can_rewind", [True, False])
def test_a_session_that_is_gone_is_begun_anew_where_it_is_known_what_for(
    *, can_rewind: bool
) -> None:
    upload = restored(can_rewind=can_rewind, can_restart=True)
    ask(upload)
    upload.fail(GONE, 0.5)
    wait(upload)
    assert upload.next_action() == Start()
    assert upload.may_be_made
    upload.started(head(location=URI))
    upload.offer(CHUNK + 5, ended=True)
    assert send(upload) == Send(0, CHUNK, CHUNK + 5)
    with pytest.raises(ProtocolError, match="were sent"):  # what it can have is known here
        upload.incomplete(kept(CHUNK + 1), Send(0, CHUNK, CHUNK + 5))


@pytest.mark.parametrize("size", [5, None, [], "many", "9" * 5000])
def test_a_size_of_another_kind(size: Any) -> None:
    upload = restored()
    ask(upload)
    upload.stored({"size": size})
    assert upload.total == (5 if size == 5 else None)


def test_a_source_that_has_less_than_the_service() -> None:
    upload = restored(can_rewind=False)
    upload.incomplete(kept(2 * CHUNK), ask(upload))
    with pytest.raises(ObjectChanged, match="sent before"):
        upload.offer(CHUNK, ended=True)


def test_the_rest_of_a_source_that_was_one_request() -> None:
    """Begun from a file, gone on with from what comes once: then in chunks."""
    state = {"session_uri": URI, "confirmed": 0, "total": 20_000_000, "chunk_bytes": None}
    upload = ResumableUpload.restore(state, can_rewind=False)
    upload.incomplete(kept(QUANTUM), ask(upload))
    default = 8 * 1024 * 1024
    assert upload.next_action() == Fill(QUANTUM + default)
    upload.offer(10_000_000, ended=False)
    assert send(upload) == Send(QUANTUM, QUANTUM + default, 20_000_000)
