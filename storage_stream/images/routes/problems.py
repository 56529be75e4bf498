"""What an error is to somebody over HTTP: a status, a code, a sentence (RFC 9457).

A code is what programs compare; the sentence is for people. Of what fails on this side (5xx) the
sentence says nothing that the error knew: that goes to the log. This knows no route.
"""

from __future__ import annotations

import enum
from http.client import responses
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from storage_stream.errors import StorageError
from storage_stream.images.errors import (
    ClaimLost,
    Conflict,
    ConversionError,
    ConversionTimeout,
    DatabaseFailed,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    UnreadableImage,
    ValidationError,
)
from storage_stream.images.log import LOGGER
from storage_stream.media.errors import ImageTooLarge, MediaError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BodyTooLargeError",
    "ExpectedProblems",
    "Problem",
    "ProblemCode",
    "UnsupportedMediaTypeError",
    "UploadStalledError",
    "problem_response",
    "responses_of",
]

MEDIA_TYPE = "application/problem+json"


class ProblemCode(enum.StrEnum):
    """What went wrong, for programs."""

    BAD_REQUEST = "bad_request"
    NOT_AUTHENTICATED = "not_authenticated"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    UPLOAD_STALLED = "upload_stalled"
    BODY_TOO_LARGE = "body_too_large"
    PICTURE_TOO_LARGE = "picture_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID = "invalid"
    UNREADABLE_IMAGE = "unreadable_image"
    CONVERSION_FAILED = "conversion_failed"
    CONVERSION_TIMEOUT = "conversion_timeout"
    STORAGE_FAILED = "storage_failed"
    DATABASE_FAILED = "database_failed"


class Problem(BaseModel):
    """An error, as RFC 9457 has it, with a code.

    Attributes:
        type: Always `about:blank`: `status` and `code` say all.
        title: The status in words.
        status: The status.
        code: What went wrong, for programs.
        detail: The same in a sentence, for people.
        field: Which part of the request was wrong, where it was one.
    """

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    code: ProblemCode
    detail: str
    field: str | None = None


class BodyTooLargeError(StorageError):
    """More bytes came than a request may have; nothing of them was kept.

    Attributes:
        max_bytes: The limit.
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than the {max_bytes} bytes that are allowed")
        self.max_bytes = max_bytes


class UploadStalledError(StorageError):
    """No byte of an upload came for a while; nothing of it was kept.

    Attributes:
        seconds: How long that was.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing came for {seconds:g} s")
        self.seconds = seconds


class UnsupportedMediaTypeError(StorageError):
    """What came is no picture of a kind that is taken here, or not of the kind it was called."""


class _Meaning(NamedTuple):
    status: int
    code: ProblemCode


_MEANINGS: dict[type[BaseException], _Meaning] = {
    PermissionDenied: _Meaning(403, ProblemCode.PERMISSION_DENIED),
    NotFound: _Meaning(404, ProblemCode.NOT_FOUND),
    UploadStalledError: _Meaning(408, ProblemCode.UPLOAD_STALLED),
    Conflict: _Meaning(409, ProblemCode.CONFLICT),
    PreconditionFailed: _Meaning(412, ProblemCode.PRECONDITION_FAILED),
    BodyTooLargeError: _Meaning(413, ProblemCode.BODY_TOO_LARGE),
    ImageTooLarge: _Meaning(413, ProblemCode.PICTURE_TOO_LARGE),
    UnsupportedMediaTypeError: _Meaning(415, ProblemCode.UNSUPPORTED_MEDIA_TYPE),
    ValidationError: _Meaning(422, ProblemCode.INVALID),
    RequestValidationError: _Meaning(422, ProblemCode.INVALID),
    UnreadableImage: _Meaning(422, ProblemCode.UNREADABLE_IMAGE),
    MediaError: _Meaning(415, ProblemCode.UNSUPPORTED_MEDIA_TYPE),
    ConversionError: _Meaning(500, ProblemCode.CONVERSION_FAILED),
    StorageError: _Meaning(502, ProblemCode.STORAGE_FAILED),
    DatabaseFailed: _Meaning(503, ProblemCode.DATABASE_FAILED),
    ClaimLost: _Meaning(503, ProblemCode.STORAGE_FAILED),
    ConversionTimeout: _Meaning(504, ProblemCode.CONVERSION_TIMEOUT),
}
_CODES_OF_STATUSES = {
    401: ProblemCode.NOT_AUTHENTICATED,
    403: ProblemCode.PERMISSION_DENIED,
    404: ProblemCode.NOT_FOUND,
    408: ProblemCode.UPLOAD_STALLED,
    409: ProblemCode.CONFLICT,
    412: ProblemCode.PRECONDITION_FAILED,
    413: ProblemCode.BODY_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    422: ProblemCode.INVALID,
}
_OURS = {
    ProblemCode.CONVERSION_FAILED: "the conversion failed; nothing was kept",
    ProblemCode.CONVERSION_TIMEOUT: "the conversion took too long; nothing was kept",
    ProblemCode.STORAGE_FAILED: "what keeps the bytes did not do its work",
    ProblemCode.DATABASE_FAILED: "what keeps the records did not do its work",
}
_FIRST_OF_OURS = 500

ExpectedProblems = (StorageError, RequestValidationError, HTTPException)
"""What `problem_response` makes an answer of; all else is a defect."""


def problem_response(
    error: StorageError | RequestValidationError | HTTPException,
) -> JSONResponse:
    """The answer to an error.

    Args:
        error: It; an `HTTPException`, of 4xx, keeps its headers, which may ask who it is.
    """
    if isinstance(error, HTTPException):
        code = _CODES_OF_STATUSES.get(error.status_code, ProblemCode.BAD_REQUEST)
        return _answer(_Meaning(error.status_code, code), str(error.detail), None, error.headers)
    meaning = next(_MEANINGS[each] for each in type(error).__mro__ if each in _MEANINGS)
    if meaning.status >= _FIRST_OF_OURS:
        LOGGER.error("answered %s: %s", meaning.status, error, exc_info=error)
        return _answer(meaning, _OURS[meaning.code])
    if isinstance(error, RequestValidationError):
        return _answer(meaning, *_first_of(error))
    if isinstance(error, Conflict) and error.__cause__ is not None:
        return _answer(meaning, "it contradicts what is stored")  # not in the database's words
    field = error.field if isinstance(error, ValidationError) else None
    return _answer(meaning, str(error), field)


def responses_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of problems: for each status its codes.

    Args:
        *statuses: Besides those that any request can have.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*_ANY, *statuses}):
        codes = {each.code for each in _MEANINGS.values() if each.status == status}
        codes.add(_CODES_OF_STATUSES.get(status, next(iter(codes), ProblemCode.BAD_REQUEST)))
        found[status] = {
            "description": f"{responses[status]}: {', '.join(sorted(codes))}.",
            "content": {MEDIA_TYPE: {"schema": _schema(status, sorted(codes))}},
        }
    return found


def _schema(status: int, codes: list[ProblemCode]) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "title": f"Problem{status}",
        "type": "object",
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer", "const": status},
            "code": {"type": "string", "enum": [str(code) for code in codes]},
            "detail": text,
            "field": text,
        },
        "required": ["type", "title", "status", "code", "detail"],
    }


_ANY = (400, 401, 403, 422, 502, 503)


def _answer(
    meaning: _Meaning,
    detail: str,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(
        title=responses.get(meaning.status, "Refused"),
        status=meaning.status,
        code=meaning.code,
        # Callers' text is in it, which may be nothing that UTF-8 can hold.
        detail=detail.encode(errors="replace").decode(),
        field=None if field is None else field.encode(errors="replace").decode(),
    )
    added = {**(headers or {}), "x-content-type-options": "nosniff"}
    content = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, meaning.status, added, MEDIA_TYPE)


def _first_of(error: RequestValidationError) -> tuple[str, str | None]:
    """The first thing that is wrong, without what the caller wrote there."""
    first, *others = error.errors()
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    more = f" (and {len(others)} more)" if others else ""
    return f"{field}: {first['msg']}{more}", field
