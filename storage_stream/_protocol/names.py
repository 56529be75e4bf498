"""Names of buckets and objects: which are legal, and how they stand in a URL.

Rules: https://cloud.google.com/storage/docs/objects#naming and
https://cloud.google.com/storage/docs/request-endpoints#encoding. Bucket names are checked only
for what would break a URL; whether a bucket name is to the service's taste, the service says.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from storage_stream.errors import InvalidName

__all__ = ["check_bucket", "check_object", "gs_name", "quote_name", "quote_object"]

MAX_OBJECT_NAME_BYTES = 1024
_FORBIDDEN_IN_BUCKET = frozenset("/?#%\\ \t\r\n\0")
# Most names, told at a glance: small requests are made by the ten thousand.
_PLAIN_OBJECT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~/-]{0,1023}")
_ONLY_SLASHES_TO_QUOTE = re.compile(r"[A-Za-z0-9_.~/-]*")


def check_bucket(name: str) -> str:
    """The name, if a URL can carry it.

    Raises:
        InvalidName: It is not text, is empty, `.` or `..`, or holds a character that is in no
            bucket's name.
    """
    if not isinstance(name, str):
        raise InvalidName(f"a bucket name is text, not {type(name).__name__}")
    if not name:
        raise InvalidName("the bucket name is empty")
    if name in {".", ".."} or not name.isascii() or _FORBIDDEN_IN_BUCKET & set(name):
        raise InvalidName(f"{name!r} is not a bucket name")
    return name


def check_object(name: str) -> str:
    """The name, if the service can hold it: 1 to 1024 bytes of UTF-8 without CR and LF.

    Raises:
        InvalidName: It cannot.
    """
    if not isinstance(name, str):
        raise InvalidName(f"an object name is text, not {type(name).__name__}")
    if _PLAIN_OBJECT.fullmatch(name):
        return name
    if not name:
        raise InvalidName("the object name is empty")
    if name in {".", ".."}:
        raise InvalidName(f"{name!r} is not an object name: URLs take it for a folder step")
    if "\r" in name or "\n" in name:
        raise InvalidName(f"{name!r} is not an object name: it holds a line break")
    if name.startswith(".well-known/acme-challenge/"):
        raise InvalidName("object names cannot begin with .well-known/acme-challenge/")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName(f"{name!r} is not an object name: it has no UTF-8 form") from None
    if size > MAX_OBJECT_NAME_BYTES:
        raise InvalidName(f"an object name has {size} bytes, at most {MAX_OBJECT_NAME_BYTES} fit")
    return name


def quote_name(name: str) -> str:
    """The name percent-encoded as one segment of a path; `/` too."""
    if _ONLY_SLASHES_TO_QUOTE.fullmatch(name):
        return name.replace("/", "%2F")
    return quote(name, safe="")


def quote_object(name: str) -> str:
    """The name of an object, checked and percent-encoded as one segment of a path.

    Raises:
        InvalidName: The service cannot hold it.
    """
    if isinstance(name, str) and _PLAIN_OBJECT.fullmatch(name):
        return name.replace("/", "%2F")
    return quote_name(check_object(name))


def gs_name(bucket: str, name: str | None = None) -> str:
    """What an error calls it: `gs://bucket/name`."""
    return f"gs://{bucket}" if name is None else f"gs://{bucket}/{name}"
