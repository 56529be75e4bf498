"""The state of an upload travels as JSON, and what is none is refused."""

import json
import math
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
    "zipped": True,
    "content_type": "text/plain",
    "metadata": {"metadata": {"colour": "red"}},
    "params": {"ifGenerationMatch": "0"},
}
OPTIONAL = {"zipped", "content_type", "metadata", "params"}


def test_it_comes_back_from_json() -> None:
    state = UploadState.of(json.loads(json.dumps(STATE)))
    assert state.write() == STATE
    assert UploadState.of(state.write() | {"total": 7, "chunk_bytes": None}).machine["total"] == 7


def test_what_it_need_not_say() -> None:
    state = UploadState.of({key: STATE[key] for key in STATE.keys() - OPTIONAL})
    assert (state.zipped, state.content_type, state.metadata, state.params) == (
        *(False, None, None),
        (),
    )


@pytest.mark.parametrize("name", sorted(STATE.keys() - OPTIONAL))
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
        {"session_uri": "foo"},
        {"session_uri": "https://host/a b"},
        {"confirmed": 4},
        {"confirmed": math.inf},
        {"confirmed": math.nan},
        {"confirmed": True},
        {"total": math.inf},
        {"total": -1},
        {"chunk_bytes": math.inf},
        {"zipped": "yes"},
        {"content_type": 5},
        {"metadata": []},
        {"params": "x"},
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
