"""What a caller says about new objects, in fsspec's words, as the client takes it. Pure."""

from __future__ import annotations

from typing import Any

from storage_stream.errors import InvalidArgument
from storage_stream.integrations.fsspec.options import check_known

__all__ = ["fixed_fields", "new_object_fields"]

_FIXED = {
    "cache_control": "cacheControl",
    "content_disposition": "contentDisposition",
    "content_encoding": "contentEncoding",
    "content_language": "contentLanguage",
    "content_type": "contentType",
    "custom_time": "customTime",
}
_NAMED = ("content_type", "fixed_key_metadata", "metadata")
_OURS = ("kms_key_name", "encryption_key", "timeout", "chunk_bytes", "headers", "progress")


def fixed_fields(named: dict[str, Any] | None) -> dict[str, Any]:
    """Fields that the service itself gives a meaning, in its spelling.

    Raises:
        InvalidArgument: There is no such field that can be set.
    """
    fields: dict[str, Any] = {}
    for name, value in (named or {}).items():
        if name not in _FIXED:
            raise InvalidArgument(f"no field {name!r}: one of {', '.join(_FIXED)}")
        fields[_FIXED[name]] = value
    return fields


def new_object_fields(options: dict[str, Any]) -> dict[str, Any]:
    """What an upload is told.

    Args:
        options: `content_type`, `metadata` (the caller's own), `fixed_key_metadata`; others that
            every upload of the client takes go through.

    Raises:
        UnknownOption: Something that no upload takes.
    """
    rest = dict(options)
    said: dict[str, Any] = {name: rest.pop(name) for name in _OURS if name in rest}
    fields = fixed_fields(rest.pop("fixed_key_metadata", None))
    content_type = rest.pop("content_type", None) or fields.pop("contentType", None)
    own = rest.pop("metadata", None)
    if own:
        fields["metadata"] = {str(key): str(value) for key, value in own.items()}
    check_known(rest, [*_OURS, *_NAMED], "a new object")
    if content_type is not None:
        said["content_type"] = content_type
    if fields:
        said["metadata"] = fields
    return said
