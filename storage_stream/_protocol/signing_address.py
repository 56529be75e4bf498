"""Where a signed URL or form leads: the host, and how the bucket stands in it.

Three styles, https://cloud.google.com/storage/docs/request-endpoints. It refuses to know which
host a client talks to by default, and what is signed.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from urllib.parse import quote

from storage_stream.errors import InvalidArgument

__all__ = ["SigningAddress", "UrlStyle"]

_ADDRESS = re.compile(
    r"(?:(https?)://)?"  # a scheme
    r"((?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)"  # host or IPv6 literal, and a port
    r"/?",
    re.IGNORECASE | re.ASCII,
)
_PORT = re.compile(r":[0-9]+\Z")
_IP_LITERAL = re.compile(r"\[.*\]|[0-9.]+")


class UrlStyle(enum.Enum):
    """Where the bucket stands in a URL."""

    PATH = "https://host/bucket/name"
    VIRTUAL_HOSTED = "https://bucket.host/name"
    BUCKET_BOUND = "https://a-host-of-the-bucket's-own/name"


@dataclass(frozen=True, slots=True)
class SigningAddress:
    """The first part of a URL, without the object.

    Attributes:
        scheme: `https` or `http`.
        authority: Host, in small letters, with the port if there is one. For
            `UrlStyle.BUCKET_BOUND` the bucket's own host.
        style: Where the bucket stands.
    """

    scheme: str = "https"
    authority: str = "storage.googleapis.com"
    style: UrlStyle = UrlStyle.PATH

    @classmethod
    def of(
        cls, address: str, style: UrlStyle = UrlStyle.PATH, *, scheme: str = "https"
    ) -> SigningAddress:
        """The address that a text says: `host`, `host:port` or `scheme://host:port`.

        Args:
            address: The text. It has no path: the service must see the path that is signed.
            style: Where the bucket stands.
            scheme: For a text that says none.

        Raises:
            InvalidArgument: It is no such text, or a bucket is to stand before an IP address.
        """
        match = _ADDRESS.fullmatch(address)
        chosen = ((match and match[1]) or scheme).lower()
        if match is None or chosen not in {"http", "https"}:
            raise InvalidArgument(
                "a host to sign for has to be like host, host:port or https://host:port"
            )
        made = cls(chosen, match[2].lower(), style)
        if style is UrlStyle.VIRTUAL_HOSTED and _IP_LITERAL.fullmatch(_without_port(made)):
            raise InvalidArgument(f"no bucket can stand before the IP address {made.authority}")
        return made

    def origin(self, bucket: str) -> str:
        """Scheme and authority of this bucket's URLs."""
        return f"{self.scheme}://{self._before(bucket)}{self.authority}"

    def host(self, bucket: str) -> str:
        """The `host` header that is signed: without the port, by the service's own examples."""
        return self._before(bucket) + _without_port(self)

    def path(self, bucket: str, name: str | None) -> str:
        """The percent-encoded path of an object, or of the bucket where the name is None.

        Slashes stay, also several in a row: the service does not normalise paths.
        """
        in_bucket = "" if name is None else f"/{quote(name, safe='/')}"
        return f"/{bucket}{in_bucket}" if self.style is UrlStyle.PATH else in_bucket or "/"

    def form_url(self, bucket: str) -> str:
        """Where an HTML form for this bucket is sent."""
        return self.origin(bucket) + (f"/{bucket}/" if self.style is UrlStyle.PATH else "/")

    def _before(self, bucket: str) -> str:
        return f"{bucket}." if self.style is UrlStyle.VIRTUAL_HOSTED else ""


def _without_port(address: SigningAddress) -> str:
    return _PORT.sub("", address.authority)
