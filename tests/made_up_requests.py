"""Requests that are made up from an app's OpenAPI, asked without a network, and judged by it.

They are made in a thread, since hypothesis knows no loop; the app lives in the test's, where its
bucket is.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]


def examined(
    strategy: st.SearchStrategy[Any], ask: Callable[[Any], None], examples: int
) -> Callable[[], None]:
    """Ask so many, the same in every run."""

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def examine(case: Any) -> None:
        ask(case)

    return examine


def asker(
    client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop, statuses: set[int]
) -> Callable[..., None]:
    """What asks, in any thread: a case, with headers that its schema does not name."""

    def ask(case: Any, headers: dict[str, str] | None = None) -> None:
        wire = case.as_transport_kwargs(base_url="http://here")
        wire["headers"] = {**wire["headers"], **(headers or {})}
        asked = asyncio.run_coroutine_threadsafe(_sent(client, wire), loop)
        answer = asked.result(30)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    return ask


async def _sent(client: httpx.AsyncClient, wire: dict[str, Any]) -> httpx.Response:
    """What `requests` would send, by httpx; what neither can send is left out."""
    data = wire.pop("data", None)
    wire["content"] = data.encode() if isinstance(data, str) else data
    wire["cookies"] = None
    return await client.request(**wire)
