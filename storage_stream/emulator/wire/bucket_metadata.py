"""What a caller says about a bucket: what the service refuses of it.

https://cloud.google.com/storage/docs/json_api/v1/buckets#resource
"""

import re
from typing import Any, cast

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.records import Json

_MAPS = ("softDeletePolicy", "retentionPolicy", "versioning", "billing", "labels", "lifecycle")
_DAY_SECONDS = 24 * 3600
_ACTIONS = {"Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"}
# https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels: letters that are not
# capitals, of any script, digits, underscores and hyphens.
_LABEL = re.compile(r"[\w-]{0,63}")
_MAX_LABELS = 64


def check_bucket_metadata(merged: Json, said: Json) -> None:
    """Refuse what the service refuses, and what the store would stumble over later.

    Args:
        merged: what the bucket would have.
        said: the part of it that the caller said; defaults of this server are not judged.

    Raises:
        ApiError: 400.
    """
    for name in _MAPS:
        if not isinstance(merged.get(name, {}), dict):
            raise _invalid(name)
    _seconds(merged, "retentionPolicy", "retentionPeriod")
    seconds = _seconds(merged, "softDeletePolicy", "retentionDurationSeconds")
    if "softDeletePolicy" in said and not (
        seconds == 0 or 7 * _DAY_SECONDS <= seconds <= 90 * _DAY_SECONDS
    ):
        raise _invalid("retentionDurationSeconds")
    _check_labels(merged.get("labels", {}))
    rules: Any = merged.get("lifecycle", {}).get("rule", [])
    if not isinstance(rules, list) or not all(map(_is_rule, rules)):  # pyright: ignore[reportUnknownArgumentType] - JSON
        raise _invalid("lifecycle.rule")


def _seconds(metadata: Json, name: str, field: str) -> int:
    value = str(metadata.get(name, {}).get(field, 0))
    if not (value.isascii() and value.isdigit()):
        raise _invalid(field)
    return int(value)


def _check_labels(labels: Json) -> None:
    if len(labels) > _MAX_LABELS:
        raise _invalid("labels")
    for key, value in labels.items():
        if not (_is_label(key) and key[:1].isalpha() and _is_label(value)):
            raise _invalid(f"labels.{key}")


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and value == value.lower() and bool(_LABEL.fullmatch(value))


def _is_rule(rule: Any) -> bool:
    """Whether it says what to do, and when. https://cloud.google.com/storage/docs/lifecycle."""
    if not isinstance(rule, dict):
        return False
    said = cast("Json", rule)
    action, condition = said.get("action"), said.get("condition")
    return (
        isinstance(action, dict)
        and cast("Json", action).get("type") in _ACTIONS
        and isinstance(condition, dict)
        and bool(condition)  # pyright: ignore[reportUnknownArgumentType] - JSON
    )


def _invalid(name: str) -> ApiError:
    return ApiError(400, "invalid", f"Invalid value for field '{name}'.", location=name)
