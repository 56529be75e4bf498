"""Signed forms: the service's own vectors to the byte, and what no vector says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience
from signing_vectors import dummy_account, signature, vectors

from storage_stream._protocol.post_policy import PostPolicy
from storage_stream._protocol.signing import SigningIdentity
from storage_stream._protocol.signing_address import SigningAddress, UrlStyle
from storage_stream.errors import InvalidArgument, InvalidName

pytestmark = patience

IDENTITY = SigningIdentity("a@b.example", datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC))


def policy(name: str = "name", **arguments: Any) -> PostPolicy:
    chosen = {"identity": IDENTITY, "expiration": 10, **arguments}
    return PostPolicy.of(chosen.pop("bucket", "bucket"), name, **chosen)


def conditions_of(made: PostPolicy) -> list[Any]:
    document: dict[str, Any] = json.loads(base64.b64decode(made.string_to_sign))
    conditions: list[Any] = document["conditions"]
    return conditions


# -- the vectors -----------------------------------------------------------------------------

WORDS = {"startsWith": "starts-with", "contentLengthRange": "content-length-range"}


@pytest.mark.parametrize("vector", vectors("postPolicyV4Tests"))
def test_vector(vector: dict[str, Any]) -> None:
    account = dummy_account()
    asked, expected = vector["policyInput"], vector["policyOutput"]
    style = UrlStyle[
        asked.get("urlStyle", "PATH_STYLE").removesuffix("_STYLE").removesuffix("_HOSTNAME")
    ]
    host = asked.get("bucketBoundHostname", "storage.googleapis.com")
    made = PostPolicy.of(
        asked["bucket"],
        asked["object"],
        identity=SigningIdentity(
            account["client_email"], datetime.fromisoformat(asked["timestamp"])
        ),
        expiration=asked["expiration"],
        address=SigningAddress.of(host, style, scheme=asked["scheme"]),
        fields=asked.get("fields"),
        conditions=[[WORDS[name], *values] for name, values in asked.get("conditions", {}).items()],
    )
    # The vectors' readable text has its escapes resolved; their base64 holds them to the byte.
    readable = expected["expectedDecodedPolicy"]
    assert json.loads(made.document) == json.loads(readable)
    assert made.document == "".join(
        each if each.isascii() else f"\\u{ord(each):04x}" for each in readable
    )
    form = made.form(signature(account, made.string_to_sign))
    assert form == {"url": expected["url"], "fields": expected["fields"]}


# -- conditions ------------------------------------------------------------------------------


def test_what_every_policy_says() -> None:
    made = policy()
    assert json.loads(made.document) == {
        "conditions": [
            {"bucket": "bucket"},
            {"key": "name"},
            {"x-goog-date": "20261231T235950Z"},
            {"x-goog-credential": "a@b.example/20261231/auto/storage/goog4_request"},
            {"x-goog-algorithm": "GOOG4-RSA-SHA256"},
        ],
        "expiration": "2027-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (["starts-with", "$content-type", "image/"], ["starts-with", "$content-type", "image/"]),
        (("starts-with", "$acl", ""), ["starts-with", "$acl", ""]),
        (["eq", "$acl", "private"], {"acl": "private"}),
        ({"acl": "private"}, {"acl": "private"}),
        (["content-length-range", 0, 5], ["content-length-range", 0, 5]),
        (["content-length-range", 5, 5], ["content-length-range", 5, 5]),
    ],
)
def test_a_condition(condition: Any, said: Any) -> None:
    assert conditions_of(policy(conditions=[condition]))[0] == said


def test_a_mapping_of_several() -> None:
    assert conditions_of(policy(conditions=[{"a": "1", "b": "2"}]))[:2] == [{"a": "1"}, {"b": "2"}]


@pytest.mark.parametrize(
    "condition",
    [
        [], "text", None, 5, ["ends-with", "$a", "b"], ["starts-with", "a", "b"],
        ["starts-with", "$a"], ["starts-with", "$a", 5], ["eq", "$a", "b", "c"],
        ["content-length-range", 5, 4], ["content-length-range", -1, 4],
        ["content-length-range", "0", "4"], ["content-length-range", 0, True],
        ["content-length-range", 0.5, 4], {"starts-with", "$a", "b"},
    ],
)  # fmt: skip
def test_what_is_no_condition(condition: Any) -> None:
    with pytest.raises(InvalidArgument, match="a condition is like"):
        policy(conditions=[condition])


@pytest.mark.parametrize("condition", [{"a": 1}, {1: "a"}])
def test_a_mapping_that_is_no_text(condition: Any) -> None:
    with pytest.raises(TypeError):
        policy(conditions=[condition])


# -- fields ----------------------------------------------------------------------------------


def test_a_field_is_a_condition_too_unless_it_is_to_be_ignored() -> None:
    made = policy(fields={"x-ignore-csrf": "t", "content-type": "text/plain"})
    assert conditions_of(made)[0] == {"content-type": "text/plain"}
    assert not any("x-ignore-csrf" in condition for condition in conditions_of(made))
    fields = made.form(b"\xab")["fields"]
    assert fields["x-ignore-csrf"] == "t"
    assert fields["content-type"] == "text/plain"
    assert fields["x-goog-signature"] == "ab"


@pytest.mark.parametrize("name", ["", "key", "Policy", "X-Goog-Signature", "file", "bucket"])
def test_fields_that_are_the_policys_own(name: str) -> None:
    with pytest.raises(InvalidArgument, match="not the caller's"):
        policy(fields={name: "x"})


@pytest.mark.parametrize("fields", [{"success_action_status": 201}, {1: "x"}, [("a", "b")]])
def test_fields_are_text(fields: Any) -> None:
    with pytest.raises(TypeError):
        policy(fields=fields)


@pytest.mark.parametrize("fields", [{"a": "\ud800"}, {"\ud800": "a"}])
def test_fields_without_utf_8_form(fields: Any) -> None:
    with pytest.raises(InvalidArgument, match="UTF-8"):
        policy(fields=fields)


# -- the name --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("photos/${filename}", "photos/"), ("${filename}", ""), ("a/${filename}.b", "a/")],
)
def test_the_users_file_name_makes_a_prefix(name: str, prefix: str) -> None:
    made = policy(name)
    assert ["starts-with", "$key", prefix] in conditions_of(made)
    assert made.form(b"s")["fields"]["key"] == name


def test_names_that_cannot_be() -> None:
    with pytest.raises(InvalidName):
        policy("a\nb")
    with pytest.raises(InvalidName):
        policy(bucket="a/b")


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_out_of_range(seconds: int) -> None:
    with pytest.raises(InvalidArgument):
        policy(expiration=seconds)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@examples(200)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n$"), min_size=3,
                 max_size=30),
    value=texts,
)  # fmt: skip
def test_the_policy_is_ascii_and_says_again_what_was_given(name: str, value: str) -> None:
    made = policy(name, fields={"x-goog-meta-a": value})
    assert made.document.isascii()
    assert {"key": name} in conditions_of(made)
    assert {"x-goog-meta-a": value} in conditions_of(made)
    form = made.form(b"s")["fields"]
    assert (form["key"], form["x-goog-meta-a"]) == (name, value)
    assert base64.b64decode(form["policy"]).decode() == made.document


def test_nothing_that_is_passed_is_kept() -> None:
    fields, condition = {"a": "1"}, ["eq", "$b", "2"]
    made = policy(fields=fields, conditions=[condition])
    before = made.string_to_sign
    fields["c"], condition[2] = "3", "4"
    assert made.string_to_sign == before
