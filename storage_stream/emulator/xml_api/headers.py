"""Request headers of the XML API: metadata, preconditions, copy sources.

https://cloud.google.com/storage/docs/xml-api/reference-headers
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from storage_stream.emulator.integers import parse_integer
from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.copies import Source
from storage_stream.emulator.store.encryption import source_key_of
from storage_stream.emulator.store.names import check_object_name, decode_path_part
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import Json
from storage_stream.emulator.wire.object_metadata import settable_metadata

META_PREFIX = "x-goog-meta-"

_FIELDS = {
    "Cache-Control": "cacheControl",
    "Content-Disposition": "contentDisposition",
    "Content-Encoding": "contentEncoding",
    "Content-Language": "contentLanguage",
    "Content-Type": "contentType",
    "x-goog-custom-time": "customTime",
    "x-goog-encryption-kms-key-name": "kmsKeyName",
    "x-goog-storage-class": "storageClass",
}


def put_metadata(headers: Mapping[str, str]) -> Json:
    """Return the metadata that a PUT's headers give.

    Raises:
        ApiError: 400, a value is of the wrong kind.
    """
    resource: Json = {field: headers[name] for name, field in _FIELDS.items() if name in headers}
    if encoding := _stored_encoding(headers):
        resource["contentEncoding"] = encoding
    resource["metadata"] = {
        name.lower().removeprefix(META_PREFIX): value
        for name, value in headers.items()
        if name.lower().startswith(META_PREFIX)
    }
    return settable_metadata(resource)


def copied_metadata(headers: Mapping[str, str], metadata: Json) -> Json | None:
    """Return the metadata of a copy; `None` when the source's is to be taken over.

    Raises:
        ApiError: 400, the directive is not known.
    """
    directive = headers.get("x-goog-metadata-directive", "COPY").upper()
    if directive not in {"COPY", "REPLACE"}:
        raise ApiError(400, "invalid", f"Invalid x-goog-metadata-directive: '{directive}'")
    return metadata if directive == "REPLACE" else None


def xml_conditions(headers: Mapping[str, str]) -> Preconditions:
    """Return the preconditions on the object that the request names.

    Raises:
        ApiError: 400, one is not a number.
    """
    return _conditions(headers, "x-goog-if-")


def copy_source(headers: Mapping[str, str]) -> Source:
    """Return what `x-goog-copy-source` and its sisters name.

    Raises:
        ApiError: 400, it is not `bucket/object`.
    """
    raw = headers["x-goog-copy-source"].removeprefix("/")
    bucket, separator, name = raw.partition("/")
    if not separator:
        raise ApiError(400, "invalid", f"Invalid x-goog-copy-source: '{raw}'")
    generation = "x-goog-copy-source-generation"
    return Source(
        decode_path_part(bucket),
        check_object_name(decode_path_part(name)),
        parse_integer(generation, headers.get(generation)),
        _conditions(headers, "x-goog-copy-source-if-"),
        source_key_of(headers),
    )


def judge_entity_tags(headers: Mapping[str, str], tag: str, updated_us: int) -> None:
    """Judge `If-Match`, `If-None-Match` and the dates, in the order of RFC 9110.

    Raises:
        ApiError: 412 or 304.
    """
    changed = datetime.fromtimestamp(updated_us // 1_000_000, UTC)
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if match is not None:
        if not _names(match, tag):
            raise _not_met("If-Match")
    elif (limit := _date(headers, "If-Unmodified-Since")) is not None and changed > limit:
        raise _not_met("If-Unmodified-Since")
    if none_match is not None:
        if _names(none_match, tag):
            raise ApiError(304, "notModified", "Not Modified", headers={"ETag": tag})
    elif (limit := _date(headers, "If-Modified-Since")) is not None and changed <= limit:
        raise ApiError(304, "notModified", "Not Modified", headers={"ETag": tag})


def _conditions(headers: Mapping[str, str], prefix: str) -> Preconditions:
    words = ("generation-match", "generation-not-match")
    names = [f"{prefix}{meta}{word}" for meta in ("", "meta") for word in words]
    if not any(name in headers for name in names):
        return Preconditions.parse({})
    return Preconditions(*(parse_integer(name, headers.get(name)) for name in names))


def _stored_encoding(headers: Mapping[str, str]) -> str | None:
    # aws-chunked and the like speak of the transfer, not of what is stored.
    encoding = headers.get("Content-Encoding")
    return None if encoding is None or encoding == "identity" else encoding


def _names(header: str, tag: str) -> bool:
    tags = [word.strip().removeprefix("W/") for word in header.split(",")]
    return "*" in tags or tag in tags or tag.strip('"') in tags


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    value = headers.get(name)
    if value is None:
        return None
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None  # RFC 9110 wants a date that cannot be read to be ignored
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _not_met(name: str) -> ApiError:
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "conditionNotMet", message, location=name)
