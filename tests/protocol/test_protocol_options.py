"""What a caller says about a request: checked, merged, and never changed."""

from __future__ import annotations

from typing import Any

import pytest

from storage_stream._protocol.options import Preconditions, RequestOptions, merge_query
from storage_stream._protocol.retry import RetryPolicy
from storage_stream.errors import InvalidArgument

DEFAULTS = RequestOptions(
    headers=(("X-Client", "1"), ("X-Other", "2")), params=(("userProject", "p"),)
)


class Session:
    """What is asked for connections."""

    def request(self) -> None: ...


def of(**keywords: Any) -> RequestOptions:
    return RequestOptions.of(keywords, DEFAULTS)


def test_nothing_said_means_the_defaults() -> None:
    assert of() is DEFAULTS
    assert of(headers=None, params=None, session=None, retry=None, retries=None) == DEFAULTS


def test_the_defaults_of_the_defaults() -> None:
    assert RequestOptions().timeout == 10.0
    assert RequestOptions().stall_timeout == 30.0
    assert RequestOptions().retry == RetryPolicy()


def test_the_callers_words_come_over_the_clients() -> None:
    session = Session()
    said = of(
        headers={"x-client": "mine", "Range": "bytes=0-1"},
        params={"fields": "name", "flag": True},
        session=session,
        user_project="q",
        timeout=3,
        stall_timeout=None,
    )
    assert said.headers == (("X-Other", "2"), ("x-client", "mine"), ("Range", "bytes=0-1"))
    assert said.header("X-CLIENT") == "mine"
    assert said.header("range") == "bytes=0-1"
    assert said.header("missing") is None
    assert dict(said.params) == {"userProject": "q", "fields": "name", "flag": "true"}
    assert said.session is session
    assert (said.timeout, said.stall_timeout) == (3.0, None)


def test_what_the_caller_passes_is_not_changed() -> None:
    headers, params = {"A": "1"}, {"b": 2}
    of(headers=headers, params=params)
    assert (headers, params) == ({"A": "1"}, {"b": 2})


def test_retries_change_the_number_only() -> None:
    policy = RetryPolicy(retries=1, initial_delay=7.0)
    assert of(retry=policy).retry is policy
    assert of(retry=policy, retries=0).retry == RetryPolicy(retries=0, initial_delay=7.0)
    assert of(retries=9).retry == RetryPolicy(retries=9)


def test_an_aiohttp_timeout_means_its_total() -> None:
    class ClientTimeout:
        total = 4.5

    class Unlimited:
        total = None

    assert of(timeout=ClientTimeout()).timeout == 4.5
    assert of(timeout=Unlimited()).timeout is None


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"header": {}}, "'header'"),
        ({"zebra": 1, "apple": 2}, "'apple'"),
        ({"headers": [("a", "b")]}, "mapping"),
        ({"params": "a=b"}, "mapping"),
        ({"timeout": "3"}, "seconds"),
        ({"timeout": True}, "seconds"),
        ({"preconditions": {"if_generation_match": 1}}, "Preconditions"),
        ({"retry": 3}, "RetryPolicy, not int; .* retries=3"),
        ({"retry": 3, "retries": 3}, "RetryPolicy"),
        ({"session": 5}, "aiohttp.ClientSession, not int"),
        ({"user_project": 5}, "user_project is text"),
    ],
)
def test_a_wrong_kind_is_a_type_error(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        of(**keywords)


@pytest.mark.parametrize(
    "keywords",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"stall_timeout": 0},
        {"retries": -1},
        {"headers": {"A": "1\r\nEvil: 1"}},
        {"headers": {"A": "1\n"}},
        {"headers": {"A\r\nEvil": "1"}},
        {"headers": {"A\nEvil": "1"}},
    ],
)
def test_a_value_out_of_its_range_is_refused(keywords: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        of(**keywords)


def test_preconditions_in_the_services_spelling() -> None:
    said = of(preconditions=Preconditions(0, 1, 2, 3))
    assert said.params[1:] == (
        ("ifGenerationMatch", "0"),
        ("ifGenerationNotMatch", "1"),
        ("ifMetagenerationMatch", "2"),
        ("ifMetagenerationNotMatch", "3"),
    )
    assert Preconditions(if_metageneration_match=5).query() == (("ifMetagenerationMatch", "5"),)
    assert Preconditions().query() == ()
    assert Preconditions(
        if_source_generation_match=1,
        if_source_generation_not_match=2,
        if_source_metageneration_match=3,
        if_source_metageneration_not_match=4,
    ).query() == (
        ("ifSourceGenerationMatch", "1"),
        ("ifSourceGenerationNotMatch", "2"),
        ("ifSourceMetagenerationMatch", "3"),
        ("ifSourceMetagenerationNotMatch", "4"),
    )


def test_a_client_of_the_wrong_policy() -> None:
    policy: Any = 3
    with pytest.raises(TypeError, match="RetryPolicy"):
        RequestOptions(retry=policy)


def test_preconditions_as_the_service_spells_generations() -> None:
    text: Any = "1700000000000001"
    assert Preconditions(if_generation_match=text) == Preconditions(1700000000000001)


@pytest.mark.parametrize("value", [True, False, "x", "", 1.5, -1, b"1"])
@pytest.mark.parametrize(
    "name", ["if_generation_match", "if_metageneration_not_match", "if_source_generation_match"]
)
def test_preconditions_that_cannot_be(name: str, value: Any) -> None:
    given = {name: value}
    with pytest.raises(InvalidArgument, match=name):
        Preconditions(**given)


def test_headers_are_left_out_by_name() -> None:
    assert DEFAULTS.without_headers("x-client").headers == (("X-Other", "2"),)
    assert DEFAULTS.without_headers("missing") is DEFAULTS


def test_another_request_of_the_same_call_keeps_only_who_pays() -> None:
    said = of(headers={"content-type": "a/b"}, params={"fields": "name"}, timeout=3)
    assert said.only_connection() == RequestOptions(params=(("userProject", "p"),), timeout=3.0)


def test_later_parameters_replace_earlier_ones_of_the_same_name() -> None:
    assert merge_query((("a", "1"), ("b", "2")), (("a", "3"),), ()) == (("b", "2"), ("a", "3"))
    assert merge_query((), (("a", "1"), ("a", "2")), (("a", "3"),)) == (("a", "3"),)


def test_an_operation_may_say_a_parameter_several_times() -> None:
    said = (("permissions", "a"), ("permissions", "b"))
    assert merge_query(said, (("userProject", "p"),)) == (*said, ("userProject", "p"))
    assert merge_query(said, (("permissions", "c"),)) == (("permissions", "c"),)
