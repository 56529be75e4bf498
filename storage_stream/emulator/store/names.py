"""Names of buckets and objects: which are legal, and their bytes on the wire.

Names are decoded from the raw path here, because a framework's idea of a decoded path merges an
encoded slash with a real one.

https://cloud.google.com/storage/docs/objects#naming
https://cloud.google.com/storage/docs/buckets#naming
"""

import re
from urllib.parse import unquote_to_bytes

from storage_stream.emulator.problems import ApiError

MAX_OBJECT_NAME_BYTES = 1024
MAX_BUCKET_NAME_LENGTH = 222
MAX_BUCKET_COMPONENT_LENGTH = 63
MIN_BUCKET_NAME_LENGTH = 3

_BUCKET = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_path_part(raw: str) -> str:
    """Return the text of one percent-encoded part of a path.

    Raises:
        ApiError: 400, its bytes are not UTF-8.
    """
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "invalid", f"The path is not UTF-8: {error.reason}.") from error


def check_object_name(name: str) -> str:
    """Return `name` if an object can have it.

    Raises:
        ApiError: 400 with the rule that it breaks.
    """
    if not name:
        raise ApiError(400, "required", "Required parameter: name", location="name")
    fault = _object_name_fault(name)
    if fault is not None:
        raise ApiError(400, "invalid", f"Invalid object name: {fault}.", location="name")
    return name


def check_bucket_name(name: str) -> str:
    """Return `name` if a bucket can have it.

    Raises:
        ApiError: 400.
    """
    components = name.split(".")
    legal = (
        MIN_BUCKET_NAME_LENGTH <= len(name) <= MAX_BUCKET_NAME_LENGTH
        and _BUCKET.fullmatch(name)
        and all(0 < len(part) <= MAX_BUCKET_COMPONENT_LENGTH for part in components)
        and not _IP_ADDRESS.fullmatch(name)
        and not name.startswith("goog")
    )
    if not legal:
        raise ApiError(400, "invalid", f"Invalid bucket name: '{name}'", location="name")
    return name


def _object_name_fault(name: str) -> str | None:
    if _SURROGATE.search(name):
        return "it holds a surrogate code point"
    if len(name.encode()) > MAX_OBJECT_NAME_BYTES:
        return f"it is longer than {MAX_OBJECT_NAME_BYTES} bytes of UTF-8"
    if "\r" in name or "\n" in name:
        return "it holds a line break"
    if name in {".", ".."}:
        return f"it is '{name}'"
    if name.startswith(".well-known/acme-challenge/"):
        return "it starts with .well-known/acme-challenge/"
    return None
