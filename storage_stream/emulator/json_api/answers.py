"""Answers of the JSON API."""

import json
from typing import Any

from aiohttp import web

from storage_stream.emulator.problems import ApiError
from storage_stream.emulator.store.records import Json
from storage_stream.emulator.wire.fields import select_fields
from storage_stream.emulator.wire.query import Query

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_indented = json.JSONEncoder(ensure_ascii=False, indent=2).encode


def json_answer(query: Query, content: Json, *, etag: str | None = None) -> web.Response:
    """Return `content` as the request's `fields` and `prettyPrint` want it."""
    _refuse_other_alt(query)
    selected: Any = select_fields(query.text("fields"), content)
    encode = _indented if query.text("prettyPrint") == "true" else _compact
    return web.Response(
        body=encode(selected).encode(),
        headers={
            "Content-Type": "application/json; charset=UTF-8",
            "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
        }
        | ({} if etag is None else {"ETag": etag}),
    )


def no_content() -> web.Response:
    """Return 204."""
    return web.Response(status=204)


def _refuse_other_alt(query: Query) -> None:
    alt = query.text("alt")
    if alt not in {None, "", "json"}:
        raise ApiError(400, "invalidParameter", f"Invalid value for alt: '{alt}'", location="alt")
