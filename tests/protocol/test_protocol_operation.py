"""Calls as values; idempotence by https://cloud.google.com/storage/docs/retry-strategy."""

from __future__ import annotations

from typing import Any

import pytest

from storage_stream._protocol import buckets, objects
from storage_stream._protocol.http import Headers
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.options import Preconditions, RequestOptions
from storage_stream._protocol.replies import parse_nothing


def operation(**fields: Any) -> Operation[None]:
    return Operation("storage.x", "GET", "/p", parse_nothing, "gs://b", **fields)


def test_the_request_of_an_operation() -> None:
    plain = operation()
    assert (plain.request.method, plain.request.target) == ("GET", "/p")
    asked = operation(query=(("prefix", "a b/é&="), ("alt", "media")), body=b"x")
    assert asked.request.target == "/p?prefix=a+b%2F%C3%A9%26%3D&alt=media"
    assert asked.request.body == b"x"


def test_the_callers_options_come_in_place_of_its_own() -> None:
    own = operation(
        query=(("alt", "media"), ("a", "1")), headers=Headers([("content-type", "a/b")])
    )
    options = RequestOptions(headers=(("Content-Type", "c/d"), ("x", "1")), params=(("a", "2"),))
    merged = own.with_options(options)
    assert merged.query == (("alt", "media"), ("a", "2"))
    assert list(merged.headers) == [("content-type", "c/d"), ("x", "1")]
    assert own.query == (("alt", "media"), ("a", "1"))


def test_more_parameters() -> None:
    assert operation(query=(("a", "1"),)).with_query((("a", "2"), ("b", "3"))).query == (
        ("a", "2"), ("b", "3")
    )  # fmt: skip


ANY_GENERATION = Preconditions(if_generation_match=0)
ANY_METAGENERATION = Preconditions(if_metageneration_match=1)


@pytest.mark.parametrize(
    ("call", "preconditions", "repeatable"),
    [
        # The service's table of operations, row by row.
        (buckets.get_bucket("b"), Preconditions(), True),
        (buckets.insert_bucket("b", "p", {}), Preconditions(), True),
        (buckets.list_buckets("p"), Preconditions(), True),
        (buckets.delete_bucket("b"), Preconditions(), True),
        (objects.get_object("b", "o"), Preconditions(), True),
        (objects.get_media("b", "o"), Preconditions(), True),
        (objects.list_raw("b"), Preconditions(), True),
        (objects.list_page("b", ()), Preconditions(), True),
        (objects.delete_object("b", "o"), Preconditions(), False),
        (objects.delete_object("b", "o", 7), Preconditions(), True),
        (objects.delete_object("b", "o"), ANY_GENERATION, True),
        (objects.delete_object("b", "o"), ANY_METAGENERATION, False),
        (objects.insert_media("b", "o", b"", "a/b"), Preconditions(), False),
        (objects.insert_media("b", "o", b"", "a/b"), ANY_GENERATION, True),
        (objects.insert_multipart("b", "o", b"", "a/b"), Preconditions(), False),
        (objects.insert_multipart("b", "o", b"", "a/b"), ANY_GENERATION, True),
        (objects.patch_object("b", "o", {}), Preconditions(), False),
        (objects.patch_object("b", "o", {}), ANY_GENERATION, False),
        (objects.patch_object("b", "o", {}), ANY_METAGENERATION, True),
    ],
)
def test_what_may_be_repeated_without_knowing_its_fate(
    call: Operation[Any],
    preconditions: Preconditions,
    repeatable: bool,  # noqa: FBT001 - a table
) -> None:
    options = RequestOptions.of({"preconditions": preconditions}, RequestOptions())
    assert call.with_options(options).is_idempotent is repeatable


def test_what_is_never_idempotent() -> None:
    call = operation(query=(("ifGenerationMatch", "1"),), idempotence=Idempotence.NEVER)
    assert not call.is_idempotent
