"""The resumable download by example: what goes to JSON and back."""

from __future__ import annotations

import json

import pytest
from download_heads import STORED, anonymous, head, partial
from download_steps import GZIP, TRANSCODED, fetch_of, finish, machine

from storage_stream._protocol.download_actions import Done, Fetch
from storage_stream._protocol.http import Headers, ReplyHead
from storage_stream._protocol.ranges import ByteRange
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    ObjectChanged,
    ProtocolError,
    RangeNotSatisfiable,
)


def reborn(download: ResumableDownload) -> ResumableDownload:
    return ResumableDownload.restore(json.loads(json.dumps(download.snapshot())))


def test_a_snapshot_before_the_first_request_asks_the_same() -> None:
    download = machine(-5, raw=True, generation=3)
    assert fetch_of(reborn(download)) == fetch_of(download)


def test_a_snapshot_goes_on_from_the_next_byte_and_is_verified_over_all() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(STORED[:4])
    download = reborn(download)
    assert fetch_of(download) == Fetch(ByteRange(4), 7, accept_gzip=True)
    download.receive_head(partial(4, 10, content_type="text/plain"))
    assert download.object is not None
    assert download.object.content_type == "text/plain"
    assert finish(download, STORED[4:]) == STORED[4:]
    assert download.next_action() == Done(verified=True)


def test_a_restored_download_notices_a_flipped_bit_in_what_came_before() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(b"0124")
    download = reborn(download)
    download.receive_head(partial(4, 10))
    with pytest.raises(IntegrityError):
        finish(download, STORED[4:])


def test_a_restored_download_keeps_the_hash_that_the_next_answer_lacks() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(b"0124")
    download = reborn(download)
    download.receive_head(partial(4, 10, x_goog_hash=None))
    with pytest.raises(IntegrityError):
        finish(download, STORED[4:])


@pytest.mark.parametrize(
    "other",
    [
        partial(4, 10, x_goog_generation=None, etag='"b"'),
        partial(4, 10, x_goog_generation=None, etag=None),
    ],
    ids=["another etag", "none"],
)
def test_a_restored_download_still_knows_its_object_by_its_etag(other: ReplyHead) -> None:
    download = machine()
    download.receive_head(anonymous(etag='"a"'))
    download.receive_data(STORED[:4])
    download = reborn(download)
    with pytest.raises((ObjectChanged, ProtocolError)):
        download.receive_head(other)


def test_what_cannot_be_told_from_another_object_is_not_restored() -> None:
    download = machine()
    download.receive_head(anonymous())
    download.receive_data(STORED[:4])
    with pytest.raises(InvalidArgument, match="which object"):
        reborn(download)


def test_a_restored_suffix_keeps_its_beginning() -> None:
    download = machine(-6)
    download.receive_head(partial(4, 10))
    download.receive_data(b"45")
    download = reborn(download)
    assert fetch_of(download).byte_range == ByteRange(6)
    download.receive_head(partial(6, 10))
    assert download.content_length == 6
    assert finish(download, b"6789") == b"6789"


@pytest.mark.parametrize(("start", "stop"), [(0, None), (2, 5), (-3, None)])
def test_a_snapshot_of_all_bytes_is_done_when_restored(start: int, stop: int | None) -> None:
    download = machine(start, stop)
    body = STORED[start:stop]
    begin = STORED.index(body)
    download.receive_head(partial(begin, begin + len(body)))
    download.receive_data(body)
    assert reborn(download).next_action() == Done(verified=True if body == STORED else None)


def test_a_snapshot_keeps_that_compression_on_the_way_is_not_accepted() -> None:
    download = machine()
    download.receive_head(head(content_encoding="gzip", content_length=None))
    assert fetch_of(reborn(download)) == Fetch(ByteRange(), 7, accept_gzip=False)


def test_a_snapshot_keeps_that_the_beginning_is_wanted_behind_the_stored_bytes() -> None:
    download = machine(5000)
    refusal = RangeNotSatisfiable("behind the end", status=416)
    download.receive_head(head(416, content_range="bytes */10"), refusal)
    assert fetch_of(reborn(download)).byte_range == ByteRange()


def test_a_decoded_download_has_no_snapshot() -> None:
    download = machine()
    download.receive_head(head(**GZIP))
    with pytest.raises(InvalidArgument, match="raw=True"):
        download.snapshot()


def test_a_restored_decompressed_download_keeps_its_coding() -> None:
    download = machine()
    download.receive_head(head(**TRANSCODED))
    download.receive_data(b"abcd")
    download = reborn(download)
    with pytest.raises(ProtocolError, match="resumed body"):
        download.receive_head(partial(4, 10, **GZIP))


def test_an_object_whose_encoding_was_edited_meanwhile_is_not_suddenly_decoded() -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(STORED[:4])
    download = reborn(download)
    download.receive_head(partial(4, 10, **GZIP))
    assert not download.decodes


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"start": "0"},
        {"offset": None},
        {"offset": "4"},
        {"coding": "ZIP"},
        {"crc32c": -1},
        {"crc32c": 1 << 32},
        {"object": 7},
        {"stop": -1},
        {"offset": -1},
        {"offset": 99},
        {"total": "ten"},
        {"generation": "seven"},
    ],
)
def test_what_is_no_snapshot_is_refused(damage: dict[str, object]) -> None:
    download = machine()
    download.receive_head(head())
    download.receive_data(STORED[:4])
    broken = {**download.snapshot(), **damage} if damage else {}
    with pytest.raises(InvalidArgument):
        ResumableDownload.restore(broken)


def test_headers_of_the_service_may_come_in_any_case() -> None:
    lines = [(name.title(), value) for name, value in head().headers]
    download = machine()
    download.receive_head(ReplyHead(200, "OK", Headers(lines)))
    finish(download, STORED)
    assert download.next_action() == Done(verified=True)
