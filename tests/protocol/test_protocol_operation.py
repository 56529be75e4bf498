"""Calls as values; idempotence by https://cloud.google.com/storage/docs/retry-strategy."""

from __future__ import annotations

from typing import Any

import pytest

from storage_stream._protocol import buckets, iam, notifications, object_changes, objects, projects
from storage_stream._protocol.compose import ComposeSource, compose_object
from storage_stream._protocol.http import Headers
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.options import Preconditions, RequestOptions
from storage_stream._protocol.replies import parse_nothing
from storage_stream._protocol.rewrite import Rewrite, rewrite_object
from storage_stream.errors import Forbidden, Gone, NotFound, ResponseError


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


ANY_SOURCE = Preconditions(if_source_generation_match=1)
REWRITE = rewrite_object(Rewrite("b", "o", "c", "p", generation=7, token="t"))
COMPOSE = compose_object("b", "o", [ComposeSource("s", 1)], {})
ANY_GENERATION = Preconditions(if_generation_match=0)
ANY_METAGENERATION = Preconditions(if_metageneration_match=1)


@pytest.mark.parametrize(
    ("call", "preconditions", "repeatable"),
    [
        # The service's table of operations, row by row. Always idempotent: reads and lists, …
        (buckets.get_bucket("b"), Preconditions(), True),
        (buckets.insert_bucket("b", "p", {}), Preconditions(), True),
        (buckets.list_buckets("p"), Preconditions(), True),
        (buckets.delete_bucket("b"), Preconditions(), True),
        (objects.get_object("b", "o"), Preconditions(), True),
        (objects.get_media("b", "o"), Preconditions(), True),
        (objects.list_raw("b"), Preconditions(), True),
        (objects.list_page("b", ()), Preconditions(), True),
        (iam.get_policy("b"), Preconditions(), True),
        (notifications.get_notification("b", "1"), Preconditions(), True),
        (notifications.list_notifications("b"), Preconditions(), True),
        (projects.get_hmac_key("p", "k"), Preconditions(), True),
        (projects.list_hmac_keys("p"), Preconditions(), True),
        (projects.get_service_account("p"), Preconditions(), True),
        # … buckets made and deleted, permissions tested, policies locked, keys and notifications
        # deleted.
        (iam.check_permissions("b", ["x"]), Preconditions(), True),
        (buckets.lock_retention_policy("b", 1), Preconditions(), True),
        (projects.delete_hmac_key("p", "k"), Preconditions(), True),
        (notifications.delete_notification("b", "1"), Preconditions(), True),
        # Conditionally idempotent: changes of metadata, with a metageneration or an etag, …
        (buckets.patch_bucket("b", {}), Preconditions(), False),
        (buckets.patch_bucket("b", {}), ANY_GENERATION, False),
        (buckets.patch_bucket("b", {}), ANY_METAGENERATION, True),
        (buckets.update_bucket("b", {}), Preconditions(), False),
        (buckets.update_bucket("b", {}), ANY_METAGENERATION, True),
        (object_changes.update_object("b", "o", {}, 7), Preconditions(), False),
        (object_changes.update_object("b", "o", {}), ANY_GENERATION, False),
        (object_changes.update_object("b", "o", {}), ANY_METAGENERATION, True),
        (iam.set_policy("b", {}), Preconditions(), False),
        (iam.set_policy("b", {}), ANY_METAGENERATION, False),
        (iam.set_policy("b", {"etag": "e"}), Preconditions(), True),
        (projects.update_hmac_key("p", "k", "ACTIVE"), Preconditions(), False),
        (projects.update_hmac_key("p", "k", "ACTIVE", "e"), Preconditions(), True),
        # … and new objects and deletions, with the generation of what they replace.
        (COMPOSE, Preconditions(), False),
        (COMPOSE, ANY_METAGENERATION, False),
        (COMPOSE, ANY_GENERATION, True),
        (REWRITE, Preconditions(), False),
        (REWRITE, ANY_SOURCE, False),
        (REWRITE, ANY_GENERATION, True),
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
        # Never: what makes another one each time.
        (projects.create_hmac_key("p", "e"), ANY_GENERATION, False),
        (notifications.insert_notification("b", "t", {}), ANY_GENERATION, False),
        # Not in the table; by its rule that a repeat must end in the same state.
        (object_changes.restore_object("b", "o", 7), Preconditions(), False),
        (object_changes.restore_object("b", "o", 7), ANY_GENERATION, True),
        (object_changes.move_object("b", "o", "n"), Preconditions(), False),
        (object_changes.move_object("b", "o", "n"), ANY_GENERATION, True),
        (object_changes.move_object("b", "o", "n"), ANY_SOURCE, True),
    ],
)
def test_what_may_be_repeated_without_knowing_its_fate(
    call: Operation[Any],
    preconditions: Preconditions,
    repeatable: bool,  # noqa: FBT001 - a table
) -> None:
    options = RequestOptions.of({"preconditions": preconditions}, RequestOptions())
    assert call.with_options(options).is_idempotent is repeatable


@pytest.mark.parametrize(
    ("call", "repeatable"),
    [
        (buckets.patch_bucket("b", {}), True),
        (object_changes.update_object("b", "o", {}), True),
        (objects.patch_object("b", "o", {}), True),
        (iam.set_policy("b", {}), True),
        (projects.update_hmac_key("p", "k", "ACTIVE"), True),
        (objects.delete_object("b", "o"), False),
        (COMPOSE, False),
        (projects.create_hmac_key("p", "e"), False),
    ],
)
def test_an_etag_in_a_header_makes_changes_of_metadata_repeatable(
    call: Operation[Any],
    repeatable: bool,  # noqa: FBT001 - a table
) -> None:
    options = RequestOptions(headers=(("If-Match", "CAE="),))
    assert call.with_options(options).is_idempotent is repeatable


def test_what_is_never_idempotent() -> None:
    call = operation(query=(("ifGenerationMatch", "1"),), idempotence=Idempotence.NEVER)
    assert not call.is_idempotent


GONE = Gone("gone", status=410)
MISSING = NotFound("not there", status=404)


@pytest.mark.parametrize(
    ("call", "refusal", "done"),
    [
        (objects.delete_object("b", "o", 7), MISSING, True),
        (objects.delete_object("b", "o", 7), GONE, True),
        (objects.delete_object("b", "o").with_query(ANY_GENERATION.query()), MISSING, True),
        (buckets.delete_bucket("b"), MISSING, True),
        (objects.delete_object("b", "o"), MISSING, False),
        (objects.delete_object("b", "o", 7), Forbidden("no", status=403), False),
        (objects.get_object("b", "o", 7), MISSING, False),
    ],
)
def test_what_a_repeat_does_not_find_was_removed_before(
    call: Operation[Any], refusal: ResponseError, *, done: bool
) -> None:
    assert call.was_done(refusal) is done


def test_the_result_of_what_was_removed_before() -> None:
    assert objects.delete_object("b", "o", 7).parse_done() == ""
