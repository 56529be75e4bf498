"""The error tree: what is caught by what, what a message says, what travels between processes."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from storage_stream import errors
from storage_stream.errors import (
    GzipFormatError,
    IntegrityError,
    NotFound,
    ResponseError,
    ServerError,
    StorageError,
    TooManyBytesError,
    TruncatedGzipError,
    response_error_class,
)

CLASSES = sorted(
    (
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, StorageError)
    ),
    key=lambda value: value.__name__,
)


def made(cls: type[StorageError], message: str = "what went wrong") -> StorageError:
    """An error of any class, with whatever its constructor asks for."""
    values: dict[str, Any] = {
        "status": 418, "reason": "teapot", "expected": "AAAAAA==", "actual": "4waSgw==",
        "byte_offset": 7, "max_bytes": 8, "bytes_in": 9, "bytes_out": 10,
        "method": "GET", "subject": "gs://b/o",
    }  # fmt: skip
    names = inspect.signature(cls.__init__).parameters
    given = {name: value for name, value in values.items() if name in names}
    make: Any = cls
    error: StorageError = make(message, **given) if "message" in names else make(**given)
    return error


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (304, "NotModified"),
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (410, "Gone"),
        (412, "PreconditionFailed"),
        (416, "RangeNotSatisfiable"),
        (429, "TooManyRequests"),
        (500, "ServerError"),
        (503, "ServerError"),
        (599, "ServerError"),
        (302, "ResponseError"),
        (408, "ResponseError"),
        (418, "ResponseError"),
    ],
)
def test_the_class_of_a_status(status: int, name: str) -> None:
    assert response_error_class(status).__name__ == name


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("InvalidName", ValueError),
        ("InvalidArgument", ValueError),
        ("ClientClosed", RuntimeError),
        ("StreamClosed", ValueError),
        ("StreamNotOpen", AttributeError),
        ("InsecureTransport", ValueError),
        ("RequestTimeout", TimeoutError),
        ("TokenTimeout", TimeoutError),
        ("TransferStalled", TimeoutError),
        ("ContentDecodingError", ValueError),
        ("TruncatedGzipError", EOFError),
    ],
)
def test_pythons_own_words_catch_ours(name: str, builtin: type[Exception]) -> None:
    with pytest.raises(builtin):
        raise made(getattr(errors, name))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_tree_at_the_top_of_the_module_names_every_class(cls: type[StorageError]) -> None:
    drawing = errors.__doc__ or ""
    assert re.search(rf"\b{cls.__name__}\b", drawing)
    assert cls.__name__ in errors.__all__
    assert cls.__doc__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_errors_travel_whole(cls: type[StorageError], way: str) -> None:
    error = made(cls)
    error.attempts, error.elapsed = 3, 1.5
    ways: dict[str, Any] = {
        "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301 - our own bytes
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }
    other = ways[way](error)
    assert type(other) is cls
    assert vars(other) == vars(error)
    assert str(other) == str(error)
    assert other.args == error.args


@pytest.mark.parametrize(
    ("attempts", "elapsed", "text"),
    [
        (None, None, "GET gs://b/o: lost"),
        (1, 2.0, "GET gs://b/o: lost"),
        (3, None, "GET gs://b/o: lost (after 3 attempts)"),
        (3, 2.04, "GET gs://b/o: lost (after 3 attempts in 2.0 s)"),
    ],
)
def test_a_message_tells_what_about_what_and_how_often(
    attempts: int | None, elapsed: float | None, text: str
) -> None:
    error = errors.ConnectionLost("lost", method="GET", subject="gs://b/o")
    error.attempts, error.elapsed = attempts, elapsed
    assert str(error) == text


def test_a_message_without_a_place() -> None:
    assert str(StorageError("alone")) == "alone"
    assert str(StorageError("alone", subject="gs://b")) == "gs://b: alone"
    assert str(ResponseError("no", status=404)) == "404: no"


def test_an_error_of_the_service_keeps_its_fields() -> None:
    error = NotFound(
        "No such object",
        status=404,
        reason="notFound",
        headers={"x-a": "1"},
        method="GET",
        subject="gs://b/o",
    )
    assert (error.status, error.reason, error.headers) == (404, "notFound", {"x-a": "1"})
    assert str(error) == "GET gs://b/o: 404 (notFound): No such object"
    error.attempts = 2
    assert str(error).endswith("No such object (after 2 attempts)")
    assert ServerError("no", status=503).headers == {}


def test_fields_of_the_transfer_errors() -> None:
    wrong = IntegrityError("wrong", expected="a", actual="b", method="GET", subject="gs://b/o")
    assert (wrong.expected, wrong.actual, wrong.subject) == ("a", "b", "gs://b/o")
    assert (GzipFormatError(7, "bad CRC").byte_offset, GzipFormatError(7, "x").reason) == (7, "x")
    assert TooManyBytesError(9).max_bytes == 9
    ended = TruncatedGzipError(3, 5)
    assert (ended.bytes_in, ended.bytes_out) == (3, 5)


def test_a_name_moves_no_cursor() -> None:
    error = NotFound("none", status=404, subject="gs://b/a\x01\x1b[2J\u202eé")
    assert r"gs://b/a\x01\x1b[2J\u202eé" in str(error)
    assert error.subject == "gs://b/a\x01\x1b[2J\u202eé"
