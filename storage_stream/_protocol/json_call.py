"""A call whose body is JSON, as most are that change something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from storage_stream._protocol.arguments import check_mapping
from storage_stream._protocol.buckets import JSON_HEADERS
from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.replies import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from storage_stream._protocol.http import Reply

__all__ = ["json_call"]


def json_call(
    name: str,
    method: str,
    path: str,
    subject: str,
    content: Mapping[str, Any],
    *,
    query: tuple[tuple[str, str], ...] = (),
    idempotence: Idempotence = Idempotence.ALWAYS,
    parse: Callable[[Reply], Any] = parse_json,
) -> Operation[Any]:
    """An operation that sends `content` and, unless told otherwise, gets JSON.

    Raises:
        TypeError: The content is no mapping.
    """
    body = json.dumps(dict(check_mapping("the resource", content))).encode()
    return Operation(name, method, path, parse, subject, query, JSON_HEADERS, body, idempotence)
