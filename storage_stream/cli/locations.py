"""Places as people write them: `gs://bucket/name#generation`, a path, or `-`. Pure.

It knows how they are spelled, and nothing of whether they exist.
"""

import re
from dataclasses import dataclass, field

from storage_stream.cli.wildcards import Pattern

__all__ = [
    "LocalLocation",
    "Location",
    "LocationError",
    "ObjectLocation",
    "StandardStream",
    "bucket_and_name",
    "gs_url",
    "parse_location",
    "parse_object_location",
]

_SCHEME = "gs://"
_GENERATION = re.compile(r"(.+)#([0-9]{1,19})", re.DOTALL)
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE_SCHEME = "file://"


class LocationError(ValueError):
    """A text that names no place."""


@dataclass(frozen=True, slots=True)
class StandardStream:
    """`-`: standard input or standard output, as it stands first or last."""

    def __str__(self) -> str:
        return "-"


@dataclass(frozen=True, slots=True)
class LocalLocation:
    """A path on this machine.

    Attributes:
        path: As it was written; what is not UTF-8 is escaped as Python does it.
        is_folder: Whether it was written as a folder: with a slash at its end, or `.`, or `..`.
    """

    path: str

    @property
    def is_folder(self) -> bool:
        """See above."""
        return self.path.endswith("/") or self.path.rpartition("/")[2] in {".", ".."}

    @property
    def pattern(self) -> Pattern:
        """The path as a pattern; a shell has usually expanded it."""
        return Pattern(self.path)

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """A bucket, a "folder", an object, a generation of one, or a pattern for them.

    Attributes:
        bucket: The bucket's name or a pattern for it; `""` for all buckets.
        name: The object's name or a pattern; `""` is the bucket itself.
        generation: Which of its generations, or None.
    """

    bucket: str
    name: str = ""
    generation: int | None = None
    pattern: Pattern = field(init=False, repr=False, compare=False)
    bucket_pattern: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", Pattern(self.name))
        object.__setattr__(self, "bucket_pattern", Pattern(self.bucket))

    @property
    def is_bucket(self) -> bool:
        """Whether no object is named."""
        return not self.name

    @property
    def is_folder(self) -> bool:
        """Whether it is a bucket, or ends as the name of a "folder"."""
        return not self.name or self.name.endswith("/")

    @property
    def has_wildcards(self) -> bool:
        """Whether it may mean several."""
        return not (self.pattern.is_literal and self.bucket_pattern.is_literal)

    @property
    def means_buckets(self) -> bool:
        """Whether it may be in several buckets."""
        return not (self.bucket and self.bucket_pattern.is_literal)

    @property
    def literal_name(self) -> str:
        """The name it means when it has no wildcards: `[*]` is `*`."""
        return self.pattern.literal

    def __str__(self) -> str:
        return gs_url(self.bucket, self.name, self.generation)


Location = ObjectLocation | LocalLocation | StandardStream


def gs_url(bucket: str, name: str = "", generation: int | str | None = None) -> str:
    """How an object is written; a bucket has a slash at its end."""
    if not bucket:
        return _SCHEME
    return f"{_SCHEME}{bucket}/{name}" + (f"#{generation}" if generation is not None else "")


def bucket_and_name(url: str) -> tuple[str, str]:
    """What `gs_url` made one of; without a name, that is empty."""
    bucket, _, name = url.removeprefix(_SCHEME).partition("/")
    return bucket, name


def parse_location(text: str) -> Location:
    """What a text names.

    Raises:
        LocationError: Nothing; the message says how places are written.
    """
    if text == "-":
        return StandardStream()
    if text.startswith(_SCHEME):
        return _object_location(text)
    if text.startswith("gs:"):
        raise LocationError(f"{text!r} is no place; write gs://bucket/name")
    if text.startswith(_FILE_SCHEME):
        text = text.removeprefix(_FILE_SCHEME)
    elif _OTHER_SCHEME.match(text):
        raise LocationError(
            f"{_without_secrets(text)!r} is no place; write gs://bucket/name, a path, or -"
        )
    if not text or "\0" in text:
        raise LocationError("a path has at least one character, and no NUL")
    return LocalLocation(text)


def parse_object_location(text: str) -> ObjectLocation:
    """The same, for what has to be in the service.

    Raises:
        LocationError: It is not.
    """
    location = parse_location(text)
    if not isinstance(location, ObjectLocation):
        raise LocationError(f"{text!r} is not in Cloud Storage; write gs://bucket/name")
    return location


def _without_secrets(url: str) -> str:
    """A URL that may be signed, or hold a password, as it may be printed."""
    place, sign, _ = url.partition("?")
    scheme, _, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{'?…' if sign else ''}"


def _object_location(text: str) -> ObjectLocation:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise LocationError(f"{text!r} is not UTF-8, and no object's name") from None
    bucket, slash, name = text.removeprefix(_SCHEME).partition("/")
    if not bucket and slash:
        raise LocationError(f"{text!r} names no bucket; write gs://bucket/name")
    generation: int | None = None
    if found := _GENERATION.fullmatch(name):
        name, generation = found[1], int(found[2])
    try:
        location = ObjectLocation(bucket, name, generation)
    except ValueError as error:
        raise LocationError(f"{text!r}: {error}") from None
    if generation is not None and location.has_wildcards:
        raise LocationError(f"{text!r} names one generation of many objects; name one object")
    return location
