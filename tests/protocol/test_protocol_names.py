"""Names, by the service's rules: https://cloud.google.com/storage/docs/objects#naming."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience

from storage_stream._protocol.names import (
    check_bucket,
    check_object,
    gs_name,
    quote_name,
    quote_object,
)
from storage_stream.errors import InvalidName, UsageError

pytestmark = patience

encodable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize("name", ["my-bucket", "a.b.example.com", "under_score", "0-9", "x:y"])
def test_bucket_names_that_a_url_can_carry(name: str) -> None:
    assert check_bucket(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a?b",
        "a#b",
        "a%2Fb",
        "a\\b",
        "a b",
        "a\tb",
        "a\r\nb",
        "a\0b",
        "bücket",
    ],
)
def test_bucket_names_that_would_change_the_url_are_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        check_bucket(name)


@pytest.mark.parametrize("check", [check_bucket, check_object])
@pytest.mark.parametrize("name", [None, b"bytes", 7])
def test_names_are_text(check: Any, name: object) -> None:
    with pytest.raises(InvalidName, match="text"):
        check(name)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "folder/",
        "/absolute",
        "a//b",
        "a/../b",
        "./a",
        "...",
        "name with space?#%&=+",
        "\t",
        "üñí©øđé/漢字/🗿",
        "well-known/acme-challenge/",
        "a/.well-known/acme-challenge/x",
        "x" * 1024,
        "é" * 512,
    ],
)
def test_object_names_that_the_service_can_hold(name: str) -> None:
    assert check_object(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a\rb",
        "a\nb",
        ".well-known/acme-challenge/token",
        "x" * 1025,
        "é" * 513,
        "lone \ud800 surrogate",
    ],
)
def test_object_names_that_the_service_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_object(name)
    assert isinstance(caught.value, UsageError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        # The first two are the service's own examples of what has to be encoded.
        ("foo??bar", "foo%3F%3Fbar"),
        ("dog-and-cat/1.jpg", "dog-and-cat%2F1.jpg"),
        ("a/../b", "a%2F..%2Fb"),
        ("50%", "50%25"),
        ("a+b c", "a%2Bb%20c"),
        ("é", "%C3%A9"),
        ("AZaz09-._~", "AZaz09-._~"),
        ("!#$&'()*+,/:;=?@[]", "%21%23%24%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D"),
    ],
)
def test_names_are_quoted_as_one_segment_of_a_path(name: str, quoted: str) -> None:
    assert quote_name(name) == quoted


@examples(300)
@given(encodable)
def test_quoting_is_undone_by_the_standard_librarys_unquote(name: str) -> None:
    quoted = quote_name(name)
    assert unquote(quoted, errors="strict") == name
    assert quoted.isascii()
    assert not set("/?# \r\n") & set(quoted)


@examples(300)
@given(encodable)
def test_a_name_is_given_back_unchanged_or_refused(name: str) -> None:
    try:
        assert check_object(name) == name
    except InvalidName:
        in_no_object = {"\r", "\n"} & set(name) or name in {".", ".."} or len(name.encode()) > 1024
        assert in_no_object or name.startswith(".well-known/")


def test_messages_use_gs_names() -> None:
    assert gs_name("b") == "gs://b"
    assert gs_name("b", "folder/o") == "gs://b/folder/o"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a/b.txt", "a%2Fb.txt"),
        ("ü", "%C3%BC"),
        (".a", ".a"),
        ("a b", "a%20b"),
        ("a%2Fb", "a%252Fb"),
    ],
)
def test_an_object_is_checked_and_quoted_in_one(name: str, quoted: str) -> None:
    assert quote_object(name) == quoted


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a" * 1025, "\ud800", b"a"])
def test_an_object_that_cannot_be_is_not_quoted(name: Any) -> None:
    with pytest.raises(InvalidName):
        quote_object(name)
