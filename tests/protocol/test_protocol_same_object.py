"""The resumable download by example: bytes of two objects are never joined."""

from __future__ import annotations

import pytest
from download_heads import STORED, STORED_CRC32C, anonymous, head, partial
from download_steps import LOST, broken_after, fetch_of, finish, machine

from storage_stream._protocol.download_actions import Done
from storage_stream._protocol.http import Framing, ReplyHead
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    ProtocolError,
)


def test_a_pinned_generation_is_asked_for_from_the_first_request() -> None:
    download = machine(generation=7)
    assert fetch_of(download).query() == (("generation", "7"),)
    download.receive_head(head())
    finish(download, STORED)
    assert download.next_action() == Done(verified=True)


def test_another_generation_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(ObjectChanged, match="generation 6 was asked for, 7 came"):
        machine(generation=6).receive_head(head())


@pytest.mark.parametrize("refusal_class", [NotFound, PreconditionFailed])
def test_an_object_that_is_gone_when_it_is_resumed_has_changed(
    refusal_class: type[NotFound | PreconditionFailed],
) -> None:
    download = machine()
    broken_after(download, head(), STORED[:4])
    refusal = refusal_class("gone", status=404)
    with pytest.raises(ObjectChanged):
        download.receive_head(ReplyHead(404), refusal)


def test_a_lasting_refusal_of_a_resume_is_given_as_it_is() -> None:
    download = machine()
    broken_after(download, head(), STORED[:4])
    with pytest.raises(BadRequest):
        download.receive_head(ReplyHead(400), BadRequest("no", status=400))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (head(), partial(4, 10, x_goog_generation="8")),
        (head(), partial(4, 10, x_goog_hash="crc32c=AAAAAA==")),
        (head(), partial(4, 11, 11, x_goog_stored_content_length=None)),
        (head(), partial(4, 10, x_goog_stored_content_length="11")),
        (anonymous(etag='"a"'), partial(4, 10, x_goog_generation=None, etag='"b"')),
    ],
    ids=["generation", "crc32c", "total", "size", "etag"],
)
def test_an_answer_about_another_object_is_refused(first: ReplyHead, second: ReplyHead) -> None:
    download = machine()
    broken_after(download, first, STORED[:4])
    with pytest.raises(ObjectChanged):
        download.receive_head(second)


@pytest.mark.parametrize(
    "first", [anonymous(etag='"a"'), head(), anonymous(x_goog_hash=f"crc32c={STORED_CRC32C}")]
)
def test_an_answer_that_says_nothing_of_which_object_it_is_cannot_go_on(first: ReplyHead) -> None:
    download = machine()
    broken_after(download, first, STORED[:4])
    silent = {"x_goog_generation": None, "x_goog_hash": None, "etag": None}
    with pytest.raises(ProtocolError, match="same object"):
        download.receive_head(partial(4, 10, **silent))


def test_an_object_without_any_identity_is_not_resumed() -> None:
    download = machine()
    download.receive_head(anonymous())
    download.receive_data(STORED[:4])
    with pytest.raises(ConnectionLost):
        download.fail(LOST, 0.5)


def test_an_object_that_became_shorter_is_noticed_where_the_server_ignores_ranges() -> None:
    unsized = {"x_goog_stored_content_length": None, "content_length": None}
    download = machine()
    broken_after(download, anonymous(etag='"a"', **unsized), STORED[:6])
    download.receive_head(anonymous(etag='"a"', **unsized))
    download.receive_data(STORED[:5])
    with pytest.raises(ObjectChanged, match="shorter"):
        download.receive_end(Framing.CHUNKED)


def test_a_size_below_what_is_here_already_is_a_changed_object() -> None:
    unsized = {"x_goog_stored_content_length": None, "content_length": None}
    download = machine()
    broken_after(download, head(**unsized), STORED[:6])
    with pytest.raises(ObjectChanged):
        download.receive_head(head(content_length="5", x_goog_stored_content_length="5"))
