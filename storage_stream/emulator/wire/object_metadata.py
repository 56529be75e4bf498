"""What a caller says about an object: checked, and merged into what was said before.

https://cloud.google.com/storage/docs/json_api/v1/objects#resource
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.records import Json
from storage_stream.emulator.wire.resources import OBJECT_SETTABLE

_KMS_ID = r"[A-Za-z0-9_-]{1,63}"
_KMS_KEY = re.compile(  # https://cloud.google.com/kms/docs/getting-resource-ids
    rf"projects/[^/\s]+/locations/{_KMS_ID}/keyRings/{_KMS_ID}/cryptoKeys/{_KMS_ID}"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "NEARLINE",
        "COLDLINE",
        "ARCHIVE",
        "MULTI_REGIONAL",
        "REGIONAL",
        "DURABLE_REDUCED_AVAILABILITY",
    }
)


def settable_metadata(resource: Json) -> Json:
    """Return the settable part of `resource` without its nulls.

    Raises:
        ApiError: 400, a value is of the wrong kind.
    """
    return merge_metadata({}, resource)


def merge_metadata(current: Json, changes: Json) -> Json:
    """Return `current` with `changes`: null deletes, a map is merged, the rest replaces.

    Raises:
        ApiError: 400, a value is of the wrong kind.
    """
    merged = dict(current)
    for name, value in changes.items():
        if name not in OBJECT_SETTABLE:
            continue
        if value is None:
            merged.pop(name, None)
            continue
        _check(name, value)
        merged[name] = _merge_value(merged.get(name), value)
    return {name: value for name, value in merged.items() if value not in ({}, None)}


def check_custom_time(current: str | None, new: str | None) -> None:
    """A custom time that was set can grow, and nothing else.

    https://cloud.google.com/storage/docs/metadata#custom-time

    Raises:
        ApiError: 400, it would be removed or go back.
    """
    if current is None:
        return
    if new is None or datetime.fromisoformat(new) < datetime.fromisoformat(current):
        message = "A custom time cannot be removed or set to an earlier time."
        raise ApiError(400, "invalid", message, location="customTime")


def merge_map(current: Json, changes: Json) -> Json:
    """Return the map `current` with `changes`; null deletes, maps inside are merged."""
    merged = dict(current)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge_value(merged.get(name), value)
    return merged


def _merge_value(current: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return merge_map(
        cast("Json", current) if isinstance(current, dict) else {}, cast("Json", value)
    )


def _check(name: str, value: Any) -> None:
    if not _CHECKS[name](value):
        raise ApiError(400, "invalid", f"Invalid value for field '{name}'.", location=name)


def _is_header_text(value: Any) -> bool:
    # What goes out as a header later has to stay in its line, or no answer could be made.
    return isinstance(value, str) and _CONTROL.search(value) is None


def _is_kms_key(value: Any) -> bool:
    return isinstance(value, str) and _KMS_KEY.fullmatch(value) is not None


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(
        item is None or isinstance(item, str)
        for item in value.values()  # pyright: ignore[reportUnknownVariableType] - JSON
    )


def _is_storage_class(value: Any) -> bool:
    return isinstance(value, str) and value in STORAGE_CLASSES


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _is_retention(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    said = cast("Json", value)
    until = said.get("retainUntilTime")
    return said.get("mode") in {None, "Locked", "Unlocked"} and (until is None or _is_time(until))


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "acl": _is_list,
    "cacheControl": _is_header_text,
    "contentDisposition": _is_header_text,
    "contentEncoding": _is_header_text,
    "contentLanguage": _is_header_text,
    "contentType": _is_header_text,
    "contexts": _is_map,
    "customTime": _is_time,
    "eventBasedHold": _is_flag,
    "kmsKeyName": _is_kms_key,
    "metadata": _is_text_map,
    "retention": _is_retention,
    "storageClass": _is_storage_class,
    "temporaryHold": _is_flag,
}
