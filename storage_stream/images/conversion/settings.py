"""What a converter is told: checked when it is stored, and again with what a call changes of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast

from storage_stream.images.checks import (
    checked_extension,
    checked_metadata,
    checked_name,
    checked_version_name,
    known_words,
    mapping_of,
    sequence_of,
)
from storage_stream.images.conversion.operations import Operation, operation_of
from storage_stream.images.errors import ValidationError
from storage_stream.images.formats import FORMATS, checked_save_settings

__all__ = [
    "ConverterSettings",
    "VersionSettings",
    "VersionSource",
    "merged",
]

_MAX_VERSIONS = 100
_MAX_OPERATIONS = 100


class VersionSource(enum.Enum):
    """What a version is made of."""

    UNPROCESSED_ORIGINAL = "unprocessed_original"
    PROCESSED_ORIGINAL = "processed_original"
    PREVIOUS_VERSION = "previous_version"


@dataclass(frozen=True, slots=True)
class VersionSettings:
    """One version of a picture.

    Attributes:
        version: Its name.
        format: `jpeg`, `png`, `gif`, `bmp`, `tiff` or `webp`.
        source: What it is made of.
        operations: What is done to that, in order.
        save_settings: For the format, such as `quality`.
        output_extension: Of its file; the format unless it is said otherwise.
        meta: What its row says besides.
    """

    version: str
    format: str
    source: VersionSource = VersionSource.PROCESSED_ORIGINAL
    operations: tuple[Operation, ...] = ()
    save_settings: dict[str, Any] = field(default_factory=dict[str, Any])
    output_extension: str = ""
    meta: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ConverterSettings:
    """All versions of a picture, and which files it takes.

    Attributes:
        versions: In the order in which they are made.
        operations: What is done to the original for `processed_original`.
        ext: Extensions that it takes; None for any.
        filename_mask: Names that it takes, as a shell writes them (`image[0-9]*`), without folder
            and extension; None for any.
        directory_mask: The same for the folder in a file's name.
        meta: What every version's row says besides.
    """

    versions: tuple[VersionSettings, ...]
    operations: tuple[Operation, ...] = ()
    ext: frozenset[str] | None = None
    filename_mask: str | None = None
    directory_mask: str | None = None
    meta: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, given: object) -> ConverterSettings:
        """Of what JSON holds.

        Raises:
            ValidationError: It cannot be; the error's `field` names what.
        """
        known = {"versions", "operations", "ext", "filename_mask", "directory_mask", "meta"}
        words = known_words(given, "settings", known)
        versions = tuple(
            _version(each, f"versions[{number}]")
            for number, each in enumerate(_list(words.get("versions"), "versions", _MAX_VERSIONS))
        )
        _check_names(versions)
        return cls(
            versions,
            _operations(words.get("operations"), "operations"),
            _extensions(words.get("ext")),
            _text_or_none(words.get("filename_mask"), "filename_mask"),
            _text_or_none(words.get("directory_mask"), "directory_mask"),
            checked_metadata(words.get("meta"), "meta"),
        )

    def check_file(self, name: str, extension: str | None) -> None:
        """That it takes this file.

        Raises:
            ValidationError: Its extension or its name is another.
        """
        folder, _, base = name.rpartition("/")
        if self.ext is not None and (extension or "").lower() not in self.ext:
            taken = ", ".join(sorted(self.ext))
            raise ValidationError(f"{extension!r} is none of {taken}", field="ext")
        if extension and base.lower().endswith(f".{extension.lower()}"):
            base = base[: -len(extension) - 1]
        _check_mask(base, self.filename_mask, "filename_mask")
        _check_mask(folder, self.directory_mask, "directory_mask")


def merged(stored: Mapping[str, Any], changes: object) -> dict[str, Any]:
    """Settings with what a call changes of them: mappings are merged, all else is replaced.

    Raises:
        ValidationError: The changes are no mapping.
    """
    result = dict(stored)
    if changes is None:
        return result
    for name, value in mapping_of(changes, "converter_settings").items():
        old = result.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[name] = merged(mapping_of(cast("object", old), name), cast("object", value))
        else:
            result[name] = value
    return result


def _version(given: object, where: str) -> VersionSettings:
    known = {"version", "format", "source", "operations", "meta", "save_settings"}
    words = known_words(given, where, known | {"output_extension"})
    image_format = words.get("format")
    if not isinstance(image_format, str) or image_format not in FORMATS:
        raise ValidationError(
            f"{image_format!r:.80} is none of {', '.join(FORMATS)}", field=f"{where}.format"
        )
    source = words.get("source")
    if source is None:
        source = VersionSource.PROCESSED_ORIGINAL.value
    if source not in [each.value for each in VersionSource]:
        kinds = ", ".join(each.value for each in VersionSource)
        raise ValidationError(f"{source!r:.80} is none of {kinds}", field=f"{where}.source")
    extension = _text_or_none(words.get("output_extension"), f"{where}.output_extension")
    return VersionSettings(
        checked_version_name(words.get("version"), f"{where}.version"),
        image_format,
        VersionSource(source),
        _operations(words.get("operations"), f"{where}.operations"),
        checked_save_settings(image_format, words.get("save_settings"), f"{where}.save_settings"),
        checked_extension(extension, f"{where}.output_extension") or image_format,
        checked_metadata(words.get("meta"), f"{where}.meta"),
    )


def _check_names(versions: tuple[VersionSettings, ...]) -> None:
    if not versions:
        raise ValidationError("at least one version is needed", field="versions")
    names = [each.version for each in versions]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValidationError(f"named twice: {sorted(twice)}", field="versions")


def _list(given: object, where: str, most: int) -> list[Any]:
    found = [] if given is None else sequence_of(given, where)
    if len(found) > most:
        raise ValidationError(f"at most {most} are allowed, not {len(found)}", field=where)
    return found


def _operations(given: object, where: str) -> tuple[Operation, ...]:
    return tuple(
        operation_of(each, f"{where}[{number}]")
        for number, each in enumerate(_list(given, where, _MAX_OPERATIONS))
    )


def _extensions(given: object) -> frozenset[str] | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else _list(given, "ext", _MAX_VERSIONS)
    checked = [checked_extension(checked_name(each, "ext"), "ext") for each in names]
    return frozenset(each.lower() for each in checked if each is not None)


def _text_or_none(given: object, where: str) -> str | None:
    return None if given is None else checked_name(given, where)


def _check_mask(text: str, mask: str | None, where: str) -> None:
    if mask is not None and not fnmatchcase(text, mask):
        raise ValidationError(f"{text!r} does not match {mask!r}", field=where)
