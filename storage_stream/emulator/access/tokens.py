"""Bearer tokens: made by the emulator's own token endpoint, judged at every request.

Play, not security: whoever asks gets a token, because nothing here is worth guarding; what is
guarded is that a client sends a token, sends the right one, and asks for a new one in time.
https://www.rfc-editor.org/rfc/rfc6749#section-5
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from storage_stream.emulator.operations import operation, operation_of

DEFAULT_LIFETIME_SECONDS = 3600.0
"""What Google's token endpoint gives."""

OAUTH_OPERATION = "oauth2.token"
"""What faults and the log call the token endpoint; Google's discovery document does not know it."""

_NEEDED_FIELDS = {
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "assertion",
    "refresh_token": "refresh_token",
    "client_credentials": None,
}


class TokenBook:
    """The tokens that were made and still count.

    Args:
        lifetime: seconds until a token expires.
        required: whether requests have to carry one. A token that is shown is judged only then.
        now: a clock in seconds.
    """

    def __init__(
        self,
        lifetime: float = DEFAULT_LIFETIME_SECONDS,
        *,
        required: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lifetime = lifetime
        self.required = required
        self._now = now
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """Make a token that counts from now on for `lifetime` seconds."""
        now = self._now()
        self._ends = {token: end for token, end in self._ends.items() if end > now}
        token = f"emulator.{secrets.token_urlsafe(32)}"
        self._ends[token] = now + self.lifetime
        return token

    def expire_all(self) -> None:
        """Let every token that was made so far count no more."""
        self._ends.clear()

    def accepts(self, token: str) -> bool:
        """Whether `token` was made here and counts now."""
        return self._ends.get(token, 0.0) > self._now()

    def problem_of(self, request: web.Request) -> str | None:
        """Why the request may not pass; None if it may.

        The URI of a resumable session stands for a token: it is unguessable. A form carries a
        policy, which its handler judges.
        https://cloud.google.com/storage/docs/resumable-uploads#session-uris
        """
        if not self.required or operation_of(request) == OAUTH_OPERATION:
            return None
        given = request.headers.get("Authorization")
        if given is None:
            stands_for_one = "upload_id" in request.query or _is_form(request)
            return None if stands_for_one else "Login Required."
        scheme, _, token = given.partition(" ")
        accepted = scheme.lower() == "bearer" and self.accepts(token.strip())
        return None if accepted else "Invalid Credentials"


def _is_form(request: web.Request) -> bool:
    return request.method == "POST" and request.content_type == "multipart/form-data"


def token_route(tokens: TokenBook) -> web.RouteDef:
    """`POST /token`: the OAuth form in, a token out."""

    @operation(OAUTH_OPERATION)
    async def give_token(request: web.Request) -> web.Response:
        form = await request.post()
        grant = form.get("grant_type")
        if not isinstance(grant, str) or grant not in _NEEDED_FIELDS:
            return _refused("unsupported_grant_type", f"grant_type is {grant!r}")
        needed = _NEEDED_FIELDS[grant]
        if needed is not None and not form.get(needed):
            return _refused("invalid_request", f"{needed} is missing")
        answer = {
            "access_token": tokens.issue(),
            "expires_in": max(1, round(tokens.lifetime)),
            "token_type": "Bearer",
        }
        return _answer(200, answer)

    return web.post("/token", give_token)


def _refused(error: str, description: str) -> web.Response:
    return _answer(400, {"error": error, "error_description": description})


def _answer(status: int, content: dict[str, Any]) -> web.Response:
    # A token must not be kept by caches (RFC 6749, 5.1).
    answer = web.json_response(content, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
