"""Credentials of google-auth as a token source: what gcloud-aio-auth does not know.

Workload identity from AWS, Azure or an executable, workforce identity, X.509 certificates: all
that `google.auth` can make credentials of. Its refreshes block, so they run in a thread.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from storage_stream.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GoogleAuthToken"]

_SCOPES = (
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/iam",
)


class GoogleAuthToken:
    """Gives `Storage(token=…)` the tokens of any google-auth credentials.

        import google.auth
        credentials, project = google.auth.default(scopes=[...])
        storage = Storage(token=GoogleAuthToken(credentials))

    Args:
        credentials: A `google.auth.credentials.Credentials`, with the scopes it needs.
        request: What it refreshes by; None for google-auth's on `requests`.

    Raises:
        CredentialsError: google-auth is not installed.
    """

    def __init__(self, credentials: Any, request: Any = None) -> None:
        self._credentials = credentials
        self._request = _default_request() if request is None else request
        self._refused: str | None = None

    @classmethod
    async def default(cls, scopes: Sequence[str] = _SCOPES) -> GoogleAuthToken:
        """What google-auth finds in this environment (Application Default Credentials).

        Looking may ask the machine's metadata server; it happens in a thread.

        Raises:
            CredentialsError: It finds none, or is not installed.
        """
        request = _default_request()
        # An extra: its absence is told in a sentence by the line above.
        google_auth: Any = importlib.import_module("google.auth")
        try:
            found: Any = await asyncio.to_thread(google_auth.default, scopes=list(scopes))
        except google_auth.exceptions.DefaultCredentialsError as error:
            raise CredentialsError("google-auth finds no credentials here") from error
        return cls(found[0], request)

    @property
    def quota_project_id(self) -> str | None:
        """The project whose quota requests count against, where the credentials name one."""
        project: str | None = getattr(self._credentials, "quota_project_id", None)
        return project

    async def get(self) -> str | None:
        """A token that is valid now.

        Raises:
            google.auth.exceptions.GoogleAuthError: It cannot be refreshed.
        """
        held = self._credentials
        if not held.valid or held.token == self._refused:
            await asyncio.to_thread(held.refresh, self._request)
            self._refused = None
        token: str | None = held.token
        return token

    def refused(self, token: str) -> None:
        """The service did not accept this token: refresh, however long it were still to live."""
        self._refused = token


def _default_request() -> Any:
    try:
        # An extra; importing it is what tells whether it is there.
        from google.auth.transport.requests import Request  # noqa: PLC0415
    except ModuleNotFoundError:
        raise CredentialsError(
            "google-auth is missing: install storage-stream[google-auth]"
        ) from None
    request: Any = Request()
    return request
