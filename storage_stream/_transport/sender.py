"""The one way to the service: authorization, repeats, refusals.

Every request of the client goes through here, so what is true of one is true of all: the token
is refreshed once when it is refused, `Retry-After` is honoured, only what may be repeated is, and
an error tells its method, its `gs://` name, its attempts and its time.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

from storage_stream._log import tell_failure, tell_repeat
from storage_stream._protocol.http import Headers, Reply, Request
from storage_stream._protocol.observed_call import ObservedCall
from storage_stream._protocol.replies import error_of, is_success
from storage_stream._protocol.retry import (
    RetryBudget,
    is_transient,
    never_sent,
    retry_after_seconds,
)
from storage_stream._transport.compat import as_client_response_error
from storage_stream._transport.credentials import Anonymous
from storage_stream._transport.observed_send import observed_send
from storage_stream._transport.stall import WatchedReply
from storage_stream.errors import InsecureTransport, ProtocolError, ResponseError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream._protocol.meter import Meter
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestOptions
    from storage_stream._transport.base import ReplyStream, Transport
    from storage_stream._transport.clock import Clock
    from storage_stream._transport.credentials import Credentials

__all__ = ["FirstAttempt", "Sender", "is_loopback"]

T = TypeVar("T")

_LONGEST_REFUSAL = 64 * 1024  # bytes of an error's body that are read
_LONGEST_REPLY = 256 * 1024 * 1024  # bytes; a page of 1,000 objects with full metadata is 10 MiB
_UNAUTHORIZED = 401
_KEY_HEADER = "x-goog-encryption-key"
_SECRET = frozenset({_KEY_HEADER, "x-goog-copy-source-encryption-key", "authorization"})
_PORTS = {"http": 80, "https": 443}


class FirstAttempt(Protocol):
    """What came of a request that was made before its operation was."""

    @property
    def begun(self) -> float:
        """When it was made, by the sender's clock."""
        ...

    def answer(self) -> ReplyStream:
        """The answer, unread.

        Raises:
            StorageError: There is none.
        """
        ...


class Sender:
    """Sends operations.

    Args:
        transport: Carries single requests.
        credentials: Give the tokens.
        root: Scheme and host of the service, without a slash at the end.
        clock: Where time comes from.
        random: Random numbers in [0, 1) for jitter.
        user_agent: What we call ourselves.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        *,
        root: str,
        clock: Clock,
        random: Callable[[], float],
        user_agent: str,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._has_credentials = type(credentials) is not Anonymous  # what derives from it may have
        self._root = root
        self._own_targets = ("/", f"{root}/")
        self._user_agent = user_agent
        parts = urlsplit(root)
        self._is_safe = parts.scheme == "https" or is_loopback(parts.hostname)
        self._own_lines: tuple[tuple[str, str], ...] = ()
        self._own_lines_of: tuple[str | None, str | None] | None = None  # token and project
        # Many requests in a row have the very same headers: those of the last one are kept.
        self._plain_headers = self._dressed_headers = Headers()
        self.clock = clock
        self.random = random

    def over(self, transport: Transport) -> Sender:
        """The same by way of another transport."""
        return Sender(
            transport,
            self._credentials,
            root=self._root,
            clock=self.clock,
            random=self.random,
            user_agent=self._user_agent,
        )

    async def send(
        self,
        operation: Operation[T],
        options: RequestOptions,
        asked: FirstAttempt | None = None,
    ) -> T:
        """Carry out an operation, with repeats where they are safe, and read its answer.

        Cancelling closes the connection; whether the service carried it out is then unknown.

        Args:
            operation: What to do.
            options: The caller's.
            asked: The first attempt, where it was made already.

        Raises:
            ResponseError: The service refused.
            TransportError: No answer, and no budget left.
            ProtocolError: The answer makes no sense.
        """
        operation = operation.with_options(options)
        budget = RetryBudget(options.retry)
        begun = self.clock.now() if asked is None else asked.begun
        while True:
            budget.attempts += 1
            try:
                reply = await self._exchange(operation, options, asked)
                return operation.parse(reply)
            except StorageError as error:
                if budget.attempts > 1 and operation.was_done(error):
                    return operation.parse_done()
                delay = self._delay(error, operation, options, budget)
                if delay is None:
                    raise self.enriched(error, operation, budget.attempts, begun) from None
                why = error
            asked = None
            await self.pause(delay, why, operation.subject, options.meter)

    async def pause(
        self, seconds: float, why: StorageError, subject: str, meter: Meter | None = None
    ) -> None:
        """Wait before another attempt, and say why there is one."""
        tell_failure(why, subject)
        tell_repeat(seconds, why, subject)
        if isinstance(meter, ObservedCall):
            meter.observation.waits(seconds, why)
        await self.clock.sleep(seconds)

    async def open(self, request: Request, options: RequestOptions) -> ReplyStream:
        """Send once, and hand out the answer with its body unread, whatever its status.

        A refused token is refreshed and the request sent once more.

        Raises:
            TransportError: No answer.
            CredentialsError: No token.
            InsecureTransport: It goes where its bytes or its keys do not belong.
        """
        is_ours = request.target.startswith(self._own_targets)
        if not is_ours:
            self._check_place(request)
        may_want = is_ours and self._has_credentials
        wants_token = may_want and request.headers.get("authorization") is None  # else it is his
        meter, timeout = options.meter, options.timeout
        for is_last in (False, True):
            token = await self._credentials.token(timeout) if wants_token else None
            dressed = self._dressed(request, token)
            if meter is None:
                reply = await self._transport.send(
                    dressed, timeout=timeout, session=options.session
                )
            else:
                reply = await self._metered_send(dressed, options, meter)
            status = reply.head.status
            if status != _UNAUTHORIZED or token is None or is_last:
                if reply.whole is not None:
                    return reply  # nobody will wait for it
                return WatchedReply(reply, self.clock, options.stall_timeout)
            reply.close()
            self._credentials.refused(token)
        raise AssertionError  # pragma: no cover - the second turn returns

    async def _metered_send(
        self, request: Request, options: RequestOptions, meter: Meter
    ) -> ReplyStream:
        meter.attempt()
        if isinstance(meter, ObservedCall):
            shown = self._shown(request.target)
            reply = await observed_send(
                self._transport, request, options, meter.observation.attempt(request.method, shown)
            )
        else:
            reply = await self._transport.send(
                request, timeout=options.timeout, session=options.session
            )
        meter.answered(reply.head.status)
        return reply

    async def refusal(self, reply: ReplyStream, request: Request, subject: str) -> ResponseError:
        """Read the body of a refusal, close it, and make the error it is."""
        try:
            body = await _read(reply, _LONGEST_REFUSAL, cut=True)
        except StorageError:
            body = b""  # the status says the most; its explanation broke off
        finally:
            reply.close()
        error = error_of(Reply(reply.head, body), method=request.method, subject=subject)
        return as_client_response_error(error, self._url(request.target))

    async def renew_token(self, timeout: float | None) -> bool:  # noqa: ASYNC109 - the name callers know it by
        """Have another token for the next request, where an answer says inside that this is none.

        Returns:
            Whether there was one of ours to be refused.

        Raises:
            CredentialsError: No token.
        """
        token = await self._credentials.token(timeout)
        if token is not None:
            self._credentials.refused(token)
        return token is not None

    def retry_after(self, error: StorageError) -> float | None:
        """Seconds that a refusal asks to wait."""
        if not isinstance(error, ResponseError):
            return None
        return retry_after_seconds(error.headers.get("retry-after"), self.clock.wall)

    def enriched(
        self, error: StorageError, operation: Operation[Any], attempts: int, begun: float
    ) -> StorageError:
        """The error with what it is about in its fields; a refusal is one of aiohttp's, too."""
        if isinstance(error, ResponseError):  # a machine makes pure ones, of a 200 to a range, say
            error = as_client_response_error(error, self._root + operation.path)
        error.method = error.method or operation.method
        error.subject = error.subject or operation.subject
        error.attempts = attempts
        error.elapsed = self.clock.now() - begun
        tell_failure(error, error.subject)
        return error

    async def _exchange(
        self, operation: Operation[Any], options: RequestOptions, asked: FirstAttempt | None
    ) -> Reply:
        request = operation.request
        reply = await self.open(request, options) if asked is None else asked.answer()
        try:
            if not is_success(reply.head.status):
                raise await self.refusal(reply, request, operation.subject)
            return Reply(reply.head, await _read(reply, _LONGEST_REPLY, cut=False))
        finally:
            reply.close()

    def _delay(
        self,
        error: StorageError,
        operation: Operation[Any],
        options: RequestOptions,
        budget: RetryBudget,
    ) -> float | None:
        repeatable = operation.is_idempotent or options.retry.always or never_sent(error)
        if not repeatable or not is_transient(error):
            return None
        return budget.after(self.random(), self.retry_after(error))

    def _check_place(self, request: Request) -> None:
        """Look where a service sends us on to elsewhere, as it does with a session's address.

        An object's bytes do not leave https (or this machine) for plain http elsewhere, and a
        customer's key goes to the service that the caller named, and to no other.

        Raises:
            InsecureTransport: They would.
        """
        place, root = urlsplit(request.target), urlsplit(self._root)
        if self._is_safe and place.scheme != "https" and not is_loopback(place.hostname):
            raise InsecureTransport("the service names an address of plain http elsewhere")
        has_key = _KEY_HEADER in request.headers
        if has_key and _origin(place) != _origin(root):
            raise InsecureTransport("an encryption key does not go to an address elsewhere")

    def check_part(self, headers: Headers) -> None:
        """Look at the headers of a request that stands in the body of another one.

        Raises:
            InsecureTransport: The caller's key or credentials in them would be read by others.
        """
        if not self._is_safe:
            self._check_private(headers)

    @staticmethod
    def _check_private(headers: Headers, *, has_token: bool = False) -> None:
        if has_token or not _SECRET.isdisjoint(name for name, _ in headers):
            raise InsecureTransport("credentials and keys do not travel over plain http")

    def _url(self, target: str) -> str:
        return self._root + target if target.startswith("/") else target

    def _shown(self, url: str) -> str:
        """What of an address may be told: its query may name a session, its path elsewhere too."""
        if url.startswith(self._own_targets):
            return url.partition("?")[0]
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"

    def _dressed(self, request: Request, token: str | None) -> Request:
        """The request as a whole, with our lines; a caller's own stay in their place.

        Raises:
            InsecureTransport: The token, a key or the caller's own would be read by others.
        """
        if not self._is_safe:
            self._check_private(request.headers, has_token=token is not None)
        project = None if token is None else self._credentials.quota_project
        if self._own_lines_of != (token, project):
            self._own_lines = self._lines(token, project)
            self._own_lines_of = (token, project)
            self._plain_headers = self._dressed_headers = Headers()
        if request.headers is not self._plain_headers:
            self._dressed_headers = self._with_own_lines(request.headers)
            self._plain_headers = request.headers
        method, target, _, body, buffer_bytes = request
        url = self._root + target if target.startswith("/") else target
        return Request(method, url, self._dressed_headers, body, buffer_bytes)

    def _with_own_lines(self, headers: Headers) -> Headers:
        own = self._own_lines
        if "user-agent" in headers or "x-goog-user-project" in headers:
            own = tuple(line for line in own if line[0] not in headers)
        return headers.followed_by(own)

    def _lines(self, token: str | None, project: str | None) -> tuple[tuple[str, str], ...]:
        lines = [("user-agent", self._user_agent)]
        if token is not None:
            lines.append(("authorization", f"Bearer {token}"))
        if project is not None:
            lines.append(("x-goog-user-project", project))
        return tuple(lines)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine by its name: a prefix is not enough, `127.evil.org` is not."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def _read(reply: ReplyStream, limit: int, *, cut: bool) -> bytes:
    """The whole body of an answer that is not an object's bytes."""
    pieces: list[bytes] = []
    room = limit
    while piece := await reply.read_piece():
        pieces.append(bytes(piece))
        room -= len(piece)
        if room < 0:
            if cut:
                break
            raise ProtocolError(f"the answer is longer than {limit} bytes")
    return b"".join(pieces)[:limit]
