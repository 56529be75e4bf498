"""What a caller may say about any request, in one place.

Public methods take these as `**options: Unpack[RequestKeywords]`; `RequestOptions.of` checks the
names and makes one frozen value of them, so that nothing a caller passes is kept or changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypedDict

from storage_stream._protocol.arguments import check_mapping, check_text
from storage_stream._protocol.encryption import check_kms_key, key_headers
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.http import check_header_text
from storage_stream._protocol.retry import DEFAULT_RETRY, RetryPolicy
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from storage_stream._protocol.meter import Meter

__all__ = [
    "DEFAULT_TIMEOUT",
    "CallKeywords",
    "DownloadKeywords",
    "HandleKeywords",
    "Preconditions",
    "RequestKeywords",
    "RequestOptions",
]

DEFAULT_STALL_TIMEOUT = 30.0  # seconds; longer than a server takes to fetch a cold object
_SECONDS = ("timeout", "stall_timeout")
DEFAULT_TIMEOUT = 10.0  # seconds; the default of gcloud-aio-storage, whose callers come here


@dataclass(frozen=True, slots=True)
class Preconditions:
    """In which state objects and buckets must be for a request to be carried out.

    Where it is not, the service answers `PreconditionFailed` (or `NotModified` for a read).
    https://cloud.google.com/storage/docs/request-preconditions

    Attributes:
        if_generation_match: The object's generation; 0 means that there is no such object.
        if_generation_not_match: Any generation but this.
        if_metageneration_match: The metageneration.
        if_metageneration_not_match: Any metageneration but this.
        if_source_generation_match: For copies and moves, the generation of their source.
        if_source_generation_not_match: Any generation of the source but this.
        if_source_metageneration_match: The metageneration of the source.
        if_source_metageneration_not_match: Any metageneration of the source but this.
    """

    if_generation_match: int | None = None
    if_generation_not_match: int | None = None
    if_metageneration_match: int | None = None
    if_metageneration_not_match: int | None = None
    if_source_generation_match: int | None = None
    if_source_generation_not_match: int | None = None
    if_source_metageneration_match: int | None = None
    if_source_metageneration_not_match: int | None = None

    def __post_init__(self) -> None:
        """Take generations as the service spells them, too, and refuse what is none.

        Raises:
            InvalidArgument: A value that is no number, or negative.
        """
        for name in _PRECONDITION_NAMES:
            object.__setattr__(self, name, generation_number(getattr(self, name), name))

    def query(self) -> tuple[tuple[str, str], ...]:
        """The query parameters they are on the wire."""
        values = ((_PRECONDITION_NAMES[f.name], getattr(self, f.name)) for f in fields(self))
        return tuple((name, str(value)) for name, value in values if value is not None)


_PRECONDITION_NAMES = {
    "if_generation_match": "ifGenerationMatch",
    "if_generation_not_match": "ifGenerationNotMatch",
    "if_metageneration_match": "ifMetagenerationMatch",
    "if_metageneration_not_match": "ifMetagenerationNotMatch",
    "if_source_generation_match": "ifSourceGenerationMatch",
    "if_source_generation_not_match": "ifSourceGenerationNotMatch",
    "if_source_metageneration_match": "ifSourceMetagenerationMatch",
    "if_source_metageneration_not_match": "ifSourceMetagenerationNotMatch",
}


class CallKeywords(TypedDict, total=False):
    """What travels with a call itself, whoever sends it; see `RequestKeywords`."""

    headers: Mapping[str, str] | None
    user_project: str | None
    encryption_key: bytes | str | None
    source_encryption_key: bytes | str | None
    preconditions: Preconditions | None


class HandleKeywords(CallKeywords, total=False):
    """`RequestKeywords` without those that gcloud-aio-storage's handles take by place."""

    stall_timeout: float | None
    retry: RetryPolicy | None
    retries: int | None
    progress: Any


class RequestKeywords(HandleKeywords, total=False):
    """Keywords that every method takes.

    headers: Header lines added to the request.
    params: Query parameters added to the request, in the service's spelling.
    timeout: Seconds until the first byte of the answer, for each attempt; None waits for ever.
        Bodies have no total limit.
    stall_timeout: Seconds of waiting for bytes of a body after which it counts as broken, unless
        at least 64 bytes a second came; None waits for ever. Your own pauses do not count.
    session: An `aiohttp.ClientSession` to use for this call; it stays open.
    user_project: The project that pays, for requester-pays buckets.
    encryption_key: The customer-supplied key (CSEK) the object is, or is to be, encrypted with: 32
        bytes, or their base64. The service keeps none: without it the object is lost.
    source_encryption_key: The key of the object that is copied or rewritten.
    preconditions: In which state the object must be.
    retry: A `RetryPolicy` in place of the client's.
    retries: Only the number of repeats, the rest as in the client's policy.
    progress: A `Progress`, or what is called with a `ProgressSnapshot` now and then: bytes,
        attempts, rate, of the bytes of objects that this call moves or lets the service copy.
    """

    params: Mapping[str, Any] | None
    timeout: float | None
    session: Any


_NAMES = frozenset(RequestKeywords.__annotations__)


class DownloadKeywords(RequestKeywords, total=False):
    """Keywords of every download, besides those of every request.

    generation: The generation to read; None for the one that is live when it begins.
    start: First byte; negative counts from the end (-500: the last 500 bytes). Default 0.
    end: One behind the last byte, as in a slice; None for the end of the object.
    raw: Deliver an object that is stored as gzip as it is stored, not decompressed. A range of
        one that is decompressed counts decompressed bytes, and reads the object from its
        beginning.
    max_decoded_bytes: The most that an object stored as gzip may decompress to, with what lies
        before a range: more is `TooManyBytesError`. A MiB of gzip can hold a GiB. Default: no
        limit.
    """

    generation: int | None
    start: int
    end: int | None
    raw: bool
    max_decoded_bytes: int | None


def _as_given(progress: Any) -> Meter:
    """A meter of what the caller gave; a client knows of more than meters."""
    given: Meter = progress
    return given


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """`RequestKeywords`, checked, with every default filled in."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # keys stand in them
    params: tuple[tuple[str, str], ...] = ()
    timeout: float | None = DEFAULT_TIMEOUT
    stall_timeout: float | None = DEFAULT_STALL_TIMEOUT
    session: Any = None
    retry: RetryPolicy = DEFAULT_RETRY
    meter: Meter | None = field(default=None, repr=False, compare=False)
    new_meter: Callable[[Any], Meter] = field(default=_as_given, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a number where a policy is meant, before it is needed.

        Raises:
            TypeError: `retry` is no policy.
        """
        _check_policy(self.retry)

    @classmethod
    def of(cls, keywords: Mapping[str, Any], defaults: RequestOptions) -> RequestOptions:
        """Check the keywords and merge them over the client's defaults.

        Raises:
            TypeError: A name that no request knows, or a value of the wrong kind.
            InvalidArgument: A timeout or number of retries out of range.
        """
        if not keywords:
            return defaults
        if not _NAMES.issuperset(keywords):
            raise TypeError(f"unexpected keyword argument {min(keywords.keys() - _NAMES)!r}")
        given = {name: value for name, value in keywords.items() if value is not None}
        # In one step: each of a million small objects has options of its own.
        return cls(
            headers=_over(defaults.headers, _headers(given)),
            params=defaults.params + _query(given),
            session=_session(given, defaults),
            retry=_policy(given, defaults),
            meter=defaults.new_meter(given["progress"]) if "progress" in given else defaults.meter,
            new_meter=defaults.new_meter,
            **_times(keywords, defaults),
        )

    def header(self, name: str) -> str | None:
        """The last value the caller gave for a header, or None."""
        name = name.lower()
        values = [value for key, value in self.headers if key.lower() == name]
        return values[-1] if values else None

    def with_kms_key(self, name: str | None, parameter: str = "kmsKeyName") -> RequestOptions:
        """These options for an object that is to be encrypted with a key of Cloud KMS.

        Args:
            name: The key's resource name; None changes nothing.
            parameter: How the call spells it.

        Raises:
            TypeError: It is no text.
            InvalidArgument: It is no key's name, or there is a customer-supplied key besides.
        """
        if name is None:
            return self
        if self.header("x-goog-encryption-key") is not None:
            raise InvalidArgument("an object has one key: kms_key_name or encryption_key, not both")
        added = ((parameter, check_kms_key(name)),)
        return replace(self, params=merge_query((), self.params, added))

    def only_connection(self) -> RequestOptions:
        """These options for another request: without what was said about this one's content."""
        payer = tuple(pair for pair in self.params if pair[0] == "userProject")
        return replace(self, headers=(), params=payer)

    def without_headers(self, *names: str) -> RequestOptions:
        """The same options without these headers (lower case)."""
        kept = tuple(line for line in self.headers if line[0].lower() not in names)
        return self if len(kept) == len(self.headers) else replace(self, headers=kept)


def _check_policy(retry: Any) -> None:
    if not isinstance(retry, RetryPolicy):
        kind = type(retry).__name__
        raise TypeError(
            f"retry takes a RetryPolicy, not {kind}; for the number of repeats say retries=3"
        )


def _policy(given: Mapping[str, Any], defaults: RequestOptions) -> RetryPolicy:
    policy: RetryPolicy = given.get("retry", defaults.retry)
    if "retries" not in given:
        return policy
    _check_policy(policy)
    return replace(policy, retries=given["retries"])


def _times(keywords: Mapping[str, Any], defaults: RequestOptions) -> dict[str, float | None]:
    """The timeouts, where None says something, too: no limit."""
    return {
        name: _seconds(name, keywords[name]) if name in keywords else getattr(defaults, name)
        for name in _SECONDS
    }


def _session(given: Mapping[str, Any], defaults: RequestOptions) -> Any:
    session = given.get("session", defaults.session)
    if session is not None and not callable(getattr(session, "request", None)):
        kind = type(session).__name__
        raise TypeError(f"session takes an aiohttp.ClientSession, not {kind}")
    return session


def _headers(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    lines = _pairs("headers", given["headers"]) if "headers" in given else ()
    if "encryption_key" in given:
        lines = _over(lines, key_headers(given["encryption_key"]))
    if "source_encryption_key" in given:
        lines = _over(lines, key_headers(given["source_encryption_key"], of_source=True))
    return lines


def _query(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = _pairs("params", given["params"]) if "params" in given else ()
    if "user_project" in given:
        pairs += (("userProject", check_text("user_project", given["user_project"])),)
    if "preconditions" in given:
        if not isinstance(given["preconditions"], Preconditions):
            raise TypeError("preconditions takes a Preconditions value")
        pairs += given["preconditions"].query()
    return pairs


def _pairs(what: str, mapping: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    said = check_mapping(what, mapping)
    pairs = tuple((str(name), _text(value)) for name, value in said.items())
    if what == "headers":
        for name, value in pairs:
            check_header_text(name + value)
    return pairs


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _over(
    lines: tuple[tuple[str, str], ...], added: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Header lines with the added ones in place of those of the same names."""
    if not added:
        return lines
    names = {name.lower() for name, _ in added}
    return (*(line for line in lines if line[0].lower() not in names), *added)


def _seconds(name: str, value: Any) -> float | None:
    """A timeout; an `aiohttp.ClientTimeout` means its `total`, as in gcloud-aio-storage."""
    seconds = getattr(value, "total", value)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name} takes seconds, not {type(value).__name__}")
    if not seconds > 0:
        raise InvalidArgument(f"{name}={seconds}: more than 0 seconds, or None for no limit")
    return float(seconds)


def merge_query(
    own: Iterable[tuple[str, str]], *later: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Query parameters, later ones in place of earlier ones of the same name.

    Only `own` may say a name several times, as `permissions` of `testIamPermissions` is.
    """
    replaced: dict[str, str] = {}
    for part in later:
        replaced.update(part)
    return (*(pair for pair in own if pair[0] not in replaced), *replaced.items())
