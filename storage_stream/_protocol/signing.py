"""V4 signed URLs: what is signed, and the URL that comes of it.

https://cloud.google.com/storage/docs/authentication/signatures and
https://cloud.google.com/storage/docs/authentication/canonical-requests. Values and text only: it
refuses to know the time, which key signs, and where that key is; the signature comes from outside,
as RSASSA-PKCS1-v1_5 with SHA-256 over `string_to_sign`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote

from storage_stream._protocol.names import check_bucket, check_object
from storage_stream._protocol.signing_address import SigningAddress
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALGORITHM",
    "MAX_EXPIRATION_SECONDS",
    "SignRequest",
    "SigningIdentity",
    "check_email",
    "check_expiration",
]

ALGORITHM = "GOOG4-RSA-SHA256"
MAX_EXPIRATION_SECONDS = 604_800
"""Seven days, the service's limit."""

_UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_PAYLOAD_HEADER = "x-goog-content-sha256"
_OWN_QUERY = frozenset(
    f"x-goog-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature")
)
_FOLDED = re.compile(r"[ \t\r\n]+")
_NOT_IN_HEADER_NAME = re.compile(r"[^\x21-\x7e]|[:;,]")  # the last three would end it
_METHOD = re.compile(r"[A-Z]+", re.ASCII)
_YEARS = range(1970, 9999)  # those whose dates have four digits, and a day behind them


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """Who signs, and when: the credential of a signature.

    Attributes:
        email: The service account's e-mail address.
        timestamp: The moment from which the signature holds; of any time zone, kept as UTC in
            whole seconds.

    Raises:
        InvalidArgument: No address, or a moment without a time zone.
    """

    email: str
    timestamp: datetime

    def __post_init__(self) -> None:
        """Check and normalise."""
        check_email(self.email)
        if self.timestamp.utcoffset() is None or self.timestamp.year not in _YEARS:
            raise InvalidArgument("the timestamp to sign needs a time zone, and a year from 1970")
        in_utc = self.timestamp.astimezone(UTC).replace(microsecond=0)
        object.__setattr__(self, "timestamp", in_utc)

    @property
    def date(self) -> str:
        """`X-Goog-Date`."""
        return f"{self.timestamp:%Y%m%dT%H%M%SZ}"

    @property
    def scope(self) -> str:
        """What the key is used for; any region goes by `auto`."""
        return f"{self.timestamp:%Y%m%d}/auto/storage/goog4_request"

    @property
    def credential(self) -> str:
        """`X-Goog-Credential`."""
        return f"{self.email}/{self.scope}"


@dataclass(frozen=True, slots=True)
class SignRequest:
    """A request that a signed URL will allow; made by `SignRequest.of`.

        request = SignRequest.of("GET", "bucket", "name", identity=identity, expiration=3600)
        url = request.url(await signer.sign(request.string_to_sign.encode()))

    Attributes:
        method: The HTTP method, in capitals.
        bucket: The bucket.
        name: The object, or None for the bucket itself.
        identity: Who signs, and when.
        expiration: Seconds for which the URL holds.
        address: Where the URL leads.
        headers: Name and value of each signed header, canonical and sorted, `host` included.
        query: Name and value of each query parameter besides those of the signature.
    """

    method: str
    bucket: str
    name: str | None
    identity: SigningIdentity
    expiration: int
    address: SigningAddress
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # may hold an encryption key
    query: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        method: str,
        bucket: str,
        name: str | None,
        *,
        identity: SigningIdentity,
        expiration: int,
        address: SigningAddress | None = None,
        headers: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Self:
        """Check a request and make it canonical; nothing that is passed is kept or changed.

        Args:
            method: Any HTTP method. POST is for beginning a resumable upload, and then needs the
                header `x-goog-resumable: start`.
            bucket: The bucket.
            name: The object, or None for the bucket itself (to list it). Browsers and most HTTP
                libraries drop `.` and `..` between slashes, so a URL for such a name serves only
                who sends it as it is.
            identity: Who signs, and when.
            expiration: Seconds for which the URL holds, 1 to 604,800.
            address: Where the URL leads; None for the service itself, in path style.
            headers: Headers that who uses the URL has to send exactly so; a list or tuple for
                several values. `x-goog-content-sha256` signs the payload's hash.
                `host` says which one arrives, where a proxy changes it.
            query: Query parameters; None for an empty value.

        Raises:
            InvalidName: A name that cannot be.
            InvalidArgument: Anything else that cannot be.
            TypeError: A value of the wrong kind.
        """
        if not _METHOD.fullmatch(method.upper()):
            raise InvalidArgument(f"{method!r} is not an HTTP method")
        where = address or SigningAddress()
        host = (("host", where.host(check_bucket(bucket))),)
        given = _canonical_headers(_mapping("headers", headers))
        return cls(
            method=method.upper(),
            bucket=bucket,
            name=None if name is None else check_object(name),
            identity=identity,
            expiration=check_expiration(expiration),
            address=where,
            headers=tuple(sorted(given if "host" in dict(given) else given + host)),
            query=_checked_query(_mapping("query parameters", query)),
        )

    @property
    def canonical_query(self) -> str:
        """The query string without the signature."""
        # By name, and not by the joined pairs: `a-b=` stands behind `a=`.
        pairs = sorted((*self.query, *self._signature_query()))
        return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in pairs)

    @property
    def canonical_request(self) -> str:
        """The request as one text."""
        lines = "".join(f"{name}:{value}\n" for name, value in self.headers)
        payload = dict(self.headers).get(_PAYLOAD_HEADER, _UNSIGNED_PAYLOAD)
        path = self.address.path(self.bucket, self.name)
        parts = (self.method, path, self.canonical_query, lines, self._signed_headers, payload)
        return "\n".join(parts)

    @property
    def string_to_sign(self) -> str:
        """What the key signs, as UTF-8."""
        digest = hashlib.sha256(self.canonical_request.encode()).hexdigest()
        return f"{ALGORITHM}\n{self.identity.date}\n{self.identity.scope}\n{digest}"

    def url(self, signature: bytes) -> str:
        """The signed URL. Whoever has it may do what it says: keep it out of logs."""
        origin, path = self.address.origin(self.bucket), self.address.path(self.bucket, self.name)
        return f"{origin}{path}?{self.canonical_query}&X-Goog-Signature={signature.hex()}"

    @property
    def _signed_headers(self) -> str:
        return ";".join(name for name, _ in self.headers)

    def _signature_query(self) -> tuple[tuple[str, str], ...]:
        return (
            ("X-Goog-Algorithm", ALGORITHM),
            ("X-Goog-Credential", self.identity.credential),
            ("X-Goog-Date", self.identity.date),
            ("X-Goog-Expires", str(self.expiration)),
            ("X-Goog-SignedHeaders", self._signed_headers),
        )


def check_expiration(seconds: int) -> int:
    """The time, if a signature can hold that long.

    Raises:
        InvalidArgument: It cannot.
        TypeError: It is no whole number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise TypeError(f"expiration takes whole seconds, not {type(seconds).__name__}")
    if not 1 <= seconds <= MAX_EXPIRATION_SECONDS:
        raise InvalidArgument(
            f"expiration={seconds}: a signature holds for 1 to {MAX_EXPIRATION_SECONDS} seconds"
        )
    return seconds


def check_email(email: str) -> str:
    """The address, if it can be a service account's.

    Raises:
        InvalidArgument: It cannot.
    """
    if not isinstance(email, str) or not re.fullmatch(r"[^\s/?#%@:]+@[^\s/?#%@:]+", email):
        raise InvalidArgument("a signature needs the e-mail address of a service account")
    return email


def _mapping(what: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"{what} to sign are a mapping, not {type(given).__name__}")
    return given or {}


def _canonical_headers(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Names in small letters, each once, with its values folded and joined."""
    values: dict[str, list[str]] = {}
    for given, value in headers.items():
        name = _text(given).strip().lower()
        if not name or _NOT_IN_HEADER_NAME.search(name):
            raise InvalidArgument(f"{given!r} is not the name of a header")
        values.setdefault(name, []).extend(map(_folded, _several(value)))
    return tuple((name, ",".join(parts)) for name, parts in values.items())


def _several(value: Any) -> Iterable[Any]:
    return cast("Iterable[Any]", value) if isinstance(value, list | tuple) else (value,)


def _folded(value: Any) -> str:
    return _FOLDED.sub(" ", _text(value)).strip(" ")


def _checked_query(query: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    for name in query:
        if _text(name).lower() in _OWN_QUERY:
            raise InvalidArgument(f"the query parameter {name} is the signature's own")
    return tuple((_text(name), _text(value)) for name, value in query.items())


def _text(value: Any) -> str:
    """A name or a value as text that has a form in UTF-8."""
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(f"what is signed is text or numbers, not {type(value).__name__}")
    text = "" if value is None else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArgument("what is signed has no UTF-8 form") from None
    return text.lower() if isinstance(value, bool) else text


def _quote(text: str) -> str:
    return quote(text, safe="")
