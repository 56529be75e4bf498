"""Errors as the service words them: JSON for the JSON API, text for media, XML for the XML API.

One exception carries the facts; the three spellings are made from it at the border. It refuses to
know which handler raised it.

https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from xml.sax.saxutils import escape

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

XML_CODES: Mapping[str, str] = {
    "authError": "AuthenticationRequired",
    "conditionNotMet": "PreconditionFailed",
    "conflict": "BucketAlreadyOwnedByYou",
    "bucketNotEmpty": "BucketNotEmpty",
    "badContent": "MalformedPOSTRequest",
    "entityTooLarge": "EntityTooLarge",
    "entityTooSmall": "EntityTooSmall",
    "expiredToken": "ExpiredToken",
    "forbidden": "AccessDenied",
    "incorrectNumberOfFilesInPostRequest": "IncorrectNumberOfFilesInPostRequest",
    "invalid": "InvalidArgument",
    "invalidParameter": "InvalidArgument",
    "invalidPart": "InvalidPart",
    "invalidPartOrder": "InvalidPartOrder",
    "invalidPolicyDocument": "InvalidPolicyDocument",
    "malformedSecurityHeader": "MalformedSecurityHeader",
    "malformedXml": "MalformedXML",
    "noSuchUpload": "NoSuchUpload",
    "noSuchBucket": "NoSuchBucket",
    "notFound": "NoSuchKey",
    "required": "InvalidArgument",
    "requestedRangeNotSatisfiable": "InvalidRange",
    "requestTimeTooSkewed": "RequestTimeTooSkewed",
    "signatureDoesNotMatch": "SignatureDoesNotMatch",
    "userKeyMustBeSpecified": "UserKeyMustBeSpecified",
    "userProjectMissing": "UserProjectMissing",
    "badDigest": "BadDigest",
    "customerEncryptionAlgorithmIsInvalid": "CustomerEncryptionAlgorithmIsInvalid",
    "customerEncryptionKeyFormatIsInvalid": "CustomerEncryptionKeyFormatIsInvalid",
    "customerEncryptionKeyIsIncorrect": "CustomerEncryptionKeyIsIncorrect",
    "customerEncryptionKeySha256IsInvalid": "CustomerEncryptionKeySha256IsInvalid",
    "resourceIsEncryptedWithCustomerEncryptionKey": "ResourceIsEncryptedWithCustomerEncryptionKey",
    "resourceNotEncryptedWithCustomerEncryptionKey": (
        "ResourceNotEncryptedWithCustomerEncryptionKey"
    ),
}
"""XML error codes by our reasons; https://cloud.google.com/storage/docs/xml-api/reference-status"""


class ApiError(Exception):
    """The service refuses the request.

    Args:
        status: HTTP status.
        reason: the machine-readable word of `errors[].reason`.
        message: a sentence for a person.
        location: name of the parameter or header at fault, if one is.
        headers: header lines the answer must carry, such as `Content-Range` of a 416.
        details: elements that the XML API adds, by name.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        location: str | None = None,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.location = location
        self.headers = dict(headers or {})
        self.details = dict(details or {})


def api_error(
    status: int,
    reason: str,
    message: str,
    *,
    location: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return the JSON API's error body with `status`."""
    detail = {"message": message, "domain": "global", "reason": json_reason(reason)}
    if location is not None:
        detail |= {"locationType": _location_type(location), "location": location}
    content = {"error": {"code": status, "message": message, "errors": [detail]}}
    return web.Response(
        status=status,
        headers=headers,
        body=json.dumps(content, ensure_ascii=False).encode(),
        content_type="application/json",
        charset="UTF-8",
    )


def text_error(error: ApiError) -> web.Response:
    """Return `error` as media requests meet it: the bare sentence."""
    return web.Response(status=error.status, headers=error.headers, text=error.message)


def xml_error(error: ApiError) -> web.Response:
    """Return `error` as the XML API words it."""
    code = XML_CODES.get(error.reason, "InvalidArgument")
    details = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in error.details.items())
    content = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{code}</Code><Message>{escape(error.message)}</Message>{details}</Error>"
    )
    return web.Response(
        status=error.status,
        headers=error.headers,
        body=content.encode(),
        content_type="application/xml",
        charset="UTF-8",
    )


def json_problems(handler: Handler) -> Handler:
    """Wrap `handler` so that its `ApiError` becomes a JSON answer."""
    return _with_problems(handler, _json_error)


def media_problems(handler: Handler) -> Handler:
    """Wrap `handler` so that its `ApiError` becomes text, as `alt=media` answers it."""
    return _with_problems(handler, text_error)


def xml_problems(handler: Handler) -> Handler:
    """Wrap `handler` so that its `ApiError` becomes XML."""
    return _with_problems(handler, xml_error)


def _with_problems(handler: Handler, worded: Callable[[ApiError], web.Response]) -> Handler:
    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            if error.status == web.HTTPNotModified.status_code:  # which has no body
                return web.Response(status=error.status, headers=error.headers)
            return worded(error)

    return answer


def _json_error(error: ApiError) -> web.Response:
    return api_error(
        error.status, error.reason, error.message, location=error.location, headers=error.headers
    )


def json_reason(reason: str) -> str:
    """Return the JSON API's word for a reason that only the XML API tells apart."""
    finer = {"noSuchBucket": "notFound", "bucketNotEmpty": "conflict", "badDigest": "invalid"}
    return finer.get(reason, reason)


def _location_type(location: str) -> str:
    return "header" if location[:1].isupper() else "parameter"
