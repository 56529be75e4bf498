"""What is taken for a whole object at a glance is what the machine takes for one, byte for byte."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fastcrc.crc32 import iscsi
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream._protocol.download_actions import Done, Fetch
from storage_stream._protocol.http import Framing, Headers, ReplyHead
from storage_stream._protocol.objects import get_media
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.resumable_download import ResumableDownload
from storage_stream._protocol.whole_media import is_whole_object, whole_media_request
from storage_stream.errors import InvalidName

BODY = b"the stored bytes"
RIGHT = "crc32c=" + base64.b64encode(iscsi(BODY).to_bytes(4, "big")).decode()


def head(*lines: tuple[str, str], status: int = 200) -> ReplyHead:
    return ReplyHead(status, "OK", Headers([("content-length", str(len(BODY))), *lines]))


def test_the_request_is_the_machines_first() -> None:
    for name in ("o", "a/b c+d%.é", "x" * 1024):
        for generation in (None, 7):
            for params in ((), (("userProject", "a b"),), (("generation", "3"), ("alt", "x"))):
                fetch = ResumableDownload(generation=generation).next_action()
                assert isinstance(fetch, Fetch)
                media = get_media("bucket", name).with_options(RequestOptions(params=params))
                asked = media.with_query(fetch.query()).request.with_headers(*fetch.headers())
                assert whole_media_request("bucket", name, generation, params) == asked


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb"])
def test_a_name_that_cannot_be(name: str) -> None:
    with pytest.raises(InvalidName):
        whole_media_request("bucket", name)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (("x-goog-hash", RIGHT),),
        (("x-goog-hash", "md5=abc="), ("x-goog-hash", RIGHT)),
        (("x-goog-hash", f"md5=abc=,{RIGHT}"),),
        (
            ("x-goog-stored-content-encoding", "identity"),
            ("x-goog-stored-content-length", str(len(BODY))),
            ("x-goog-hash", RIGHT),
        ),
    ],
)
def test_the_usual_answers(lines: tuple[tuple[str, str], ...]) -> None:
    assert is_whole_object(head(*lines), BODY)


@pytest.mark.parametrize(
    "answer",
    [
        head(status=206),
        head(status=404),
        head(("content-encoding", "gzip")),
        head(("x-goog-stored-content-encoding", "gzip")),
        head(("x-goog-stored-content-length", str(len(BODY) + 1))),
        head(("x-goog-hash", "crc32c=AAAAAA==")),
        head(("x-goog-hash", "crc32c=?")),
        head(("x-goog-hash", RIGHT), ("x-goog-hash", "crc32c=AAAAAA==")),
    ],
)
def test_all_others_are_the_machines(answer: ReplyHead) -> None:
    assert not is_whole_object(answer, BODY)


LINES = st.sampled_from(
    [
        ("x-goog-hash", RIGHT),
        ("x-goog-hash", "crc32c=AAAAAA=="),
        ("x-goog-hash", "md5=abc="),
        ("content-encoding", "gzip"),
        ("content-encoding", "identity"),
        ("x-goog-stored-content-encoding", "identity"),
        ("x-goog-stored-content-encoding", "gzip"),
        ("x-goog-stored-content-length", str(len(BODY))),
        ("x-goog-stored-content-length", "3"),
        ("x-goog-generation", "7"),
    ]
)


def test_another_generation_is_the_machines() -> None:
    answer = head(("x-goog-generation", "7"))
    assert is_whole_object(answer, BODY, 7)
    assert is_whole_object(head(), BODY, 7)
    assert not is_whole_object(answer, BODY, 8)


@settings(max_examples=100)
@given(
    lines=st.lists(LINES, max_size=5),
    status=st.sampled_from([200, 206, 404]),
    generation=st.sampled_from([None, 7, 8]),
    raw=st.booleans(),
)
def test_what_is_accepted_here_the_machine_accepts(
    lines: list[tuple[str, str]], status: int, generation: int | None, *, raw: bool
) -> None:
    answer = head(*lines, status=status)
    if not is_whole_object(answer, BODY, generation):
        return
    machine = ResumableDownload(generation=generation, raw=raw)
    machine.receive_head(answer)
    assert not machine.decodes
    assert machine.receive_data(BODY) == BODY
    machine.receive_end(Framing.LENGTH)
    done = machine.next_action()
    assert isinstance(done, Done)
    assert done.verified is (
        True
        if "x-goog-hash" in answer.headers
        and any(value == RIGHT for value in answer.headers.get_all("x-goog-hash"))
        else None
    )


@pytest.mark.parametrize("bucket", [None, 3, [], b"bucket", "", "a/b"])
def test_a_bucket_that_cannot_be(bucket: Any) -> None:
    with pytest.raises(InvalidName):
        whole_media_request(bucket, "o")
