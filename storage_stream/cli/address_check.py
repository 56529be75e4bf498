"""Whether an address can be reached, what its certificate is, and what time it has.

It speaks the least HTTP there is over a connection of its own, so that what is wrong can be told
apart: the name, the connection, TLS, the clock. It knows nothing of the service.
"""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

__all__ = ["AddressCheck", "UnreachableError", "check_address"]

_SECONDS = 10.0


class UnreachableError(Exception):
    """The address does not answer; the message says at which step, and what to do."""


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """What was found.

    Attributes:
        tls: The version of TLS, or None for plain HTTP.
        expires: When the certificate expires, or None.
        skew_seconds: How far our clock is ahead of the server's, or None where it tells no time.
        seconds: How long connecting and the answer took.
    """

    tls: str | None
    expires: datetime | None
    skew_seconds: float | None
    seconds: float


async def check_address(root: str) -> AddressCheck:
    """Connect, and ask for the time.

    Args:
        root: `https://host` or `http://host:port`.

    Raises:
        UnreachableError: Something is wrong on the way.
    """
    parts = urlsplit(root if "://" in root else f"http://{root}")
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=secure)
            try:
                tls, expires = _tls_of(writer)
                date = await _date(reader, writer, parts.netloc)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise UnreachableError(
            f"{host} did not answer in {_SECONDS:.0f} s. Is there a firewall, or a proxy to name?"
        ) from None
    except socket.gaierror as error:
        raise UnreachableError(
            f"the name {host} cannot be resolved: {error.strerror}. Check the network and DNS."
        ) from None
    except ssl.SSLError as error:
        raise UnreachableError(
            f"TLS with {host} failed: {error.reason}. Is its authority known (SSL_CERT_FILE)?"
        ) from None
    except OSError as error:
        raise UnreachableError(
            f"{host}:{port} cannot be reached: {error.strerror or error}. Is it running?"
        ) from None
    skew = None if date is None else (datetime.now(UTC) - date).total_seconds()
    return AddressCheck(tls, expires, skew, loop.time() - begun)


def _tls_of(writer: asyncio.StreamWriter) -> tuple[str | None, datetime | None]:
    secured = writer.get_extra_info("ssl_object")
    if secured is None:
        return None, None
    until = secured.getpeercert().get("notAfter")
    expires = (
        None if until is None else datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
    )
    return secured.version(), expires


async def _date(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
) -> datetime | None:
    """The server's time by the `Date` of its answer, whatever it answers."""
    writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"))
    while line := (await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "date":
            with contextlib.suppress(ValueError):
                return parsedate_to_datetime(value.strip())
    return None
