"""Objects replaced, moved and brought back: https://cloud.google.com/storage/docs/json_api/v1/objects."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from storage_stream._protocol import object_changes
from storage_stream.errors import InvalidArgument, InvalidName

PATH = "/storage/v1/b/b/o/a%2F%C3%A9"


def test_updating() -> None:
    call = object_changes.update_object("b", "a/é", {"contentType": "x/y"})
    assert (call.method, call.request.target) == ("PUT", PATH)
    assert json.loads(call.body if isinstance(call.body, bytes) else b"") == {"contentType": "x/y"}
    assert call.headers.get("content-type") == "application/json; charset=UTF-8"
    assert object_changes.update_object("b", "o", {}, 7).query == (("generation", "7"),)


def test_moving() -> None:
    call = object_changes.move_object("b", "a/é", "c/d")
    assert (call.method, call.request.target) == ("POST", f"{PATH}/moveTo/o/c%2Fd")
    with pytest.raises(InvalidArgument, match="its own name"):
        object_changes.move_object("b", "a", "a")
    for names in (("", "o", "n"), ("b", "", "n"), ("b", "o", "..")):
        with pytest.raises(InvalidName):
            object_changes.move_object(*names)


def test_restoring() -> None:
    call = object_changes.restore_object("b", "a/é", 7)
    assert (call.method, call.request.target) == ("POST", f"{PATH}/restore?generation=7")


def test_holds() -> None:
    assert object_changes.holds_change(temporary=True, event_based=None) == {"temporaryHold": True}
    assert object_changes.holds_change(temporary=False, event_based=True) == {
        "temporaryHold": False,
        "eventBasedHold": True,
    }
    with pytest.raises(InvalidArgument, match="hold"):
        object_changes.holds_change(temporary=None, event_based=None)


def test_custom_times() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    assert object_changes.custom_time_change(moment) == {"customTime": "2024-01-02T02:04:05Z"}
    precise = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert object_changes.custom_time_change(precise) == {
        "customTime": "2024-01-02T03:04:05.678000Z"
    }
    with pytest.raises(InvalidArgument, match="zone"):
        object_changes.custom_time_change(moment.replace(tzinfo=None))
    text: Any = "2030-01-01T00:00:00Z"
    with pytest.raises(TypeError, match="datetime with a zone, not str"):
        object_changes.custom_time_change(text)


def test_contexts() -> None:
    assert object_changes.contexts_change({"a": "1", "gone": None}) == {
        "contexts": {"custom": {"a": {"value": "1"}, "gone": None}}
    }


@pytest.mark.parametrize("contexts", [["a"], {"a": 5}, {5: "a"}])
def test_contexts_are_texts(contexts: Any) -> None:
    with pytest.raises(TypeError, match="context"):
        object_changes.contexts_change(contexts)
