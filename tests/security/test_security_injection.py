"""What a caller passes on from strangers stays what it is: a name, a value, never a line."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_stream import Environment, Storage
from storage_stream.errors import StorageError
from storage_stream.testing import Answer, MemoryTransport

EVIL = "a\r\nX-Evil: 1\r\n\r\nGET /other HTTP/1.1"
BREAKS = ["a\r\nb", "a\nb", "a\rb", "a\0b"]


def sent_by(call: Any) -> list[Any]:
    """The requests that a call makes, whatever becomes of it."""
    transport = MemoryTransport(lambda _: Answer(404))

    async def run() -> None:
        around = Environment(transport=transport)
        async with Storage(anonymous=True, environment=around) as storage:
            with contextlib.suppress(StorageError, TypeError):
                await call(storage)

    with asyncio.Runner() as runner:
        runner.run(run())
    return transport.requests


def assert_one_line_each(request: Any) -> None:
    for name, value in request.headers:
        assert not set("\r\n\0") & set(name + value), name
    assert request.url.isascii()
    assert request.url.isprintable()
    assert " " not in request.url


@settings(max_examples=40, deadline=None)
@given(
    st.text(min_size=1, max_size=20) | st.sampled_from([EVIL, "../x", "a?b=c", "a#b", "a%0d%0ab"])
)
def test_an_objects_name_is_one_segment_of_the_path(name: str) -> None:
    for request in sent_by(lambda storage: storage.download_metadata("bucket", name)):
        assert_one_line_each(request)
        path = urlsplit(request.url).path
        assert path.startswith("/storage/v1/b/bucket/o/")
        assert unquote(path.removeprefix("/storage/v1/b/bucket/o/")) == name
        assert "/" not in path.removeprefix("/storage/v1/b/bucket/o/")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=20) | st.sampled_from([EVIL, '"', "\\"]), st.text(min_size=1, max_size=5))
def test_metadata_travels_in_the_body(value: str, key: str) -> None:
    metadata = {"metadata": {key: value}, "cacheControl": value, "contentDisposition": value}
    for call in (
        lambda storage: storage.upload("bucket", "name", b"data", metadata=metadata),
        lambda storage: storage.upload(
            "bucket", "name", b"data", metadata=metadata, force_resumable_upload=True
        ),
        lambda storage: storage.patch_metadata("bucket", "name", metadata),
    ):
        for request in sent_by(call):
            assert_one_line_each(request)


@pytest.mark.parametrize("text", BREAKS, ids=["crlf", "lf", "cr", "nul"])
@pytest.mark.parametrize(
    "said",
    ["headers", "header name", "content type", "bucket", "encryption key"],
)
def test_a_line_break_where_a_header_is_said_sends_nothing(said: str, text: str) -> None:
    calls: dict[str, Any] = {
        "headers": lambda s: s.download("bucket", "name", headers={"x": text}),
        "header name": lambda s: s.download("bucket", "name", headers={text: "x"}),
        "content type": lambda s: s.upload("bucket", "name", b"", content_type=text),
        "bucket": lambda s: s.download(text, "name"),
        "encryption key": lambda s: s.download("bucket", "name", encryption_key=text),
    }
    assert sent_by(calls[said]) == []


@pytest.mark.parametrize("text", [*BREAKS, "a&b=c", "a b#c"], ids=["1", "2", "3", "4", "5", "6"])
def test_parameters_are_quoted(text: str) -> None:
    (request,) = sent_by(
        lambda s: s.get_bucket_metadata("bucket", params={"x": text}, user_project=text)
    )
    assert_one_line_each(request)
    assert urlsplit(request.url).query.count("&") == 1
    assert urlsplit(request.url).fragment == ""
