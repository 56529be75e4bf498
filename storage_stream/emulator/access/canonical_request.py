"""The canonical request of V4 signatures: what a signer must have signed for this request.

Pure: it knows neither keys nor clocks.

https://cloud.google.com/storage/docs/authentication/canonical-requests
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from multidict import CIMultiDict

SIGNATURE = "X-Goog-Signature"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_PAYLOAD_HEADERS = ("x-goog-content-sha256", "x-amz-content-sha256")
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class Credential:
    """Who signed, and for what.

    Attributes:
        signer: an e-mail address, or the access id of an HMAC key.
        scope: date, location, service and request type, as they are signed.
    """

    signer: str
    scope: str

    @classmethod
    def parse(cls, text: str) -> "Credential | None":
        """Return the credential; `None` when it is not of the form."""
        signer, *scope = text.rsplit("/", 4)
        right = len(scope) == 4 and scope[2:] == ["storage", "goog4_request"]  # noqa: PLR2004 - its four parts
        return cls(signer, "/".join(scope)) if signer and right else None

    @property
    def date(self) -> str:
        """The day, as `YYYYMMDD`."""
        return self.scope.partition("/")[0]

    @property
    def location(self) -> str:
        """The location, `auto` mostly."""
        return self.scope.split("/")[1]


def canonical_request(
    method: str,
    raw_path: str,
    pairs: list[tuple[str, str]],
    headers: CIMultiDict[str],
    signed_headers: list[str],
) -> str:
    """Return the text that is hashed and signed.

    Args:
        method: the HTTP method.
        raw_path: still percent-encoded.
        pairs: the parameters of the query, decoded.
        headers: of the request.
        signed_headers: their names, as the query lists them.
    """
    lines = [f"{name}:{_value(headers, name)}" for name in signed_headers]
    payload = next(
        (headers[name] for name in _PAYLOAD_HEADERS if name in signed_headers and name in headers),
        UNSIGNED_PAYLOAD,
    )
    path = quote(unquote_to_bytes(raw_path), safe="/~")
    return "\n".join([method, path, _query(pairs), *lines, "", ";".join(signed_headers), payload])


def string_to_sign(algorithm: str, date: str, scope: str, canonical: str) -> str:
    """Return what the key is applied to."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{algorithm}\n{date}\n{scope}\n{digest}"


def _query(pairs: list[tuple[str, str]]) -> str:
    encoded = [
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in pairs
        if name != SIGNATURE
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _value(headers: CIMultiDict[str], name: str) -> str:
    return ",".join(_SPACES.sub(" ", value.strip()) for value in headers.getall(name, []))


def mentions(headers: Mapping[str, str], prefix: str) -> list[str]:
    """Return the names of the headers that start so, in lower case."""
    return [name.lower() for name in headers if name.lower().startswith(prefix)]
