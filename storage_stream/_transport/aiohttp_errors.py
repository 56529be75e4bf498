"""What aiohttp raises, as errors of ours. Messages name no URL, and quote no bytes."""

from __future__ import annotations

import aiohttp

from storage_stream._protocol.replies import without_secrets
from storage_stream._transport.lean.tls import untrusted
from storage_stream.errors import (
    ClientClosed,
    ConnectFailed,
    ConnectionLost,
    ProtocolError,
    StorageError,
)

__all__ = ["translated"]


def translated(error: Exception, *, closed: bool) -> StorageError:
    """A foreign exception as one of ours. Messages name no URL."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return untrusted(error.host, error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return ConnectFailed(str(error))
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolError(f"the answer is no HTTP: {_what(error.message)}")
    if closed and isinstance(error, RuntimeError | aiohttp.ClientConnectionError):
        return ClientClosed("the client is closed")
    return ConnectionLost(_what(str(error)) or type(error).__name__)


def _what(message: str) -> str:
    """What a parser complains of: its first line, not the bytes it quotes, an object's perhaps."""
    return without_secrets(message.partition("\n")[0].rstrip(" :"))
