"""The state of an upload travels as JSON, and what is none is refused."""

import json
from typing import Any

import pytest
from sample_data import encoded_crc32c

from storage_stream._protocol.checksums import Crc32c, crc32c
from storage_stream._transfer.upload_state import UploadState
from storage_stream.errors import InvalidArgument, ObjectChanged

STATE: dict[str, Any] = {
    "version": 1,
    "bucket": "bucket",
    "name": "é/name",
    "session_uri": "https://service/session",
    "confirmed": 262144,
    "total": None,
    "chunk_bytes": 262144,
    "checked": 5,
    "crc32c": encoded_crc32c(b"hello"),
}


def test_it_comes_back_from_json() -> None:
    state = UploadState.of(json.loads(json.dumps(STATE)))
    assert state.write() == STATE
    assert UploadState.of(state.write() | {"total": 7, "chunk_bytes": None}).machine["total"] == 7


@pytest.mark.parametrize("name", STATE)
def test_a_field_that_is_missing(name: str) -> None:
    with pytest.raises(InvalidArgument, match="state"):
        UploadState.of({key: value for key, value in STATE.items() if key != name})


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"session_uri": None},
        {"session_uri": 5},
        {"confirmed": "many"},
        {"confirmed": None},
        {"confirmed": 4},
        {"total": "all"},
        {"total": []},
        {"chunk_bytes": "some"},
        {"checked": -1},
        {"crc32c": "none"},
        {"crc32c": None},
        {"crc32c": 5},
    ],
    ids=str,
)
def test_a_field_that_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        UploadState.of({**STATE, **changes})


@pytest.mark.parametrize("thing", [None, 5, [], "text", b"{}"])
def test_what_is_no_state(thing: Any) -> None:
    with pytest.raises(InvalidArgument):
        UploadState.of(thing)


def test_a_source_is_recognised_by_its_beginning() -> None:
    state = UploadState.of(STATE)
    state.compare(Crc32c(crc32c(b"hello"), 5))
    for other in (Crc32c(crc32c(b"hallo"), 5), Crc32c(crc32c(b"hell"), 4), Crc32c()):
        with pytest.raises(ObjectChanged, match="begin"):
            state.compare(other)
