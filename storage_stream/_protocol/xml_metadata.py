"""What a JSON resource and JSON parameters say, as headers of the XML API.

https://cloud.google.com/storage/docs/xml-api/reference-headers. Headers cannot say everything that
JSON can: what they would change (capitals in a key) or have no word for (a retention) is refused
here, since it would be lost without a sound.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["metadata_headers", "parameter_headers"]

_HEADER_OF_FIELD = {
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
    "customTime": "x-goog-custom-time",
    "kmsKeyName": "x-goog-encryption-kms-key-name",
    "storageClass": "x-goog-storage-class",
}
_HEADER_OF_PARAMETER = {
    "kmsKeyName": "x-goog-encryption-kms-key-name",
    "predefinedAcl": "x-goog-acl",
    "userProject": "x-goog-user-project",
}
_HEADER_WORD = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.6.2, without capitals
_CAPITAL = re.compile(r"[A-Z]")
_INSTEAD = "method='composite' can take it"
_COMPOSITE_FIELDS = frozenset({"acl", "contexts", "eventBasedHold", "retention", "temporaryHold"})
_COMPOSITE_PARAMETERS = frozenset({"fields", "ifGenerationMatch", "ifMetagenerationMatch"})


def metadata_headers(resource: Mapping[str, Any], content_type: str) -> list[tuple[str, str]]:
    """The headers that give a new object its metadata.

    Args:
        resource: The resource's fields in the service's spelling; None values say nothing.
        content_type: MIME type.

    Raises:
        InvalidArgument: A header cannot say it.
    """
    lines = [("content-type", content_type)]
    for field, value in resource.items():
        if value is None or field in {"contentType", "name"}:
            continue
        if field == "metadata":
            custom = cast("Mapping[str, str | None]", value)
            lines += [_custom(key, text) for key, text in custom.items() if text is not None]
        elif field in _HEADER_OF_FIELD:
            lines.append((_HEADER_OF_FIELD[field], _checked(field, str(value))))
        else:
            instead = f"; {_INSTEAD}" if field in _COMPOSITE_FIELDS else ""
            raise InvalidArgument(f"a multipart upload cannot set {field!r}{instead}")
    return lines


def parameter_headers(params: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that say what JSON's query parameters say.

    Raises:
        InvalidArgument: There is none for it; preconditions have none.
    """
    lines: list[tuple[str, str]] = []
    for name, value in params:
        if name not in _HEADER_OF_PARAMETER:
            instead = _INSTEAD if name in _COMPOSITE_PARAMETERS else "upload() can take it"
            raise InvalidArgument(f"a multipart upload cannot take {name}; {instead}")
        if name == "predefinedAcl":  # publicRead is public-read there
            value = _CAPITAL.sub(lambda match: f"-{match.group().lower()}", value)  # noqa: PLW2901
        lines.append((_HEADER_OF_PARAMETER[name], _checked(name, value)))
    return lines


def _custom(key: str, value: str) -> tuple[str, str]:
    if not _HEADER_WORD.fullmatch(key):
        raise InvalidArgument(
            f"a multipart upload cannot set the metadata key {key!r}: it travels as a header's"
            f" name, which has neither capitals nor such characters; {_INSTEAD}"
        )
    return f"x-goog-meta-{key}", _checked(key, value)


def _checked(name: str, value: str) -> str:
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise InvalidArgument(
            f"a multipart upload cannot set {name!r} to a text that is no header's; {_INSTEAD}"
        )
    return value
