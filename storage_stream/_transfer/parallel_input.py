"""What a caller says about an object, as an upload in parts can take it.

A parameter or a field that only an upload in one piece knows is said in another way, checked
here, or refused: never lost without a sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storage_stream._protocol.options import merge_query
from storage_stream.errors import IntegrityError, InvalidArgument

if TYPE_CHECKING:
    from storage_stream._protocol.checksums import Crc32c
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transfer.new_object import NewObject

__all__ = [
    "ExpectedChecksum",
    "compose_options",
    "with_encoding_said_once",
    "without_checksums",
]

_ENCODING = "contentEncoding"
_CHECKSUMS = frozenset({"crc32c", "md5Hash"})
_COMPOSE_SPELLING = {"predefinedAcl": "destinationPredefinedAcl"}
# https://cloud.google.com/storage/docs/json_api/v1/objects/compose has no such parameters.
_NOT_FOR_COMPOSE = frozenset({"ifGenerationNotMatch", "ifMetagenerationNotMatch", "projection"})


def with_encoding_said_once(
    target: NewObject, options: RequestOptions
) -> tuple[NewObject, RequestOptions]:
    """The content encoding as a field, where it is given as a parameter: both mean the same."""
    said = dict(options.params)
    if _ENCODING not in said:
        return target, options
    encoding = said.pop(_ENCODING)
    return (
        target.with_metadata(contentEncoding=encoding),
        replace(options, params=tuple(said.items())),
    )


def without_checksums(target: NewObject) -> NewObject:
    """The object without those of its fields that no request about parts can say."""
    fields = target.resource()
    kept = {name: value for name, value in fields.items() if name not in _CHECKSUMS}
    return target if len(kept) == len(fields) else target._replace(metadata=kept)


def compose_options(options: RequestOptions) -> RequestOptions:
    """The options of an upload as the composition of its parts takes them.

    Raises:
        InvalidArgument: It cannot take one.
    """
    said = dict(merge_query((), options.params))
    for name in said:
        if name in _NOT_FOR_COMPOSE:
            raise InvalidArgument(f"a composition cannot take {name}; upload() can")
    params = tuple((_COMPOSE_SPELLING.get(name, name), value) for name, value in said.items())
    return replace(options, params=params)


@dataclass(frozen=True, slots=True)
class ExpectedChecksum:
    """What the caller says that the bytes are.

    Attributes:
        crc32c: Base64, or None where nothing was said.
    """

    crc32c: str | None

    @classmethod
    def of(cls, target: NewObject) -> ExpectedChecksum:
        """What the caller said.

        Raises:
            InvalidArgument: There is an MD5, which cannot be made of those of parts.
        """
        fields = target.resource()
        if fields.get("md5Hash") is not None:
            raise InvalidArgument(
                "md5Hash cannot be checked when an object is sent in parts: give its crc32c, or"
                " use upload()"
            )
        said = fields.get("crc32c")
        if said is not None and not isinstance(said, str):
            raise InvalidArgument("crc32c in the metadata is the base64 text of four bytes")
        return cls(said)

    def compare(self, sent: Crc32c, subject: str) -> None:
        """Hold what was sent to it.

        Raises:
            IntegrityError: It is something else.
        """
        if self.crc32c not in {None, sent.encoded}:
            raise IntegrityError(
                "the source does not have the checksum that was given for it",
                expected=str(self.crc32c),
                actual=sent.encoded,
                subject=subject,
            )
