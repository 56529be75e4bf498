"""Credentials of google-auth as a token source: what gcloud-aio-auth does not know.

Workload identity from AWS, Azure or an executable, workforce identity, X.509 certificates: all
that `google.auth` can make credentials of. What they do blocks, so it runs in a thread.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, cast

from storage_stream.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

    Signed URLs are signed as the account that the credentials are: by a key they hold, or, where
    they impersonate an account, by whom they are behind it (one request, of google-auth's own).

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
        # Only where they can: what has the method is asked to sign.
        if callable(getattr(credentials, "sign_bytes", None)):
            self.sign_bytes = self._sign_bytes

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
            found: Any = await _in_thread(lambda: google_auth.default(scopes=list(scopes)))
        except google_auth.exceptions.DefaultCredentialsError as error:
            raise CredentialsError("google-auth finds no credentials here") from error
        return cls(found[0], request)

    @property
    def quota_project_id(self) -> str | None:
        """The project whose quota requests count against, where the credentials name one."""
        project: str | None = getattr(self._credentials, "quota_project_id", None)
        return project

    @property
    def service_account_email(self) -> str | None:
        """The account that the credentials are, or impersonate; None where they do not say."""
        for name in ("signer_email", "service_account_email"):
            email = getattr(self._credentials, name, None)
            if isinstance(email, str) and "@" in email:  # a machine's are "default" at first
                return email
        return None

    @property
    def kind(self) -> str:
        """What google-auth calls the credentials."""
        held: type[object] = type(cast("object", self._credentials))
        return f"{held.__module__}.{held.__qualname__}"

    @property
    def runs_as_machine(self) -> bool:
        """Whether the credentials are those of the machine on Google Cloud that this runs on."""
        return type(self._credentials).__module__.startswith("google.auth.compute_engine")

    @property
    def signs_at_hand(self) -> bool:
        """Whether the credentials sign without a request: not as one that they impersonate."""
        signer = getattr(self._credentials, "signer", None)
        asks = signer is self._credentials or type(signer).__module__ == "google.auth.iam"
        return signer is not None and not asks

    async def get(self) -> str | None:
        """A token that is valid now; None of `AnonymousCredentials`.

        Cancelling does not wait for a refresh that is under way; its token serves the next.

        Raises:
            CredentialsError: A refresh gave no token, or ended without a word.
            google.auth.exceptions.GoogleAuthError: It cannot be refreshed.
            ConnectionError: Who gives the tokens was not reached.
        """
        held = self._credentials
        if held.valid and not self._is_refused():
            return _text(held.token)
        await self._refresh()
        self._refused = None
        token = _text(held.token)
        if not token:
            raise CredentialsError(f"google-auth refreshed {self.kind}, and that gave no token")
        return token

    def refused(self, token: str) -> None:
        """The service did not accept this token: refresh, however long it were still to live."""
        self._refused = token

    def _is_refused(self) -> bool:
        return self._refused is not None and _text(self._credentials.token) == self._refused

    async def _refresh(self) -> None:
        exceptions: Any = importlib.import_module("google.auth.exceptions")
        try:
            await _in_thread(lambda: self._credentials.refresh(self._request))
        except exceptions.GoogleAuthError as error:
            unreached = exceptions.TransportError
            # It calls these final, too; but the network comes back.
            if isinstance(error, unreached) or isinstance(error.__cause__, unreached):
                raise ConnectionError(f"{type(error).__name__}: {error}") from error
            raise

    async def _sign_bytes(self, data: bytes) -> bytes:
        """The RSASSA-PKCS1-v1_5 signature with SHA-256 of the account."""
        signature: bytes = await _in_thread(lambda: self._credentials.sign_bytes(data))
        return signature


def _text(token: Any) -> str | None:
    """A token as text; some credentials hold bytes."""
    text: str | None = token.decode("latin-1") if isinstance(token, bytes) else token
    return text


async def _in_thread(work: Callable[[], Any]) -> Any:
    """What the work gives or raises.

    A thread cannot hand over all that it raises: a `StopIteration` would never arrive, and a
    `SystemExit` would end the loop.

    Raises:
        CredentialsError: It raised one of these.
    """
    failures: list[BaseException] = []

    def watched() -> Any:
        try:
            return work()
        except BaseException as failure:  # noqa: BLE001 - raised below, in the loop
            failures.append(failure)
            return None

    result = await asyncio.to_thread(watched)
    for failure in failures:
        if isinstance(failure, Exception) and not isinstance(failure, StopIteration):
            raise failure
        raise CredentialsError(f"google-auth ended with {type(failure).__name__}") from failure
    return result


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
