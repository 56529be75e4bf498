"""`ObjectStat`: an object's resource as a typed value, numbers as numbers and times as times."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from storage_stream._protocol.http import parse_number
from storage_stream.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storage_stream._protocol.resources import ObjectResource

__all__ = ["ObjectStat"]


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What is known about an object.

    Attributes:
        bucket: The bucket.
        name: The object's name.
        size: Bytes that are stored.
        generation: The version of the bytes.
        metageneration: The version of the metadata.
        etag: The entity tag.
        content_type: MIME type, or None.
        content_encoding: What is stored is encoded so (`gzip`), or None.
        storage_class: `STANDARD`, `NEARLINE`, …
        crc32c: crc32c of the stored bytes, base64.
        md5: MD5 of the stored bytes, base64; composite objects have none.
        created: When this generation was made.
        updated: When its metadata was last changed.
        custom_time: What the caller set as `customTime`, or None.
        metadata: The caller's own metadata.
    """

    bucket: str
    name: str
    size: int
    generation: int
    metageneration: int
    etag: str | None = None
    content_type: str | None = None
    content_encoding: str | None = None
    storage_class: str | None = None
    crc32c: str | None = None
    md5: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    custom_time: datetime | None = None
    metadata: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType[str, str]({}), hash=False
    )

    @classmethod
    def of(cls, resource: ObjectResource) -> ObjectStat:
        """Read a resource.

        Raises:
            ProtocolError: It lacks what every object has, or a number or time is none.
        """
        return cls(
            bucket=_text(resource, "bucket") or "",
            name=_required(resource, "name"),
            size=_number(resource, "size"),
            generation=_number(resource, "generation"),
            metageneration=_number(resource, "metageneration"),
            etag=_text(resource, "etag"),
            content_type=_text(resource, "contentType"),
            content_encoding=_text(resource, "contentEncoding") or None,
            storage_class=_text(resource, "storageClass"),
            crc32c=_text(resource, "crc32c"),
            md5=_text(resource, "md5Hash"),
            created=_time(resource, "timeCreated"),
            updated=_time(resource, "updated"),
            custom_time=_time(resource, "customTime"),
            metadata=MappingProxyType(_custom(resource)),
        )


def _number(resource: ObjectResource, name: str) -> int:
    number = parse_number(_text(resource, name))
    if number is None:
        raise ProtocolError(f"an object's resource has no {name} that is a number")
    return number


def _time(resource: ObjectResource, name: str) -> datetime | None:
    text = _text(resource, name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ProtocolError(f"an object's resource has {name} that is no time") from None


def _required(resource: ObjectResource, name: str) -> str:
    text = _text(resource, name)
    if not text:
        raise ProtocolError(f"an object's resource has no {name}")
    return text


def _text(resource: ObjectResource, name: str) -> str | None:
    value = cast("Mapping[str, Any]", resource).get(name)
    if value is not None and not isinstance(value, str):
        raise ProtocolError(f"an object's resource has a {name} that is no text")
    return value


def _custom(resource: ObjectResource) -> dict[str, str]:
    value: Any = resource.get("metadata")
    if value is not None and not isinstance(value, dict):
        raise ProtocolError("an object's resource has metadata that are none")
    return dict(cast("dict[str, str]", value or {}))
