"""Where the service is: Google's, an emulator's, or one of the caller's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from storage_stream._transport.sender import is_loopback
from storage_stream.errors import InvalidArgument

__all__ = ["Endpoint"]

_GOOGLE = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The service's address.

    Attributes:
        root: Scheme, host and port (and a path, if there is one), without a slash at the end.
        is_emulator: Whether it asks for no credentials.
    """

    root: str
    is_emulator: bool

    @classmethod
    def of(cls, api_root: str | None, is_emulator: bool | None) -> Endpoint:  # noqa: FBT001 - one caller
        """The address for what a caller said, else what `STORAGE_EMULATOR_HOST` says, else Google.

        An address without a scheme is http's, as emulators' are written everywhere
        (`localhost:4443`); but one of one's own that is neither an emulator's nor this machine's
        has to say it: left out, it would most likely be meant as https.

        An address of one's own is no reason to drop credentials or TLS checks: a proxy, a private
        endpoint and a typing error have one too. Only an emulator's is, and who has one says so,
        by the environment or by `is_emulator=True`.

        Raises:
            InvalidArgument: It is no http or https address.
        """
        from_environment = os.environ.get("STORAGE_EMULATOR_HOST")
        if api_root:
            root = _checked(api_root)
            if "://" not in api_root and not is_emulator and not _is_here(root):
                raise InvalidArgument(f"the API's address lacks its scheme: https://{api_root}")
            return cls(root, is_emulator=bool(is_emulator))
        if from_environment:
            return cls(_checked(from_environment), is_emulator=is_emulator is not False)
        return cls(_GOOGLE, is_emulator=bool(is_emulator))


def _is_here(root: str) -> bool:
    return is_loopback(urlsplit(root).hostname)


def _checked(address: str) -> str:
    root = (address if "://" in address else f"http://{address}").rstrip("/")
    try:
        parts = urlsplit(root)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not root.isprintable() or any(character in root for character in " ?#@"):
        raise InvalidArgument("the API's address has to be like https://host or http://host:port")
    return root
