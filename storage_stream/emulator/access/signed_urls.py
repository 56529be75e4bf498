"""Signed URLs: whether a request is the one that was signed, and comes in time.

https://cloud.google.com/storage/docs/access-control/signed-urls
https://cloud.google.com/storage/docs/authentication/signatures
"""

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDict

from storage_stream.emulator.access.canonical_request import (
    SIGNATURE,
    Credential,
    canonical_request,
    mentions,
    string_to_sign,
)
from storage_stream.emulator.access.signers import (
    HMAC_ALGORITHM,
    RSA_ALGORITHM,
    SignerBook,
    UnknownSignerError,
)
from storage_stream.emulator.clock import Clock
from storage_stream.emulator.faults.book import INSTRUCTIONS_HEADER
from storage_stream.emulator.integers import parse_integer
from storage_stream.emulator.problems import ApiError

MAX_LIFETIME_SECONDS = 7 * 24 * 3600
MAX_SKEW_SECONDS = 15 * 60
"""How far ahead the signer's clock may be."""

_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the query of a signed URL says about its signature."""

    algorithm: str
    credential: Credential
    date: str
    signed_at: float
    lifetime_seconds: int
    signed_headers: list[str]
    signature: bytes


def is_signed(request: web.Request) -> bool:
    """Return whether the request is by a signed URL."""
    return SIGNATURE in request.query


def judge_signed_url(request: web.Request, signers: SignerBook, clock: Clock) -> None:
    """Return if the request was signed as it is.

    Raises:
        ApiError: 400, it came too late, or what it says of its signature is malformed; 403, it is
            not what was signed, or nobody knows the signer.
    """
    pairs = _pairs(request.rel_url.raw_query_string)
    claim = _claim(dict(pairs))
    _judge_time(claim, clock.seconds())
    headers = CIMultiDict(request.headers)
    _judge_headers(claim, headers)
    path = request.rel_url.raw_path
    canonical = canonical_request(request.method, path, pairs, headers, claim.signed_headers)
    try:
        _verify(signers, claim, canonical)
    except ApiError as mismatch:
        # Signers disagree on whether the port belongs to the signed host: Google's Python client
        # signs it, the published conformance vectors do not. Both are right here.
        headers["Host"] = _without_port(headers["Host"])
        portless = canonical_request(request.method, path, pairs, headers, claim.signed_headers)
        if portless == canonical:
            raise
        try:
            _verify(signers, claim, portless)
        except ApiError:
            raise mismatch from None


def _verify(signers: SignerBook, claim: _Claim, canonical: str) -> None:
    signed = string_to_sign(claim.algorithm, claim.date, claim.credential.scope, canonical)
    verify(signers, claim.algorithm, claim.credential, signed, claim.signature, canonical=canonical)


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)


def verify(
    signers: SignerBook,
    algorithm: str,
    credential: Credential,
    signed: str,
    signature: bytes,
    *,
    canonical: str | None = None,
) -> None:
    """Return if the signature is right.

    Args:
        signers: the keys.
        algorithm: one of the two.
        credential: who signed.
        signed: what he should have signed.
        signature: its bytes.
        canonical: the canonical request behind it, to be told when it was another.

    Raises:
        ApiError: 403.
    """
    try:
        verified = signers.verifies(algorithm, credential, signed.encode(), signature)
    except UnknownSignerError as error:
        message = f"Nobody registered a key for '{credential.signer}'."
        raise ApiError(403, "forbidden", message) from error
    if verified:
        return
    message = (
        "Access denied. The request signature we calculated does not match the signature you"
        " provided."
    )
    details = {"StringToSign": signed}
    if canonical is not None:
        details["CanonicalRequest"] = canonical
    raise ApiError(403, "signatureDoesNotMatch", message, details=details)


def parse_algorithm(text: str | None) -> str:
    """Return the algorithm.

    Raises:
        ApiError: 400, it is none of V4's.
    """
    if text not in {RSA_ALGORITHM, HMAC_ALGORITHM}:
        raise malformed("X-Goog-Algorithm")
    return text


def parse_credential(text: str | None) -> Credential:
    """Return the credential.

    Raises:
        ApiError: 400, it is not one.
    """
    credential = Credential.parse(text or "")
    if credential is None:
        raise malformed("X-Goog-Credential")
    return credential


def parse_signature(text: str | None) -> bytes:
    """Return the bytes of a signature in hexadecimal.

    Raises:
        ApiError: 400, it is not one.
    """
    try:
        return binascii.unhexlify(text or "")
    except (binascii.Error, ValueError) as error:
        raise malformed(SIGNATURE) from error


def malformed(name: str) -> ApiError:
    """Return the error for a part of a signature that is missing or cannot be understood."""
    message = f"{name} is missing or malformed."
    return ApiError(400, "invalid", message, location=name)


def _claim(query: dict[str, str]) -> _Claim:
    algorithm = parse_algorithm(query.get("X-Goog-Algorithm"))
    credential = parse_credential(query.get("X-Goog-Credential"))
    date = query.get("X-Goog-Date", "")
    try:
        signed_at = datetime.strptime(date, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise malformed("X-Goog-Date") from error
    if not date.startswith(credential.date):
        raise malformed("X-Goog-Credential")
    lifetime = parse_integer("X-Goog-Expires", query.get("X-Goog-Expires", ""), at_least=1) or 0
    if lifetime > MAX_LIFETIME_SECONDS:
        raise malformed("X-Goog-Expires")
    names = query.get("X-Goog-SignedHeaders", "").split(";")
    if "host" not in names or names != sorted(name.lower() for name in names):
        raise malformed("X-Goog-SignedHeaders")
    signature = parse_signature(query.get(SIGNATURE))
    return _Claim(algorithm, credential, date, signed_at, lifetime, names, signature)


def _judge_time(claim: _Claim, now: float) -> None:
    ends = claim.signed_at + claim.lifetime_seconds
    if now > ends:
        ended = datetime.fromtimestamp(ends, UTC).isoformat()
        message = f"The provided token has expired. Request signature expired at: {ended}"
        raise ApiError(400, "expiredToken", message)
    if claim.signed_at > now + MAX_SKEW_SECONDS:
        message = "The difference between the request time and the server's time is too large."
        raise ApiError(403, "requestTimeTooSkewed", message)


def _judge_headers(claim: _Claim, headers: CIMultiDict[str]) -> None:
    for name in claim.signed_headers:
        if name not in headers:
            raise _unexpected(name, "was included in signedheaders, but not in the request")
    for name in mentions(headers, "x-goog-"):
        if name not in {*claim.signed_headers, INSTRUCTIONS_HEADER}:
            raise _unexpected(name, "was included in the request, but not in signedheaders")


def _unexpected(name: str, what: str) -> ApiError:
    message = f"Your request has a malformed header. Header {what}: {name}."
    return ApiError(400, "malformedSecurityHeader", message, details={"ParameterName": name})


def _pairs(raw: str) -> list[tuple[str, str]]:
    # Not as a form: a plus sign in a signed query is a plus sign.
    parts = [part.partition("=") for part in raw.split("&") if part]
    return [(unquote(name), unquote(value)) for name, _, value in parts]
