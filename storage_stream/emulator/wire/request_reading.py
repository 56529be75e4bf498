"""What every handler reads of a request in the same way: names in the path, JSON, conditions.

It refuses to know what the handlers do.
"""

import json
from typing import Any

from aiohttp import web

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.settings import Settings
from storage_stream.emulator.store.names import check_object_name, decode_path_part
from storage_stream.emulator.store.preconditions import Preconditions
from storage_stream.emulator.store.records import BucketRecord, Json
from storage_stream.emulator.wire.body_streams import read_whole
from storage_stream.emulator.wire.query import CONDITIONS, SOURCE_CONDITIONS, Query
from storage_stream.emulator.wire.resources import Resources

JSON_LIMIT_BYTES = 4 * 1024 * 1024
"""Far above the largest legal document, far below what would hurt."""

_PROJECTIONS = ("full", "noAcl")


def path_names(request: web.Request) -> list[str]:
    """Return the names after `/b/` in a JSON API path, in order.

    `/storage/v1/b/B/o/O/copyTo/b/D/o/P` gives B, O, D and P: each byte-exact.
    """
    parts = request.rel_url.raw_path.split("/")
    first = parts.index("b")
    return [
        decode_path_part(parts[at + 1])
        for at in _name_positions(parts, first)
        if at + 1 < len(parts)
    ]


def _name_positions(parts: list[str], first: int) -> list[int]:
    # b B [o O [verb [b D] o P]]: markers stand at fixed distances, so that an object that is
    # itself called "b" or "o" is not taken for one.
    positions = [first, first + 2]
    rest = parts[first + 5 :]
    if rest[:1] == ["b"]:
        positions += [first + 5, first + 7]
    elif rest[:1] == ["o"]:
        positions.append(first + 5)
    return positions


def bucket_name(request: web.Request) -> str:
    """Return the bucket in the path."""
    return path_names(request)[0]


def object_names(request: web.Request) -> tuple[str, str]:
    """Return bucket and object in the path.

    Raises:
        ApiError: 400, no object can have that name.
    """
    bucket, name = path_names(request)[:2]
    return bucket, check_object_name(name)


async def read_json(request: web.Request) -> Json:
    """Return the JSON object in the body; an empty body is an empty object.

    Raises:
        ApiError: 400, it is not a JSON object.
    """
    return parse_json(await read_whole(request, limit_bytes=JSON_LIMIT_BYTES))


def parse_json(body: bytes) -> Json:
    """Return the JSON object in `body`; nothing is an empty object.

    Raises:
        ApiError: 400.
    """
    if not body.strip():
        return {}
    try:
        content: Any = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(content, ensure_ascii=False).encode()  # "\\ud800" is no text
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "parseError", f"Parse Error: {error}") from error
    if not isinstance(content, dict):
        raise ApiError(400, "parseError", "Parse Error: the body is not a JSON object.")
    return content  # pyright: ignore[reportUnknownVariableType] - JSON


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python reads NaN and Infinity


def conditions(query: Query) -> Preconditions:
    """Return the preconditions on the object or bucket that the request names."""
    return Preconditions.parse(query.subset(CONDITIONS))


def source_conditions(query: Query) -> Preconditions:
    """Return the preconditions on the source of a copy."""
    return Preconditions.parse(query.subset(SOURCE_CONDITIONS), prefix="ifSource")


def require_payer(request: web.Request, query: Query, bucket: BucketRecord) -> None:
    """Return if the bucket's owner pays, or the request names who does.

    Raises:
        ApiError: 400; https://cloud.google.com/storage/docs/requester-pays
    """
    if not bucket.requester_pays:
        return
    if query.text("userProject") or request.headers.get("x-goog-user-project"):
        return
    message = "Bucket is a requester pays bucket but no user project provided."
    raise ApiError(400, "required", message, location="userProject")


def resources(
    request: web.Request, query: Query, settings: Settings, *, default: str = "noAcl"
) -> Resources:
    """Return the maker of resources with the request's own authority and projection."""
    projection = query.choice("projection", _PROJECTIONS) or default
    base_url = f"{request.scheme}://{request.host}"
    return Resources(base_url, settings.project_number, full=projection == "full")
