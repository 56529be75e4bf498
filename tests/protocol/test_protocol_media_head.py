"""What the headers of media say, by https://cloud.google.com/storage/docs/transcoding."""

from __future__ import annotations

import pytest

from storage_stream._protocol.http import Headers, ReplyHead
from storage_stream._protocol.media_head import Coding, ObjectHead, coding_of, is_gzip


def head(*lines: tuple[str, str]) -> ReplyHead:
    return ReplyHead(200, "OK", Headers(lines))


def test_the_facts_of_an_object() -> None:
    answer = head(
        ("x-goog-generation", "1360887697105000"),
        ("x-goog-metageneration", "2"),
        ("x-goog-stored-content-length", "11"),
        ("x-goog-stored-content-encoding", "gzip"),
        ("x-goog-hash", "crc32c=yZRlqg=="),
        ("x-goog-hash", "md5=XrY7u+Ae7tCTyyK7j1rNww=="),
        ("x-goog-storage-class", "NEARLINE"),
        ("content-type", "text/plain"),
        ("etag", '"abc"'),
        ("last-modified", "Fri, 15 Feb 2013 00:21:37 GMT"),
    )
    assert ObjectHead.of(answer) == ObjectHead(
        generation=1360887697105000,
        metageneration=2,
        size=11,
        content_type="text/plain",
        content_encoding="gzip",
        crc32c="yZRlqg==",
        md5="XrY7u+Ae7tCTyyK7j1rNww==",
        etag='"abc"',
        storage_class="NEARLINE",
        last_modified="Fri, 15 Feb 2013 00:21:37 GMT",
    )


def test_what_is_missing_is_none() -> None:
    assert ObjectHead.of(head()) == ObjectHead()


@pytest.mark.parametrize("number", ["", "seven", "-1", "1.0", "٣", "9" * 5000])
def test_an_unreadable_number_is_none(number: str) -> None:
    told = ObjectHead.of(head(("x-goog-generation", number)))
    assert told.generation is None


@pytest.mark.parametrize(
    ("stored", "sent", "coding", "encoding"),
    [
        (None, None, Coding.STORED, None),
        (None, "gzip", Coding.STORED, "gzip"),  # a server that tells only what it sends
        ("identity", None, Coding.STORED, None),
        ("identity", "identity", Coding.STORED, None),
        ("gzip", "gzip", Coding.STORED, "gzip"),
        ("gzip", None, Coding.DECODED, "gzip"),
        ("GZIP", "", Coding.DECODED, "GZIP"),
        ("identity", "gzip", Coding.ENCODED, None),
        ("", "gzip", Coding.ENCODED, None),
    ],
)
def test_how_the_body_relates_to_what_is_stored(
    stored: str | None, sent: str | None, coding: Coding, encoding: str | None
) -> None:
    lines = [("x-goog-stored-content-encoding", stored), ("content-encoding", sent)]
    answer = head(*[(name, value) for name, value in lines if value is not None])
    assert coding_of(answer) is coding
    assert ObjectHead.of(answer).content_encoding == encoding


@pytest.mark.parametrize(
    ("encoding", "answer"),
    [
        ("gzip", True),
        (" GZip ", True),
        ("x-gzip", True),
        ("gzip, gzip", False),
        ("br", False),
        ("", False),
        (None, False),
    ],
)
def test_gzip_is_one_layer_of_gzip(encoding: str | None, answer: bool) -> None:  # noqa: FBT001 - a table
    assert is_gzip(encoding) is answer
