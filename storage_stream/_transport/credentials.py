"""Access tokens: who gives them, one refresh for all who wait, a new one when one is refused.

gcloud-aio-auth's `Token.get()` lets all callers wait on one task without a shield, so that one
caller's timeout cancels everybody's; it repeats any failure for minutes; and it cannot be told
that a token was refused. `SharedToken` asks its `refresh()` instead and does these three itself.
Any other object with an async `get()` serves too.
"""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any, Protocol

from storage_stream._cancellation import is_being_cancelled
from storage_stream._log import log, tell_repeat
from storage_stream._protocol.replies import without_secrets
from storage_stream._protocol.retry import RetryBudget, RetryPolicy
from storage_stream._transport.service_file import read_service_file
from storage_stream.errors import ClientClosed, CredentialsError, TokenTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._transport.clock import Clock

__all__ = [
    "SCOPES",
    "Anonymous",
    "Credentials",
    "SharedToken",
    "TokenSource",
    "check_token_source",
    "default_token",
]

# Objects, buckets and who may use them; and IAM, which signs where there is no key at hand.
SCOPES = [
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/iam",
]


_REFRESH = RetryPolicy(retries=3, initial_delay=0.5, max_delay=4.0)
_REFRESH_TIMEOUT = 10  # seconds for one request to the token endpoint
_PREFETCH_AT = 0.75  # of a token's life: a new one is fetched behind the caller's back
_EXPIRES_AT = 0.95  # of a token's life: not used any more


def default_token(service_file: Any, session: Any) -> Any:
    """A gcloud-aio-auth token: a service account's file, or what the environment offers.

    Args:
        service_file: A path or an open file; None looks where Google's own libraries look.
        session: The `aiohttp.ClientSession` it asks through, or None for one of its own.

    Raises:
        CredentialsError: The file cannot be used.
    """
    # Loads cryptography and more, and takes longer than all the rest of a program's start.
    from gcloud.aio.auth import Token  # noqa: PLC0415

    fields = read_service_file(service_file)
    try:
        # What was read and found good, and not the file once more: it may be a pipe.
        file = io.StringIO(json.dumps(fields)) if fields else None
        return Token(service_file=file, session=session, scopes=list(SCOPES))
    except Exception as error:  # what the user's own default file lacks, too
        why = without_secrets(f"{type(error).__name__}: {error}")
        raise CredentialsError(f"the credentials cannot be used: {why}") from error


class TokenSource(Protocol):
    """What `Storage(token=…)` takes: `gcloud.aio.auth.Token`, or anything with this method.

    Four more are used where a source has them: `refused(token)` is told of a token that the
    service did not accept, `quota_project_id` is the project that requests count against,
    `service_account_email` the account that it is, and `async sign_bytes(data)` signs as that
    account (else IAM is asked to).
    """

    async def get(self) -> str | None:
        """A valid access token, or None to send none.

        Raises:
            CredentialsError: There is none to be had; asking again is of no use.
            Exception: What may pass by itself: it is asked again, a few times.
        """
        ...


def check_token_source(source: Any) -> None:
    """Refuse what cannot be asked for a token, before anything is sent.

    Raises:
        TypeError: It cannot.
    """
    if source is None or callable(getattr(source, "get", None)):
        return
    kind = type(source).__name__
    if callable(getattr(source, "before_request", None)):  # google-auth's have this
        raise TypeError(
            f"token takes an object with an async get(); wrap google-auth's {kind}: "
            "token=storage_stream.integrations.google_auth.GoogleAuthToken(credentials)"
        )
    raise TypeError(f"token takes an object with an async get(), not {kind}")


class Credentials(Protocol):
    """What the sender asks."""

    @property
    def quota_project(self) -> str | None:
        """The project whose quota requests count against, where credentials name one."""
        ...

    async def token(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109 - the request's
        """A token for the Authorization header, or None to send none.

        Args:
            timeout: Seconds to wait for it; None for as long as it takes.

        Raises:
            CredentialsError: There is none to be had.
            TokenTimeout: It takes longer; the refresh goes on for the next request.
        """
        ...

    def refused(self, token: str) -> None:
        """The service did not accept this token."""
        ...

    async def close(self) -> None:
        """End what goes on in the background."""
        ...


class Anonymous:
    """No credentials: public objects, and emulators."""

    quota_project: str | None = None

    async def token(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109, ARG002 - see there
        """See `Credentials.token`."""
        return None

    def refused(self, token: str) -> None:
        """See `Credentials.refused`."""

    async def close(self) -> None:
        """See `Credentials.close`."""


class SharedToken:
    """One token for all requests, refreshed once for all that wait.

    A caller that is cancelled or runs out of time leaves the refresh going for the others.

    Args:
        source: Gives the tokens, or makes what does, at the first use.
        clock: Where time comes from.
        random: Random numbers in [0, 1) for the waits between attempts.
    """

    def __init__(
        self, source: Callable[[], TokenSource], clock: Clock, random: Callable[[], float]
    ) -> None:
        self._make_source = source
        self._clock = clock
        self._random = random
        self._value: str | None = None
        self._prefetch_at = 0.0
        self._expires_at = 0.0
        self._flight: asyncio.Task[str | None] | None = None
        self._is_closed = False
        self.quota_project: str | None = None

    async def token(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109 - see there
        """See `Credentials.token`. Cancelling leaves the refresh to the others that wait.

        Raises:
            ClientClosed: `close` was called, before or meanwhile.
        """
        if self._is_closed:
            raise ClientClosed("the client is closed")
        now = self._clock.now()
        if self._value is not None and now < self._expires_at:
            if now >= self._prefetch_at:
                self._take_off()
            return self._value
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._take_off())
        except TimeoutError as error:
            raise TokenTimeout(f"no access token within {timeout} s") from error
        except CredentialsError as error:
            # One for each that waits: the sender writes into it what it was about.
            raise CredentialsError(error.message) from error.__cause__
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            raise ClientClosed("the client was closed") from None

    def refused(self, token: str) -> None:
        """See `Credentials.refused`; a token that was replaced meanwhile stays.

        A source that has a `refused` of its own is told, so that it does not give it again.
        """
        if token == self._value:
            self._value = None
            tell = getattr(self._make_source(), "refused", None)
            if callable(tell):
                tell(token)

    async def close(self) -> None:
        """See `Credentials.close`. Those that wait for a token get `ClientClosed`."""
        self._is_closed = True
        flight, self._flight = self._flight, None
        if flight is not None and not flight.done():
            flight.cancel()
            await asyncio.wait([flight])

    def _take_off(self) -> asyncio.Task[str | None]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._refresh(), name="storage_stream token refresh")
            self._flight.add_done_callback(_note_failure)
        return self._flight

    async def _refresh(self) -> str | None:
        budget = RetryBudget(_REFRESH)
        while True:
            source: Any = None
            try:
                source = self._make_source()
                value, lifetime = await _ask(source)
                _check(value)
            except asyncio.CancelledError:
                if is_being_cancelled():
                    raise
                raise CredentialsError("the token's source was cancelled by somebody") from None
            except CredentialsError as error:  # it says itself what is wrong, and what to do
                raise CredentialsError(without_secrets(error.message)) from error.__cause__
            except Exception as error:
                delay = None if _is_permanent(error) else budget.after(self._random())
                why = without_secrets(f"{type(error).__name__}: {error}")
                if delay is None:
                    raise CredentialsError(
                        f"no access token could be had: {why}{_hint(source)}"
                    ) from error
                tell_repeat(delay, f"no access token could be had: {why}", "credentials")
                await self._clock.sleep(delay)
            else:
                now = self._clock.now()
                self._value = value
                self.quota_project = _quota_project(source)
                self._prefetch_at = now + lifetime * _PREFETCH_AT
                self._expires_at = now + lifetime * _EXPIRES_AT
                return value


def _hint(source: Any) -> str:
    """What to do where nothing names any credentials, and the machine has none either."""
    if getattr(source, "service_data", None) != {}:
        return ""
    return (
        ". Name a key with service_file=, log in with `gcloud auth application-default login`,"
        " pass anonymous=True for public objects, or set STORAGE_EMULATOR_HOST for an emulator"
    )


async def _ask(source: TokenSource) -> tuple[str | None, float]:
    """A token and how many seconds it lives; 0 where the source keeps count itself."""
    get = getattr(type(source), "get", None)
    if getattr(get, "__module__", "") == "gcloud.aio.auth.token":
        gcloud_token: Any = source  # unless a subclass has its own ideas of get()
        answer = await gcloud_token.refresh(timeout=_REFRESH_TIMEOUT)
        return str(answer.value), float(answer.expires_in)
    return await source.get(), 0.0


def _check(token: Any) -> None:
    """Whether it can stand in a header; the message does not hold it."""
    if token is None:
        return
    if not isinstance(token, str):
        raise CredentialsError(f"the token's source gave {type(token).__name__}, not str")
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError("the token's source gave what is no token: empty, or not one word")


def _quota_project(source: Any) -> str | None:
    """What a source says, or the file that a gcloud-aio-auth token was made of."""
    in_file: dict[str, Any] = getattr(source, "service_data", None) or {}
    project: str | None = getattr(source, "quota_project_id", None)
    return project or in_file.get("quota_project_id")


def _is_permanent(error: Exception) -> bool:
    """Whether asking again is of no use: the endpoint said no, or the set-up is wrong."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return 400 <= status < 500 and status not in {408, 429}  # noqa: PLR2004 - a status of HTTP
    if getattr(error, "retryable", None) is False:  # as google-auth's errors say of themselves
        return True
    return isinstance(error, ValueError | KeyError | TypeError | FileNotFoundError)


def _note_failure(flight: asyncio.Task[str | None]) -> None:
    """Read the outcome, so that a refresh nobody waited for does not fail unheard."""
    if not flight.cancelled() and flight.exception() is not None:
        log.debug("token refresh failed: %s", flight.exception())
