"""Signed URLs: the service's own vectors to the byte, and what no vector says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_profiles import examples, patience
from signing_vectors import dummy_account, signature, vectors

from storage_stream._protocol.signing import SigningIdentity, SignRequest
from storage_stream._protocol.signing_address import SigningAddress, UrlStyle
from storage_stream.errors import InvalidArgument, InvalidName

pytestmark = patience

EMAIL = "signer@project.iam.gserviceaccount.com"
MOMENT = datetime(2026, 7, 4, 12, 30, 59, 999_999, tzinfo=UTC)
IDENTITY = SigningIdentity(EMAIL, MOMENT)


def sign(name: str | None = "name", **arguments: Any) -> SignRequest:
    chosen = {"identity": IDENTITY, "expiration": 60, **arguments}
    return SignRequest.of(chosen.pop("method", "GET"), "bucket", name, **chosen)


# -- the vectors -----------------------------------------------------------------------------


CONTRADICTORY = "Universe domain with virtual hosted style"
"""Its canonical request has the bucket in the path, and so another hash than its string to sign;
the string to sign, the URL and the signature, which is over that string, agree without it."""


def address_of(vector: dict[str, Any]) -> SigningAddress:
    """The host of a vector; which of several goes first is the client's rule, not the URL's."""
    style = UrlStyle[
        vector.get("urlStyle", "PATH_STYLE").removesuffix("_STYLE").removesuffix("_HOSTNAME")
    ]
    host = (
        vector.get("bucketBoundHostname")
        or vector.get("hostname")
        or vector.get("clientEndpoint")
        or vector.get("emulatorHostname")
        or f"storage.{vector.get('universeDomain', 'googleapis.com')}"
    )
    return SigningAddress.of(host, style, scheme=vector.get("scheme", "https"))


@pytest.mark.parametrize("vector", vectors("signingV4Tests"))
def test_vector(vector: dict[str, Any]) -> None:
    account = dummy_account()
    moment = datetime.fromisoformat(vector["timestamp"])
    request = SignRequest.of(
        vector["method"],
        vector["bucket"],
        vector.get("object"),
        identity=SigningIdentity(account["client_email"], moment),
        expiration=vector["expiration"],
        address=address_of(vector),
        headers=vector.get("headers"),
        query=vector.get("queryParameters"),
    )
    told, contradicts = vector["expectedCanonicalRequest"], vector["description"] == CONTRADICTORY
    digest = hashlib.sha256(told.encode()).hexdigest()
    assert vector["expectedStringToSign"].endswith(digest) is not contradicts
    assert (request.canonical_request == told) is not contradicts
    assert request.string_to_sign == vector["expectedStringToSign"]
    assert request.url(signature(account, request.string_to_sign)) == vector["expectedUrl"]


def test_all_vectors_were_there() -> None:
    dummy_account()  # skips where they are not
    assert len(vectors("signingV4Tests")) == 29
    assert len(vectors("postPolicyV4Tests")) == 11


# -- where a URL leads -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "origin", "host"),
    [
        ("storage.googleapis.com", "https://storage.googleapis.com", "storage.googleapis.com"),
        ("HTTP://LocalHost:4443/", "http://localhost:4443", "localhost"),
        ("[::1]:8080", "https://[::1]:8080", "[::1]"),
        ("[::1]", "https://[::1]", "[::1]"),
        ("127.0.0.1:80", "https://127.0.0.1:80", "127.0.0.1"),
        ("my_host", "https://my_host", "my_host"),
    ],
)
def test_an_address_in_path_style(text: str, origin: str, host: str) -> None:
    address = SigningAddress.of(text)
    assert (address.origin("b"), address.host("b")) == (origin, host)
    assert (address.path("b", "x/y"), address.path("b", None)) == ("/b/x/y", "/b")
    assert address.form_url("b") == f"{origin}/b/"


def test_an_address_with_the_bucket_before_the_host() -> None:
    address = SigningAddress.of("localhost:80", UrlStyle.VIRTUAL_HOSTED, scheme="http")
    assert (address.origin("b"), address.host("b")) == ("http://b.localhost:80", "b.localhost")
    assert (address.path("b", "x/y"), address.path("b", None)) == ("/x/y", "/")
    assert address.form_url("b") == "http://b.localhost:80/"


def test_an_address_of_the_buckets_own() -> None:
    address = SigningAddress.of("cdn.example.com", UrlStyle.BUCKET_BOUND)
    assert address.origin("b") == "https://cdn.example.com"
    assert address.host("b") == "cdn.example.com"
    assert (address.path("b", "x"), address.path("b", None)) == ("/x", "/")


@pytest.mark.parametrize(
    "text",
    ["", "ftp://host", "https://", "host/path", "user@host", "host?x", "host#x", "a b", "host\n",
     "host:port", "https://https://host", "höst", "host:123456", "//host"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidArgument, match="a host to sign for"):
        SigningAddress.of(text)


def test_a_scheme_that_is_none() -> None:
    with pytest.raises(InvalidArgument):
        SigningAddress.of("host", scheme="gopher")


@pytest.mark.parametrize("text", ["127.0.0.1:80", "[::1]:80"])
def test_no_bucket_stands_before_an_ip_address(text: str) -> None:
    with pytest.raises(InvalidArgument, match="IP address"):
        SigningAddress.of(text, UrlStyle.VIRTUAL_HOSTED)


# -- headers ---------------------------------------------------------------------------------


def headers_of(headers: dict[str, Any]) -> dict[str, str]:
    return dict(sign(headers=headers).headers)


@pytest.mark.parametrize(
    ("given_value", "canonical"),
    [
        ("one", "one"),
        ("", ""),
        ("  a \t b\t", "a b"),
        ("folded\r\n  over\n lines", "folded over lines"),
        (["a  b", "c"], "a b,c"),
        ((" a ", "", 3), "a,,3"),
        (7, "7"),
        ("not\u00a0folded", "not\u00a0folded"),
        ("UPPER", "UPPER"),
    ],
)
def test_the_value_of_a_header(given_value: Any, canonical: str) -> None:
    assert headers_of({"X-Thing": given_value})["x-thing"] == canonical


def test_names_that_differ_in_case_are_one_header() -> None:
    assert headers_of({"A": "1", "a": "2"})["a"] == "1,2"


def test_host_is_signed_unless_the_caller_says_which_arrives() -> None:
    assert headers_of({})["host"] == "storage.googleapis.com"
    assert headers_of({"Host": "other.example"}) == {"host": "other.example"}


def test_the_payload_is_unsigned_unless_its_hash_is_a_header() -> None:
    digest = hashlib.sha256(b"hello").hexdigest()
    assert sign().canonical_request.endswith("\nUNSIGNED-PAYLOAD")
    hashed = sign(headers={"X-Goog-Content-SHA256": digest})
    assert hashed.canonical_request.endswith(f"\n{digest}")


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "a;b", "a,b", "a\r\nb", "ä", "a\0"])
def test_what_is_no_header(name: str) -> None:
    with pytest.raises(InvalidArgument, match="not the name of a header"):
        sign(headers={name: "x"})


@pytest.mark.parametrize("argument", ["headers", "query"])
@pytest.mark.parametrize("value", [b"bytes", {"a": 1}, {"a"}, [["nested"]], object()])
def test_headers_and_parameters_are_text_or_numbers(argument: str, value: Any) -> None:
    with pytest.raises(TypeError, match="text or numbers"):
        sign("name", **{argument: {"x": value}})


@pytest.mark.parametrize("argument", ["headers", "query"])
def test_what_is_no_mapping(argument: str) -> None:
    with pytest.raises(TypeError, match="mapping"):
        sign("name", **{argument: [("a", "b")]})


@pytest.mark.parametrize("argument", ["headers", "query"])
def test_text_without_utf_8_form(argument: str) -> None:
    with pytest.raises(InvalidArgument, match="UTF-8"):
        sign("name", **{argument: {"x": "\ud800"}})


def test_a_key_does_not_stand_in_the_repr() -> None:
    request = sign(headers={"x-goog-encryption-key": "s3cret"}, query={"q": "s3cret"})
    assert "s3cret" not in repr(request)


# -- query -----------------------------------------------------------------------------------


def test_parameters_are_sorted_by_name_not_by_the_joined_pair() -> None:
    query = sign(query={"a-b": "1", "a": "2", "a0": "3"}).canonical_query
    assert query.endswith("&a=2&a-b=1&a0=3")


def test_parameters_without_text() -> None:
    query = sign(query={"uploads": None, "empty": "", "n": 7, "b": True}).canonical_query
    assert query.endswith("&b=true&empty=&n=7&uploads=")


@pytest.mark.parametrize(
    "name", ["X-Goog-Signature", "x-goog-expires", "X-GOOG-DATE", "X-Goog-SignedHeaders"]
)
def test_the_signatures_own_parameters_are_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="own"):
        sign(query={name: "1"})


# -- the rest --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "get"])
def test_any_method(method: str) -> None:
    assert sign(method=method).canonical_request.startswith(f"{method.upper()}\n")


@pytest.mark.parametrize("method", ["", "GET /", "GE\nT", "GÉT", "1"])
def test_what_is_no_method(method: str) -> None:
    with pytest.raises(InvalidArgument, match="not an HTTP method"):
        sign(method=method)


@pytest.mark.parametrize("seconds", [1, 604_800])
def test_the_shortest_and_the_longest(seconds: int) -> None:
    assert f"X-Goog-Expires={seconds}&" in sign(expiration=seconds).canonical_query


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_out_of_range(seconds: int) -> None:
    with pytest.raises(InvalidArgument, match="604800"):
        sign(expiration=seconds)


@pytest.mark.parametrize("seconds", [1.5, "60", True, None, timedelta(seconds=1)])
def test_no_whole_seconds(seconds: Any) -> None:
    with pytest.raises(TypeError, match="whole seconds"):
        sign(expiration=seconds)


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "\ud800", "x" * 1025])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(InvalidName):
        sign(name)


def test_a_bucket_that_cannot_be() -> None:
    with pytest.raises(InvalidName):
        SignRequest.of("GET", "a/b", "x", identity=IDENTITY, expiration=1)


@pytest.mark.parametrize("email", ["", "x", "a b@c", "a@b/c", "a@b\n", "@", "a@b@c", "a%40b@c"])
def test_what_is_no_account(email: str) -> None:
    with pytest.raises(InvalidArgument, match="e-mail"):
        SigningIdentity(email, MOMENT)


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = MOMENT.astimezone(timezone(timedelta(hours=13, minutes=45)))
    assert SigningIdentity(EMAIL, there) == IDENTITY
    assert IDENTITY.date == "20260704T123059Z"
    assert IDENTITY.credential == f"{EMAIL}/20260704/auto/storage/goog4_request"


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT.replace(tzinfo=None),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ],
)
def test_a_moment_that_nobody_can_place(moment: datetime) -> None:
    with pytest.raises(InvalidArgument, match="time zone"):
        SigningIdentity(EMAIL, moment)


# -- properties ------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1,
                max_size=60).filter(lambda name: name not in {".", ".."})  # fmt: skip
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tokens = st.text("abcXYZ-_09", min_size=1, max_size=10)
queries = st.dictionaries(texts, texts, max_size=5).filter(
    lambda query: not any(name.lower().startswith("x-goog-") for name in query)
)
RESERVED_UNQUOTED = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%/")


@examples(300)
@given(name=names, style=st.sampled_from(UrlStyle), query=queries)
def test_the_url_says_again_what_was_signed(
    name: str, style: UrlStyle, query: dict[str, str]
) -> None:
    address = SigningAddress.of("host.example:8443", style)
    url = sign(name, address=address, query=query).url(b"\x01\xff")
    parts = urlsplit(url)
    assert url.isascii()
    assert set(parts.path) <= RESERVED_UNQUOTED
    prefix = "/bucket/" if style is UrlStyle.PATH else "/"
    assert unquote(parts.path, errors="strict") == prefix + name
    said = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    assert said.pop("X-Goog-Signature") == "01ff"
    assert {key: said[key] for key in query} == query
    assert {key for key in said if key not in query} == {
        f"X-Goog-{part}" for part in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders")
    }


@examples(200)
@given(name=names, query=queries)
def test_what_is_sent_is_what_was_signed(name: str, query: dict[str, str]) -> None:
    request = sign(name, query=query)
    parts = urlsplit(request.url(b"s"))
    _, path, canonical_query, *_ = request.canonical_request.split("\n")
    assert parts.path == path
    assert parts.query == f"{canonical_query}&X-Goog-Signature=73"


@examples(200)
@given(st.dictionaries(tokens, st.lists(texts, max_size=3), max_size=5))
def test_no_header_breaks_out_of_its_line(headers: dict[str, list[str]]) -> None:
    request = sign(headers=headers)
    assert len(request.canonical_request.split("\n")) == 3 + len(request.headers) + 3
    assert [name for name, _ in request.headers] == sorted(
        {name.lower() for name in headers} | {"host"}
    )


@examples(100)
@given(st.permutations([("b", "1"), ("a-b", "2"), ("a", "3"), ("X-Ä", "4"), ("c/d", "5")]))
def test_the_order_of_what_is_given_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    expected = sign(query=dict(sorted(pairs)))
    assert sign(query=dict(pairs)).string_to_sign == expected.string_to_sign


def test_nothing_that_is_passed_is_changed() -> None:
    headers: dict[str, Any] = {"X-A": [" b ", "c"]}
    query: dict[str, Any] = {"q": None}
    request = sign(headers=headers, query=query)
    signed = request.string_to_sign
    assert headers == {"X-A": [" b ", "c"]}
    assert query == {"q": None}
    headers["X-A"].append("d")
    query["r"] = "1"
    assert request.string_to_sign == signed
