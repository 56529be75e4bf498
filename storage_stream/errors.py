"""The errors of this library in one tree; what a pipeline says about its data is beside it.

    StorageError
    ├── UsageError               the call itself is wrong; nothing was sent
    │   ├── InvalidName          (ValueError)      a name the service cannot hold
    │   ├── InvalidArgument      (ValueError)      a negative range, a chunk size of zero, …
    │   ├── ClientClosed         (RuntimeError)    the Storage was closed
    │   ├── StreamClosed         (ValueError)      the stream was closed, or its block was left
    │   ├── StreamNotOpen        (AttributeError)  a download was used before it was opened
    │   └── InsecureTransport    (ValueError)      credentials over plain http to another machine
    ├── CredentialsError         no access token could be had
    ├── TransportError           no trustworthy answer arrived
    │   ├── ConnectFailed        the connection was never made: the request did not go out
    │   │   └── UntrustedCertificate               nobody vouches for who answers there
    │   ├── ConnectionLost       the connection broke; the request may have been carried out
    │   └── RequestTimeout       (TimeoutError)    no first byte within `timeout`
    │       └── TokenTimeout                       not even an access token: nothing went out
    ├── ResponseError            the service refused; also an `aiohttp.ClientResponseError`
    │   ├── NotModified 304 · BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404
    │   ├── Conflict 409 · Gone 410 · PreconditionFailed 412 · RangeNotSatisfiable 416
    │   └── TooManyRequests 429 · ServerError 5xx
    ├── ProtocolError            the answer contradicts HTTP or the service's documentation
    └── TransferError            the bytes of an object did not arrive whole
        ├── TruncatedStream      the body ended before its length
        ├── TransferStalled      (TimeoutError)    fewer bytes per second than the minimum
        ├── ObjectChanged        the object was overwritten or deleted while it was read
        ├── SessionExpired       the resumable upload is gone and the source cannot begin anew
        ├── IntegrityError       the checksum of what arrived is not the one the service keeps
        ├── TooManyBytesError    (ValueError)      more came than the caller allowed
        └── ContentDecodingError (ValueError)      the stored gzip cannot be decompressed
            ├── GzipFormatError                    it is damaged, or not gzip
            └── TruncatedGzipError   (EOFError)    it ends inside a member

`storage_stream.pipeline` adds `PipelineError` (a line too long, a line that is no JSON, a stage
read after its end), which is a `StorageError` and a `ValueError`.

Errors carry fields, not prose to be parsed: `method`, `subject` (a `gs://` name), `status`,
`reason`, `attempts`, `elapsed`. No message holds a token, a key, a query or a signed URL: URLs
are named by what they mean (`gs://bucket/name`), never printed.

This module knows nothing of sockets; the HTTP library's own exceptions are translated at the
transport's border.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BadRequest",
    "ClientClosed",
    "Conflict",
    "ConnectFailed",
    "ConnectionLost",
    "ContentDecodingError",
    "CredentialsError",
    "Forbidden",
    "Gone",
    "GzipFormatError",
    "InsecureTransport",
    "IntegrityError",
    "InvalidArgument",
    "InvalidName",
    "NotFound",
    "NotModified",
    "ObjectChanged",
    "PreconditionFailed",
    "ProtocolError",
    "RangeNotSatisfiable",
    "RequestTimeout",
    "ResponseError",
    "ServerError",
    "SessionExpired",
    "StorageError",
    "StreamClosed",
    "StreamNotOpen",
    "TokenTimeout",
    "TooManyBytesError",
    "TooManyRequests",
    "TransferError",
    "TransferStalled",
    "TransportError",
    "TruncatedGzipError",
    "TruncatedStream",
    "Unauthorized",
    "UntrustedCertificate",
    "UsageError",
    "response_error_class",
]


def _rebuild(cls: type[StorageError], message: str, fields: dict[str, Any]) -> StorageError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(fields)
    return error


def _printable(name: str | None) -> str | None:
    """A name as a terminal can show it: without what would move its cursor."""
    if name is None or name.isprintable():
        return name
    shown = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)
    return "".join(shown)


class StorageError(Exception):
    """The root: `except StorageError` catches all that this library raises by itself.

    Attributes:
        message: What went wrong, in a sentence.
        method: The HTTP method, or None when nothing was sent.
        subject: What it was about, as a `gs://` name, or None.
        attempts: How many requests were made for it, or None when that was not counted.
        elapsed: Seconds from the first request to this error, or None.
        state: Where an upload or a copy stood, for `Storage.resume_upload` or `resume_copy`, or
            None. JSON can hold it. An upload's names its session: who has it can write to the
            object.
    """

    def __init__(
        self, message: str, *, method: str | None = None, subject: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.method = method
        self.subject = subject
        self.attempts: int | None = None
        self.elapsed: float | None = None
        self.state: dict[str, Any] | None = None

    def __str__(self) -> str:
        where = " ".join(part for part in (self.method, _printable(self.subject)) if part)
        text = f"{where}: {self._what()}" if where else self._what()
        if self.attempts is not None and self.attempts > 1:
            text += f" (after {self.attempts} attempts"
            text += f" in {self.elapsed:.1f} s)" if self.elapsed is not None else ")"
        return text

    def _what(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes whole, whatever their constructor asks for."""
        return _rebuild, (type(self), self.message, self.__dict__.copy())


class UsageError(StorageError):
    """The call is wrong in itself; no request was made."""


class InvalidName(UsageError, ValueError):
    """A bucket or object name that the service cannot hold, or that no URL can carry."""


class InvalidArgument(UsageError, ValueError):
    """An argument out of its range."""


class ClientClosed(UsageError, RuntimeError):
    """The `Storage` was closed and makes no more requests."""


class StreamClosed(UsageError, ValueError):
    """The stream was closed, or the block that held it was left."""


class StreamNotOpen(UsageError, AttributeError):
    """A download was used before it was opened with `async with` or `await`."""


class InsecureTransport(UsageError, ValueError):
    """Credentials would travel unencrypted to another machine."""


class CredentialsError(StorageError):
    """No access token could be had."""


class TransportError(StorageError):
    """No trustworthy answer arrived."""


class ConnectFailed(TransportError):
    """The connection was never made, so the request was certainly not carried out."""


class UntrustedCertificate(ConnectFailed):
    """The server's certificate is not to be trusted, which no repeat would change."""


class ConnectionLost(TransportError):
    """The connection broke; what was asked may or may not have been carried out."""


class RequestTimeout(TransportError, TimeoutError):
    """The first byte of the answer did not arrive within `timeout` seconds."""


class TokenTimeout(RequestTimeout):
    """No access token came within `timeout` seconds, so the request did not go out."""


class ResponseError(StorageError):
    """The service answered, and refused.

    What is raised is also an `aiohttp.ClientResponseError`, so that handlers written for
    gcloud-aio-storage go on working.

    Attributes:
        status: The HTTP status.
        reason: The service's own short word (`conflict`, `notFound`, …), or the HTTP reason.
        headers: The answer's headers.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str = "",
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, method=method, subject=subject)
        self.status = status
        self.reason = reason
        self.headers: Any = {} if headers is None else headers

    def _what(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        return f"{self.status}{reason}: {self.message}"


class NotModified(ResponseError):
    """304: the object still is what the precondition named."""


class BadRequest(ResponseError):
    """400: the service does not accept the request as it is."""


class Unauthorized(ResponseError):
    """401: no valid credentials, also after one refresh."""


class Forbidden(ResponseError):
    """403: these credentials may not do that."""


class NotFound(ResponseError):
    """404: no such bucket, object or generation."""


class Conflict(ResponseError):
    """409: the bucket exists already, or is not empty."""


class Gone(ResponseError):
    """410: it was here, and is not any more."""


class PreconditionFailed(ResponseError):
    """412: the object is not in the state the precondition names."""


class RangeNotSatisfiable(ResponseError):
    """416: the range begins behind the end of the object."""


class TooManyRequests(ResponseError):
    """429: slow down."""


class ServerError(ResponseError):
    """5xx: the service failed."""


class ProtocolError(StorageError):
    """The answer contradicts HTTP or the service's documentation; it is not trusted."""


class TransferError(StorageError):
    """The bytes of an object did not arrive whole and unchanged."""


class TruncatedStream(TransferError):
    """The body ended before its length."""


class TransferStalled(TransferError, TimeoutError):
    """The body arrived more slowly than the minimum rate."""


class ObjectChanged(TransferError):
    """The object was overwritten or deleted while it was being read."""


class SessionExpired(TransferError):
    """The service does not know the resumable upload any more, and its bytes are gone here too."""


class IntegrityError(TransferError):
    """The checksum of the bytes is not the one the service keeps.

    Attributes:
        expected: The service's value, base64 as in `x-goog-hash`.
        actual: The value of the bytes that were transferred.
    """

    def __init__(
        self,
        message: str,
        *,
        expected: str,
        actual: str,
        method: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, method=method, subject=subject)
        self.expected = expected
        self.actual = actual


class ContentDecodingError(TransferError, ValueError):
    """Bytes that are to be gzip cannot be decompressed."""


class GzipFormatError(ContentDecodingError):
    """They are not gzip: a bad header, a broken body, a wrong CRC or trailing garbage.

    Attributes:
        byte_offset: An offset in the compressed bytes at or before the damage.
        reason: What the decompressor said.
    """

    def __init__(self, byte_offset: int, reason: str) -> None:
        super().__init__(f"not valid gzip after byte {byte_offset}: {reason}")
        self.byte_offset = byte_offset
        self.reason = reason


class TooManyBytesError(TransferError, ValueError):
    """More bytes came than the caller allowed.

    Attributes:
        max_bytes: The limit.
    """

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"more than {max_bytes} bytes came out")
        self.max_bytes = max_bytes


class TruncatedGzipError(ContentDecodingError, EOFError):
    """They end inside a gzip member, or there are none.

    Attributes:
        bytes_in: Compressed bytes that did arrive.
        bytes_out: Bytes that were decompressed from them, and delivered.
    """

    def __init__(self, bytes_in: int, bytes_out: int) -> None:
        super().__init__(f"gzip source ended early: after {bytes_in} bytes ({bytes_out} out)")
        self.bytes_in = bytes_in
        self.bytes_out = bytes_out


_CLASS_OF_STATUS: dict[int, type[ResponseError]] = {
    304: NotModified,
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    416: RangeNotSatisfiable,
    429: TooManyRequests,
}
_FIRST_SERVER_ERROR = 500


def response_error_class(status: int) -> type[ResponseError]:
    """The class for an HTTP status; the general `ResponseError` for one without its own."""
    if status >= _FIRST_SERVER_ERROR:
        return ServerError
    return _CLASS_OF_STATUS.get(status, ResponseError)
