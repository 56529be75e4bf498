"""Answers read: results of the good ones, errors of the others.

The service's errors are JSON (`{"error": {"code", "message", "errors": [{"reason", …}]}}`,
https://cloud.google.com/storage/docs/json_api/v1/status-codes), XML on the XML API, and plain
text on media; proxies answer in HTML. All of them become a `ResponseError` with a short message.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from storage_stream.errors import ProtocolError, ResponseError, response_error_class

if TYPE_CHECKING:
    from storage_stream._protocol.http import Headers, Reply

__all__ = [
    "error_of",
    "is_success",
    "parse_empty",
    "parse_json",
    "parse_nothing",
    "without_secrets",
]

_NOTHING = frozenset({b"", b"{}", b"null"})
_LONGEST_MESSAGE = 500  # characters of a foreign text in an error
_XML_FIELD = re.compile(r"<(Code|Message)>([^<]*)</\1>")
_SECRET_IN_TEXT = re.compile(
    # In a query; then also as a field of JSON or a header, where the name alone says enough.
    r"(?i)((?:x-goog-signature|x-goog-credential|signature|key|assertion)=|"
    r"assertion[\"']\s*:\s*[\"']*|"
    r"(?:(?:access|refresh|id|subject)_?token|client_secret|upload_id"
    r"|x-goog-(?:copy-source-)?encryption-key)[\"']*\s*[=:]\s*[\"']*)"
    r"[^&\s\"'<>]+|(bearer\s+)[\w.~+/=-]+|"
    # Without a name, by how they begin: Google's tokens, JWTs, and keys with all their lines.
    r"\b(ya29\.)[\w.~+/=-]+|\b(1//|eyJ)[\w.~+/=-]{6,}|"
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?s:.*?)(?:-----END|\Z)"
)


def is_success(status: int) -> bool:
    """Whether the status is a 2xx. A 308 of a resumable session never is."""
    return 200 <= status < 300  # noqa: PLR2004 - a status of HTTP


def parse_nothing(_reply: Reply) -> None:
    """For operations whose answer has no body."""


def parse_empty(reply: Reply) -> None:
    """For operations that the service answers with nothing: a removal, above all.

    What is not the service's answer must not pass for a success: a proxy's page is a 200, too.
    Emulators of others say `{}` or `null`.

    Raises:
        ProtocolError: There is something else.
    """
    if reply.body.strip() not in _NOTHING:
        raise ProtocolError(f"a {reply.status} answer says something where nothing was expected")


def parse_json(reply: Reply) -> Any:
    """The JSON object of a good answer.

    Raises:
        ProtocolError: The body is not a JSON object: a proxy's page, or a cut answer.
    """
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise ProtocolError(f"a {reply.status} answer is not JSON") from None
    if not isinstance(value, dict):
        raise ProtocolError(f"a {reply.status} answer is JSON, but not an object")
    return cast("dict[str, Any]", value)


def error_of(reply: Reply, *, method: str, subject: str, default_reason: str = "") -> ResponseError:
    """The error that an answer is; which class says its status."""
    message, reason = _explain(reply)
    phrase = without_secrets(reply.head.reason)
    return response_error_class(reply.status)(
        without_secrets(message) or phrase or "no explanation",
        status=reply.status,
        reason=without_secrets(reason) or phrase or default_reason,
        headers=_plain(reply.headers),
        method=method,
        subject=subject,
    )


def without_secrets(text: str) -> str:
    """A foreign text for an error message: shortened, and without what looks like a key."""
    return _printable(_SECRET_IN_TEXT.sub(_hide, text)[:_LONGEST_MESSAGE])


def _printable(text: str) -> str:
    """In one line, and without what moves a terminal's cursor or cannot be encoded."""
    line = " ".join(text.split())
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in line)


def _hide(match: re.Match[str]) -> str:
    return f"{match[match.lastindex or 0]}…"


def _plain(headers: Headers) -> dict[str, str]:
    """Headers for an error: without those that are as good as a key."""
    secret = {"location", "set-cookie", "x-guploader-uploadid", "www-authenticate"}
    return {name: without_secrets(value) for name, value in headers if name not in secret}


def _explain(reply: Reply) -> tuple[str, str]:
    """Message and reason."""
    text = reply.body.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        return _explain_json(text)
    if text.startswith("<"):
        found: dict[str, str] = dict(_XML_FIELD.findall(text))
        return found.get("Message", ""), found.get("Code", "")
    return text, ""


def _explain_json(text: str) -> tuple[str, str]:
    try:
        error: Any = json.loads(text).get("error")
    except (ValueError, RecursionError):
        return "", ""
    if isinstance(error, str):  # OAuth's form
        return error, ""
    if not isinstance(error, dict):
        return "", ""
    fields = cast("dict[str, Any]", error)
    try:
        reason = str(fields["errors"][0]["reason"])
    except (KeyError, IndexError, TypeError):
        reason = ""  # newer error bodies have `status` in place of the list
    return str(fields.get("message", "")), reason or str(fields.get("status", ""))
